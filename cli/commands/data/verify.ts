// `tallyspan verify`: whether a Loki shows the same numbers as the embedded store.
// Both are asked every signal over the same window, whole and by each dimension. The window ends where a
// run without an end counts as lost, so that nothing in it can still change.

import type { Command } from 'commander';
import { formatCountOf } from '../../../core/text/format.ts';
import { MINUTE_MS } from '../../../core/time/time.ts';
import type { Source } from '../../../server/source.ts';
import { CATALOGUE, signalOf } from '../../../signals/catalogue/index.ts';
import { compareResults, type Difference } from '../../../signals/compare.ts';
import { shapeVector } from '../../../signals/from-loki.ts';
import { LOST_AFTER_MS, type Signal, type SignalRequest } from '../../../signals/signal.ts';
import { toLogql } from '../../../signals/to-logql.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import { formatWindow } from '../../terminal/moment.ts';
import type { CliIo } from '../../terminal/io.ts';
import { queryLoki } from '../../loki.ts';
import { durationOption, parseServerUrl } from '../../options.ts';
import { formatSignalValue } from '../../terminal/signal-format.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface VerifyOptions extends SourceCliOptions {
  readonly loki: string;
  readonly window: number;
}

export interface VerifyReport {
  readonly from: string;
  readonly to: string;
  /** Questions asked of both. */
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** The window ends this long before now; records may take two minutes from where they are made to where they are read. */
export const VERIFY_LAG_MS = LOST_AFTER_MS + 2 * MINUTE_MS;

export function registerVerify(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('verify')
      .description('compare every number of the store with a Loki that got the same events')
      .requiredOption('--loki <url>', 'address of the Loki', parseServerUrl)
      .addOption(durationOption('--window <time>', 'how much of the past to compare', '24h')),
  ).action(async (options: VerifyOptions) => {
    const report = await withSource(options, io, (source) =>
      verify(source, options.loki, io.now(), options.window),
    );
    writeAnswer(report, options, io, (safe) => renderReport(safe, io));
    if (report.differences.length > 0) {
      throw new CliError(
        `${differText(report.differences.length)}. Did both get all events? Compare lost_events and duplicate_calls first.`,
      );
    }
  });
}

/** Asks both back ends every signal; `lengthMs` is the length of the window. */
export async function verify(
  source: Source,
  lokiUrl: string,
  now: number,
  lengthMs: number,
): Promise<VerifyReport> {
  const { timezone = 'UTC' } = (await source.meta()) as { timezone?: string };
  const to = now - VERIFY_LAG_MS;
  const from = to - lengthMs;
  let compared = 0;
  const differences: Difference[] = [];
  for (const signal of CATALOGUE) {
    for (const by of [undefined, ...signal.dimensions]) {
      const question = { from, to, ...(by === undefined ? {} : { by }) };
      const expected = await source.signal(signal.id, question);
      const actual = await askLoki(lokiUrl, signal, { from, to, by, timezone, now });
      differences.push(...compareResults(signal, expected, actual));
      compared += 1;
    }
  }
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), compared, differences };
}

async function askLoki(
  url: string,
  signal: Signal,
  request: SignalRequest,
): Promise<ReturnType<typeof shapeVector>> {
  const { from, to, now, by, timezone } = request;
  const query = toLogql(signal, { context: { kind: 'at', from, to, now }, by, timezone });
  if ('reason' in query) throw new CliError(`Loki cannot tell ${signal.id}: ${query.reason}`);
  return shapeVector(signal, request, await queryLoki(url, query.logql, to));
}

function renderReport(report: VerifyReport, io: CliIo): string {
  const head = `${formatCountOf(report.compared, 'question')} over ${formatWindow(report, { nowMs: io.now(), timezone: 'UTC' })}: `;
  if (report.differences.length === 0) return `${head}all numbers agree\n`;
  const columns: TextColumn<Difference>[] = [
    { title: 'SIGNAL', value: ({ id }) => id },
    { title: 'GROUP', shrinks: true, value: ({ by }) => groupText(by) },
    {
      title: 'STORE',
      align: 'right',
      value: ({ id, expected }) => formatSignalValue(expected, signalOf(id).unit),
    },
    {
      title: 'LOKI',
      align: 'right',
      value: ({ id, actual }) => formatSignalValue(actual, signalOf(id).unit),
    },
  ];
  return `${head}${differText(report.differences.length)}\n${renderTable(report.differences, columns, io.stdout)}`;
}

function differText(count: number): string {
  return `${formatCountOf(count, 'number')} ${count === 1 ? 'differs' : 'differ'}`;
}

function groupText(by: Difference['by']): string {
  return Object.entries(by ?? {})
    .map(([dimension, value]) => `${dimension}=${value ?? '(none)'}`)
    .join(' ');
}
