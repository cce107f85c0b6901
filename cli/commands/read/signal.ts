// `tallyspan signal`: one number of the catalogue, whole or by a dimension.

import { Option, type Command } from 'commander';
import { DIMENSIONS, type Dimension } from '../../../core/schema.ts';
import { formatCost, formatListValue } from '../../../core/text/format.ts';
import type { SignalGroup, SignalResult } from '../../../signals/result.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { parseRequest } from '../../../signals/request.ts';
import { SignalError } from '../../../signals/signal.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatSignalValue } from '../../terminal/signal-format.ts';
import { formatWindow, zoneOf, type TerminalClock } from '../../terminal/moment.ts';
import {
  stretchOfOptions,
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
  readonly breakdown?: string;
}

/** An answer with that of each group by a further dimension, where it was asked for. */
type SplitResult = SignalResult & { readonly breakdown?: readonly SignalGroup[] };

export function registerSignal(program: Command, io: CliIo): void {
  withSourceOptions(
    withNarrowingOptions(
      withTimeOptions(
        program
          .command('signal')
          .description('one number of the catalogue')
          .argument('[id]', 'which signal; `tallyspan signals` lists them')
          .option('--window <window...>', '24h, 7d, …; day; or range FROM TO')
          .option('--by <dimension>', `split by ${DIMENSIONS.join(', ')}`)
          .addOption(
            new Option('--breakdown [dimension]', 'with the parts of each group (default: by model)').preset(
              'model',
            ),
          ),
      ),
    ),
  ).action(async (idArgument: string | undefined, options: SignalOptions) => {
    const { id, question } = readQuestion(idArgument, options, io.now());
    if (options.window !== undefined && (options.from !== undefined || options.to !== undefined))
      throw usageError('--window and --from both name a time: give one of them');
    const where = whereOf(options);
    const { result, timezone } = await withSource(options, io, async (source) => {
      const isNamed = options.from !== undefined || options.to !== undefined;
      const zone = isNamed || options.json !== true ? await zoneOf(source) : 'UTC';
      const stretch = stretchOfOptions(options, io.now(), zone);
      const time = stretch === undefined ? {} : { from: stretch.from, to: stretch.to };
      const asked = { ...question, ...time, ...(where === undefined ? {} : { where }) };
      const whole: SplitResult = await source.signal(id, asked);
      const further = furtherOf(id, options);
      if (further === undefined) return { result: whole, timezone: zone };
      const by = options.by === undefined ? further : `${options.by},${further}`;
      const parts = await source.signal(id, { ...asked, by: by as Dimension });
      return { result: 'groups' in parts ? { ...whole, breakdown: parts.groups } : whole, timezone: zone };
    });
    writeAnswer(result, options, io, (safe) => renderSignal(safe, io.stdout, { nowMs: io.now(), timezone }));
  });
}

/** The dimension of `--breakdown`. */
function furtherOf(id: string, { by = '', breakdown }: SignalOptions): Dimension | undefined {
  if (breakdown === undefined) return undefined;
  const { dimensions } = signalOf(id);
  const known = dimensions.find((one) => one === breakdown);
  if (known === undefined)
    throw usageError(
      `${id} has no dimension ${breakdown} to break it down by; its dimensions: ${dimensions.join(', ') || 'none'}`,
    );
  if (by.split(',').includes(known)) throw usageError(`--breakdown ${known} is what --by splits by already`);
  return known;
}

/** The answer in words: the number, what it is and over what; a row for each group. */
export function renderSignal(result: SplitResult, output: CliOutput, clock: TerminalClock): string {
  const { title } = signalOf(result.id);
  const over = formatWindow(result.window, clock);
  const { breakdown = [] } = result;
  if ('value' in result) {
    const listValue = formatListValue(result.value, result.list_value_nano_usd);
    const named = listValue === undefined ? '' : `, ${listValue}`;
    const line = `${title}: ${formatSignalValue(result.value, result.unit)}${named}  (${over})\n`;
    return breakdown.length === 0 ? line : `${line}${renderGroups(result, breakdown, [], output)}`;
  }
  if (result.groups.length === 0) return `${title}: no data  (${over})\n`;
  return `${renderGroups(result, result.groups, breakdown, output)}${over}\n`;
}

const BAR_WIDTH = 16;

type Line = SignalGroup & { readonly isPart?: boolean };

/** A row for each group, and below it its parts, a little to the right. */
function renderGroups(
  { id, unit }: SignalResult,
  groups: readonly SignalGroup[],
  parts: readonly SignalGroup[],
  output: CliOutput,
): string {
  const dimensions = Object.keys(groups[0]?.by ?? {}) as Dimension[];
  const last = (Object.keys(parts[0]?.by ?? {}) as Dimension[]).at(-1);
  const isOf = (part: SignalGroup, group: SignalGroup): boolean =>
    dimensions.every((dimension) => (part.by[dimension] ?? null) === (group.by[dimension] ?? null));
  const lines: Line[] = groups.flatMap((group) => [
    group,
    ...parts.filter((part) => isOf(part, group)).map((part) => ({ ...part, isPart: true })),
  ]);
  const columns: TextColumn<Line>[] = dimensions.map((dimension, index) => ({
    title: dimension.toUpperCase(),
    shrinks: true,
    value: ({ by, isPart }) => {
      if (isPart !== true) return by[dimension] ?? '(none)';
      return index === 0 && last !== undefined ? `  ${by[last] ?? '(none)'}` : '';
    },
  }));
  columns.push({
    title: signalOf(id).title.toUpperCase(),
    align: 'right',
    value: ({ value }) => formatSignalValue(value, unit),
  });
  if (lines.some((line) => line.list_value_nano_usd !== undefined))
    columns.push({
      title: 'LIST VALUE',
      align: 'right',
      value: (line) => (line.list_value_nano_usd === undefined ? '' : formatCost(line.list_value_nano_usd)),
    });
  const most = Math.max(0, ...groups.map(({ value }) => value ?? 0));
  // For the eye only: where the output is read by a program it would be in the way.
  if (output.isTTY === true && most > 0)
    columns.push({
      title: '',
      optional: true,
      value: ({ value }) => '█'.repeat(Math.round((Math.max(0, value ?? 0) / most) * BAR_WIDTH)),
    });
  return renderTable(lines, columns, output);
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
