// The server about itself, as Prometheus text: what came in, what was stored, what was not.

import type { ForwardCounters } from '../forward/forwarder.ts';
import type { IntakeCounters } from '../intake/intake.ts';
import { residentBytes } from '../process/memory.ts';
import type { StoreCounters } from '../store/write/event-store.ts';

const HELP: Readonly<Record<string, string>> = {
  requests: 'OTLP requests received',
  requestsRefused: 'OTLP requests answered with an error',
  recordsOther: 'Log records that are no events of ours',
  recordsRefused: 'Log records refused as malformed events',
  spansRefused: 'Spans refused for want of an id',
  dataPointsRefused: 'Metric data points refused',
  eventsStored: 'Events committed',
  eventsDuplicate: 'Events received that were stored before',
  spansStored: 'Spans committed',
  spansDuplicate: 'Spans received that were stored before',
  commits: 'Commits',
  commitsFailed: 'Commits that failed',
  eventsForwarded: 'Events handed on to the address of --forward',
  eventsForwardRefused: 'Events that it refused for good',
  eventsForwardTooOld: 'Events that became too old before it took them',
};

export function renderMetrics(counters: IntakeCounters & StoreCounters & Partial<ForwardCounters>): string {
  const lines = Object.entries(counters).flatMap(([key, value]) => {
    const name = `tallyspan_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
    return [`# HELP ${name} ${HELP[key] ?? key}`, `# TYPE ${name} counter`, `${name} ${value}`];
  });
  const bytes = residentBytes();
  if (bytes !== undefined)
    lines.push(
      '# HELP process_resident_memory_bytes Resident memory of the server',
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${bytes}`,
    );
  return `${lines.join('\n')}\n`;
}
