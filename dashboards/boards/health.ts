// Stack health: do the events arrive, can the numbers be trusted, and do the servers keep up?

import type { Board } from '../board.ts';
import { groupBarsTile } from '../panels/bars.ts';
import { serverTile, stateTile } from '../panels/server.ts';
import { statTile } from '../panels/stat.ts';
import { groupTableTile } from '../panels/table.ts';
import { timeSeriesTile } from '../panels/time-series.ts';

const TOP = { height: 4 } as const;
/** The board has no variables for users and agents: it is about what arrives, whoever sent it. */
const SERVICE = { within: 'service' } as const;
const GRAPH = { width: 8, height: 8 } as const;

export const HEALTH_BOARD: Board = {
  name: 'health',
  title: 'Stack health',
  question: 'Do the events arrive, can the numbers be trusted, and do the servers keep up?',
  variables: ['service', 'model', 'prometheus'],
  from: 'now-24h',
  rows: [
    {
      tiles: [
        statTile(
          { signal: 'telemetry_loss_rate', ...SERVICE },
          { title: 'Events lost on the way', width: 4, ...TOP },
        ),
        statTile({ signal: 'lost_events', ...SERVICE }, { width: 4, ...TOP }),
        statTile({ signal: 'run_loss_rate', ...SERVICE }, { title: 'Abandoned runs', width: 4, ...TOP }),
        statTile({ signal: 'duplicate_calls', ...SERVICE }, { width: 4, ...TOP }),
        statTile({ signal: 'unpriced_calls', ...SERVICE }, { width: 4, ...TOP }),
        statTile({ signal: 'price_table_age', ...SERVICE }, { width: 4, ...TOP }),
      ],
    },
    {
      tiles: [
        timeSeriesTile([{ signal: 'model_calls', ...SERVICE, by: ['service'] }], {
          key: 'arriving',
          title: 'Model calls that arrive, by service',
          style: 'bars',
          width: 12,
          height: 8,
        }),
        groupTableTile({
          key: 'by-service',
          title: 'Every service',
          by: ['service'],
          measures: [
            { signal: 'run_count', ...SERVICE, name: 'Runs' },
            { signal: 'model_calls', ...SERVICE, name: 'Model calls' },
            { signal: 'lost_events', ...SERVICE, name: 'Lost events' },
            { signal: 'run_loss_rate', ...SERVICE, name: 'Abandoned' },
            { signal: 'price_table_age', ...SERVICE, name: 'Price age' },
          ],
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        groupBarsTile(
          { signal: 'unpriced_calls', ...SERVICE, by: ['model'] },
          { key: 'unpriced-by-model', title: 'Unpriced calls by model', width: 12, height: 7 },
        ),
        groupBarsTile(
          { signal: 'lost_events', ...SERVICE, by: ['service'] },
          { key: 'lost-by-service', title: 'Lost events by service', width: 12, height: 7 },
        ),
      ],
    },
    {
      title: 'The bill (rows of it come from the server that has ANTHROPIC_ADMIN_KEY)',
      tiles: [
        statTile({ signal: 'billing_coverage' }, { width: 6, ...TOP }),
        statTile({ signal: 'billing_drift' }, { width: 6, ...TOP }),
        groupBarsTile(
          { signal: 'billing_coverage', by: ['model'] },
          { key: 'billing-by-model', title: 'Bill covered by calls, by model', width: 12, height: 7 },
        ),
      ],
    },
    {
      title:
        'The servers (needs docker-compose.metrics.yml, or a Prometheus of your own that reads their /metrics)',
      isCollapsed: true,
      tiles: [
        stateTile(
          {
            key: 'servers-up',
            title: 'Does every server answer?',
            description:
              'One bar for each server: green while it answers, red while it does not.\n\n**A bad value:** red. Without the Collector nothing arrives, and what the senders keep is sent later; without Loki no number is new.\n\n**What to do:** docker compose ps, then the log of that server.',
          },
          { width: 12, height: 7 },
          { 1: ['answers', 'green'], 0: ['down', 'red'] },
          { server: 'prometheus', metrics: ['up'], expr: 'min by (job) (up)', legend: '{{job}}' },
        ),
        serverTile(
          {
            key: 'servers-memory',
            title: 'How much memory does each server use?',
            description:
              'Resident memory of each server.\n\n**A bad value:** a line that comes near the limit of its container: the server is killed there and starts again. At its own limit the Collector refuses data, which its senders keep.\n\n**What to do:** raise mem_limit and GOMEMLIMIT of that service together, or send less.',
          },
          { width: 12, height: 7 },
          'bytes',
          [
            {
              server: 'prometheus',
              metrics: ['process_resident_memory_bytes', 'otelcol_process_memory_rss'],
              expr: 'max by (job) (process_resident_memory_bytes or otelcol_process_memory_rss)',
              legend: '{{job}}',
            },
          ],
        ),
      ],
    },
    {
      title: 'Collector and Loki',
      isCollapsed: true,
      tiles: [
        serverTile(
          {
            key: 'collector-queue',
            title: 'How full are the Collector’s queues?',
            description:
              'Share of each exporter’s queue on disk that is in use.\n\n**A bad value:** a queue that grows does not get rid of its data: its backend is down or too slow. At 100 % the Collector refuses new data, and its senders keep it.\n\n**What to do:** look at the backend’s own log; the queue empties by itself when the backend is back.',
          },
          GRAPH,
          'percentunit',
          [
            {
              server: 'collector',
              metrics: ['otelcol_exporter_queue_size', 'otelcol_exporter_queue_capacity'],
              expr: 'sum by (exporter, data_type) (otelcol_exporter_queue_size) / sum by (exporter, data_type) (otelcol_exporter_queue_capacity)',
              legend: '{{exporter}} · {{data_type}}',
            },
          ],
        ),
        serverTile(
          {
            key: 'collector-refused',
            title: 'What does the Collector refuse or drop?',
            description:
              'Records per second that the Collector refused, could not put into a queue, or gave up on.\n\n**A bad value:** anything above 0. Refused data stays with its sender and comes again; what failed to be queued or sent for good is lost.\n\n**What to do:** see the queues beside this, and the Collector’s log for the reason.',
          },
          GRAPH,
          'suffix: /s',
          [
            refusals('otelcol_receiver_refused_log_records', 'events refused'),
            refusals('otelcol_receiver_refused_spans', 'spans refused'),
            refusals('otelcol_receiver_failed_log_records', 'events failed within'),
            refusals('otelcol_receiver_failed_spans', 'spans failed within'),
            refusals('otelcol_exporter_enqueue_failed_log_records', 'events not queued'),
            refusals('otelcol_exporter_enqueue_failed_spans', 'spans not queued'),
            refusals('otelcol_exporter_send_failed_log_records', 'events not sent'),
            refusals('otelcol_exporter_send_failed_spans', 'spans not sent'),
          ],
        ),
        serverTile(
          {
            key: 'loki-ingestion',
            title: 'Does Loki take what it is sent?',
            description:
              'Lines per second that Loki took and discarded.\n\n**A bad value:** discarded lines: too old, too large, or above a rate limit. They are missing from every number.\n\n**What to do:** the reason stands in the legend; raise that limit in Loki’s configuration.',
          },
          GRAPH,
          'suffix: /s',
          [
            {
              server: 'loki',
              metrics: ['loki_distributor_lines_received_total'],
              expr: 'sum(rate(loki_distributor_lines_received_total[$__rate_interval]))',
              legend: 'taken',
            },
            {
              server: 'loki',
              metrics: ['loki_discarded_samples_total'],
              expr: 'sum by (reason) (rate(loki_discarded_samples_total[$__rate_interval]))',
              legend: 'discarded: {{reason}}',
            },
          ],
        ),
      ],
    },
    {
      title: 'Tempo',
      isCollapsed: true,
      tiles: [
        serverTile(
          {
            key: 'tempo-ingestion',
            title: 'Does Tempo take what it is sent?',
            description:
              'Spans per second that Tempo took and discarded, and attributes that it cut.\n\n**A bad value:** discarded spans (mostly trace_too_large): the root of a long run is the first to be missing. No number on these boards is made of spans.\n\n**What to do:** raise max_bytes_per_trace or max_attribute_bytes.',
          },
          { width: 24, height: 8 },
          'suffix: /s',
          [
            {
              server: 'tempo',
              metrics: ['tempo_distributor_spans_received_total'],
              expr: 'sum(rate(tempo_distributor_spans_received_total[$__rate_interval]))',
              legend: 'taken',
            },
            {
              server: 'tempo',
              metrics: ['tempo_discarded_spans_total'],
              expr: 'sum by (reason) (rate(tempo_discarded_spans_total[$__rate_interval]))',
              legend: 'discarded: {{reason}}',
            },
            {
              server: 'tempo',
              metrics: ['tempo_distributor_attributes_truncated_total'],
              expr: 'sum(rate(tempo_distributor_attributes_truncated_total[$__rate_interval]))',
              legend: 'attributes cut',
            },
          ],
        ),
      ],
    },
  ],
};

function refusals(metric: string, legend: string) {
  return {
    server: 'collector',
    metrics: [metric],
    expr: `sum(rate(${metric}[$__rate_interval]))`,
    legend,
  } as const;
}
