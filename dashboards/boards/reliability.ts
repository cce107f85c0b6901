// Latency and reliability: where does the time go, what fails, and is it us or the API?

import type { Board } from '../board.ts';
import { failedRunsTile, slowestRunsTile } from '../lists.ts';
import { groupBarsTile } from '../panels/bars.ts';
import { statTile } from '../panels/stat.ts';
import { groupTableTile } from '../panels/table.ts';
import { timeSeriesTile } from '../panels/time-series.ts';

const TOP = { height: 4 } as const;

export const RELIABILITY_BOARD: Board = {
  name: 'reliability',
  title: 'Latency and reliability',
  question: 'Where does the time go, what fails, and is it us or the API?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'version'],
  from: 'now-24h',
  rows: [
    {
      tiles: [
        statTile('run_success_rate', { width: 4, ...TOP }),
        statTile('run_loss_rate', { title: 'Abandoned runs', width: 4, ...TOP }),
        statTile(
          [
            { signal: 'run_latency_p50', name: 'p50' },
            { signal: 'run_latency_p95', name: 'p95' },
            { signal: 'run_latency_p99', name: 'p99' },
          ],
          { key: 'run-latency', title: 'Run latency', width: 8, ...TOP },
        ),
        statTile(
          [
            { signal: 'ttft_p50', name: 'p50' },
            { signal: 'ttft_p95', name: 'p95' },
          ],
          { key: 'ttft', title: 'Time to first chunk', width: 5, ...TOP },
        ),
        statTile('turns_per_run', { width: 3, ...TOP }),
      ],
    },
    {
      title: 'Latency',
      tiles: [
        timeSeriesTile(
          [
            { signal: 'run_latency_p99', name: 'p99' },
            { signal: 'run_latency_p95', name: 'p95' },
            { signal: 'run_latency_p50', name: 'p50' },
          ],
          { key: 'latency-over-time', title: 'Run latency over time', width: 12, height: 8 },
        ),
        timeSeriesTile([{ signal: 'ttft_p95', by: ['model'] }], {
          key: 'ttft-by-model',
          title: 'Time to first chunk, p95, by model',
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        groupTableTile({
          key: 'by-model',
          title: 'Time by model',
          by: ['model'],
          measures: [
            { signal: 'model_latency_p95', name: 'p95' },
            { signal: 'model_latency_p50', name: 'p50' },
            { signal: 'ttft_p95', name: 'First chunk p95' },
            { signal: 'generation_speed', name: 'Speed' },
          ],
          width: 10,
          height: 8,
        }),
        groupBarsTile(
          { signal: 'model_latency_p95', by: ['step'] },
          { key: 'latency-by-step', title: 'Model latency, p95, by step of the run', width: 7, height: 8 },
        ),
        groupBarsTile(
          { signal: 'tool_latency_p95', by: ['tool'] },
          { key: 'latency-by-tool', title: 'Tool latency, p95', width: 7, height: 8 },
        ),
      ],
    },
    { title: 'Slowest runs', isCollapsed: true, tiles: [slowestRunsTile({ width: 24, height: 14 })] },
    {
      title: 'Reliability',
      tiles: [
        timeSeriesTile(['run_success_rate'], {
          key: 'success-over-time',
          title: 'Success rate over time',
          width: 12,
          height: 8,
        }),
        timeSeriesTile([{ signal: 'api_error_rate', by: ['model'] }], {
          key: 'limits-over-time',
          title: '429 and 529 over time, by model',
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        groupBarsTile(
          { signal: 'model_error_rate', by: ['model'] },
          { key: 'errors-by-model', title: 'Failed model calls by model', width: 5, height: 8 },
        ),
        groupBarsTile(
          { signal: 'api_error_rate', by: ['model'] },
          { key: 'limits-by-model', title: '429 and 529 by model', width: 5, height: 8 },
        ),
        groupBarsTile(
          { signal: 'run_failures', by: ['status', 'error'] },
          { key: 'failures-by-type', title: 'Failed runs by type', width: 5, height: 8 },
        ),
        groupBarsTile(
          { signal: 'model_error_rate', by: ['error'] },
          {
            key: 'model-errors-by-type',
            title: 'Failed model calls by type',
            width: 5,
            height: 8,
          },
        ),
        groupBarsTile(
          { signal: 'run_loss_rate', by: ['service'] },
          { key: 'loss-by-service', title: 'Abandoned runs by service', width: 4, height: 8 },
        ),
      ],
    },
    {
      tiles: [
        statTile('api_error_rate', { width: 5, ...TOP }),
        statTile('cost_of_retries', { width: 5, ...TOP }),
        statTile('max_tokens_rate', { width: 5, ...TOP }),
        statTile('refusal_rate', { width: 4, ...TOP }),
        statTile('telemetry_loss_rate', { width: 5, ...TOP }),
      ],
    },
    { tiles: [failedRunsTile({ width: 24, height: 14 })] },
    {
      title: 'Scores',
      isCollapsed: true,
      tiles: [
        statTile('score_share', { width: 6, ...TOP }),
        statTile('score_mean', { width: 6, ...TOP }),
        statTile('scored_runs', { width: 6, ...TOP }),
        statTile('cost_per_good_run', { width: 6, ...TOP }),
      ],
    },
    {
      tiles: [
        groupTableTile({
          key: 'scores-by-version',
          title: 'Scores by name and version',
          by: ['score', 'version'],
          measures: [
            { signal: 'scored_runs', name: 'Scored runs' },
            { signal: 'score_share', name: 'Good' },
            { signal: 'score_mean', name: 'Mean' },
          ],
          width: 12,
          height: 8,
        }),
        groupBarsTile(
          { signal: 'score_label_share', by: ['label'] },
          { key: 'labels', title: 'Labels of scores', width: 6, height: 8 },
        ),
        statTile('judge_cost', { width: 3, height: 8 }),
        statTile('judge_calls', { width: 3, height: 8 }),
      ],
    },
  ],
};
