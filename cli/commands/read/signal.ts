// `tallyspan signal`: one number of the catalogue, whole or by a dimension.

import type { Command } from 'commander';
import { DIMENSIONS, type Dimension } from '../../../core/schema.ts';
import type { SignalGroup, SignalResult } from '../../../signals/result.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { parseRequest } from '../../../signals/request.ts';
import { SignalError } from '../../../signals/signal.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatSignalValue } from '../../terminal/signal-format.ts';
import { zoneOf } from '../../terminal/moment.ts';
import {
  stretchOf,
  whereOf,
  withNarrowingOptions,
  withTimeOptions,
  type NarrowingOptions,
  type TimeOptions,
} from '../../time-options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface SignalOptions extends SourceCliOptions, TimeOptions, NarrowingOptions {
  readonly window?: readonly string[];
  readonly by?: string;
}

export function registerSignal(program: Command, io: CliIo): void {
  withSourceOptions(
    withNarrowingOptions(
      withTimeOptions(
        program
          .command('signal')
          .description('one number of the catalogue')
          .argument('[id]', 'which signal; `tallyspan signals` lists them')
          .option('--window <window...>', '24h, 7d, …; day; or range FROM TO')
          .option('--by <dimension>', `split by ${DIMENSIONS.join(', ')}`),
      ),
    ),
  ).action(async (idArgument: string | undefined, options: SignalOptions) => {
    const { id, question } = readQuestion(idArgument, options, io.now());
    if (options.window !== undefined && (options.from !== undefined || options.to !== undefined))
      throw usageError('--window and --from both name a time: give one of them');
    const result = await withSource(options, io, async (source) => {
      const isNamed = options.from !== undefined || options.to !== undefined;
      const stretch = stretchOf(options, io.now(), isNamed ? await zoneOf(source) : 'UTC');
      const time = stretch === undefined ? {} : { from: stretch.from, to: stretch.to };
      const where = whereOf(options);
      return source.signal(id, { ...question, ...time, ...(where === undefined ? {} : { where }) });
    });
    writeAnswer(result, options, io, (safe) => renderSignal(safe, io.stdout));
  });
}

/** The answer in words: the number, what it is and over what; a row for each group. */
export function renderSignal(result: SignalResult, output: CliOutput): string {
  const { title } = signalOf(result.id);
  const over = `${result.window.from} – ${result.window.to}`;
  if ('value' in result) return `${title}: ${formatSignalValue(result.value, result.unit)}  (${over})\n`;
  if (result.groups.length === 0) return `${title}: no data  (${over})\n`;
  const dimensions = Object.keys(result.groups[0]?.by ?? {}) as Dimension[];
  const columns: TextColumn<SignalGroup>[] = dimensions.map((dimension) => ({
    title: dimension.toUpperCase(),
    shrinks: true,
    value: ({ by }) => by[dimension] ?? '(none)',
  }));
  columns.push({
    title: title.toUpperCase(),
    align: 'right',
    value: ({ value }) => formatSignalValue(value, result.unit),
  });
  return `${renderTable(result.groups, columns, output)}${over}\n`;
}

interface Question {
  readonly id: string;
  readonly question: {
    readonly window?: string;
    readonly from?: number;
    readonly to?: number;
    readonly by?: Dimension;
  };
}

function readQuestion(idArgument: string | undefined, options: SignalOptions, now: number): Question {
  // `--window` takes one word or three, so it may have taken the id as well.
  const words = [...(options.window ?? [])];
  const window = words.shift();
  const [from, to] = window === 'range' ? words.splice(0, 2) : [];
  const id = idArgument ?? words.shift();
  if (id === undefined) throw usageError('name a signal; `tallyspan signals` lists them');
  if (words.length > 0) throw usageError(`${words.join(' ')}: not understood after --window`);
  if (window === 'range' && to === undefined) throw usageError('--window range takes two times: FROM TO');
  try {
    const text = window === 'range' ? { from, to } : { window };
    const { request } = parseRequest({ id, by: options.by, ...text }, now, 'UTC');
    const by = options.by === undefined ? {} : { by: options.by as Dimension };
    if (window === 'range') return { id, question: { ...by, from: request.from, to: request.to } };
    return { id, question: window === undefined ? by : { ...by, window } };
  } catch (error) {
    throw error instanceof SignalError ? usageError(error.message) : error;
  }
}
