// What the tables of docs/scale.md are reckoned from: events of a run, their bytes on the way and in a real Loki behind a
// real Collector, both with the stack's configuration, measured on a generated history of agents with tools. Writes them into docs/scale.md.
// Run: node test/bench/loki/scale.ts [DAYS]

import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { generateHistory } from '../../../server/example/history/generate-history.ts';
import { withShares } from '../../fixtures/share-form.ts';
import { pushEvents } from '../../signals/backends.ts';
import { startLoki } from '../../stack/loki.ts';
import { waitUntil } from '../../stack/process.ts';
import { startCollector } from '../../stack/servers.ts';
import { writeOut } from '../../stack/written-out.ts';
import { encodeLogs } from '../encode-logs.ts';

const DAYS = Number(process.argv[2] ?? 20);
const PAGE = path.resolve(import.meta.dirname, '../../../docs/scale.md');
const EVENTS_PER_REQUEST = 500;
const DAY_SECONDS = 86_400;
/** The peak hour of most services holds three times its share. */
const PEAK = 3;
const KEPT_DAYS = 90;
const WAIT_LIMIT_MS = 300_000;

const events = withShares([...generateHistory({ days: DAYS, untilMs: Date.now(), seed: 1 })].flat());
const counts = new Map<string, number>();
for (const { 'event.name': name } of events) counts.set(name, (counts.get(name) ?? 0) + 1);
const countOf = (name: string): number => counts.get(name) ?? 0;
const runs = countOf('agent.run.started');

let sentBytes = 0;
for (let start = 0; start < events.length; start += EVENTS_PER_REQUEST)
  sentBytes += encodeLogs(events.slice(start, start + EVENTS_PER_REQUEST)).length;
const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
const callBytes =
  encodeLogs(calls.slice(0, EVENTS_PER_REQUEST)).length / Math.min(calls.length, EVENTS_PER_REQUEST);

const perEvent = {
  sent: sentBytes / events.length,
  stored: (await bytesInLoki()) / events.length,
};

async function bytesInLoki(): Promise<number> {
  const loki = await startLoki();
  const collector = await startCollector({
    // Days of history come within seconds, so a batch that overtakes another one would be hours early.
    configs: ['base.yaml', 'loki.yaml', 'yaml:exporters::otlp_http/loki::sending_queue::num_consumers: 1'],
    env: { LOKI_URL: loki.url },
  });
  try {
    await pushEvents(collector.httpUrl, events);
    let received = 0;
    await waitUntil(
      async () => {
        const metrics = await (await fetch(`${loki.url}/metrics`)).text();
        const lines = metrics.matchAll(/^loki_distributor_lines_received_total\{.*\} (\S+)$/gm);
        received = [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
        return received >= events.length;
      },
      { what: () => `Loki to receive ${events.length} events; it has ${received}`, timeoutMs: WAIT_LIMIT_MS },
    );
    await writeOut(loki, events);
    return bytesOf(path.join(loki.dir, 'chunks'));
  } finally {
    await collector.stop();
    await loki.stop();
  }
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Two digits that count. */
function rounded(number: number): string {
  return Number(number.toPrecision(2)).toLocaleString('en').replaceAll(',', ' ');
}

function sizeOf(bytes: number): string {
  const unit = Math.max(0, Math.floor(Math.log10(bytes) / 3));
  return `${rounded(bytes / 1000 ** unit)} ${UNITS[unit] ?? ''}`;
}

function numberOf(count: number): string {
  if (count >= 1e9) return `${rounded(count / 1e9)} billion`;
  if (count >= 1e6) return `${rounded(count / 1e6)} million`;
  return `${rounded(count / 1000)} thousand`;
}

function rowOf(exponent: string, perDay: number): string {
  const perSecond = perDay / DAY_SECONDS;
  return `| 10${exponent} | ${numberOf((perDay / events.length) * runs)} | ${numberOf((perDay / events.length) * calls.length)} | ${rounded(perSecond)} / ${rounded(perSecond * PEAK)} | ${sizeOf(perSecond * PEAK * perEvent.sent)}/s | ${sizeOf(perDay * perEvent.stored)} | ${sizeOf(perDay * perEvent.stored * KEPT_DAYS)} |`;
}

const perRun = (name: string): string => (countOf(name) / runs).toFixed(1);
const text = `An agent run of the generated history has ${(calls.length / runs).toFixed(1)} model calls and ${perRun('agent.tool_call')} tool calls, and makes ${(events.length / runs).toFixed(1)} events: its start and end, one for each call and tool call, and ${perRun('agent.tool_cost')} rows that sum up its cost by tool, which are ${Math.round((countOf('agent.tool_cost') / events.length) * 100)} % of all. A model call with every field and its shares is ${sizeOf(callBytes)} as OTLP in protobuf, the mean event ${sizeOf(perEvent.sent)}; Loki keeps ${sizeOf(perEvent.stored)} of it on disk (zstd), ${sizeOf((perEvent.stored * events.length) / calls.length)} for a model call with all that follows from it. All of this is _measured_ (\`node test/bench/loki/scale.ts\`, ${events.length.toLocaleString('en').replaceAll(',', ' ')} events). A second holds 1 ÷ 86 400 of a day; the peak hour of most services holds three times its share.

| Events a day | Runs a day | Model calls a day | Mean / peak a second | Into the Collector, peak | Disk a day | Disk in ${KEPT_DAYS} days |
| --- | --- | --- | --- | --- | --- | --- |
${rowOf('⁶', 1e6)}
${rowOf('⁸', 1e8)}
${rowOf('¹⁰', 1e10)}
`;
const page = readFileSync(PAGE, 'utf8');
const START = '<!-- Written by node test/bench/loki/scale.ts. -->';
const END = '<!-- To here. -->';
const [before, rest = ''] = page.split(START);
const [, after] = rest.split(END);
if (after === undefined) throw new Error(`${PAGE} has no place for the tables`);
const written = `${before ?? ''}${START}\n\n${text}\n${END}${after}`;
writeFileSync(PAGE, await format(written, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
process.stdout.write(text);
