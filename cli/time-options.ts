// Options that say which time a command is about, as the pages' time picker does, and which of the events it counts.

import type { Command } from 'commander';
import type { Dimension } from '../core/schema.ts';
import { parseStretch, type Stretch } from '../server/questions/stretch.ts';
import { RequestError } from '../server/questions/request-error.ts';
import { usageError } from './terminal/cli-error.ts';

export interface TimeOptions {
  readonly from?: string;
  readonly to?: string;
}

/** Adds `--from` and `--to`. */
export function withTimeOptions(command: Command): Command {
  return command
    .option('--from <time>', 'today, yesterday, week, a date, a time, or how far back')
    .option('--to <time>', 'end of that time (default: now, or the end of the day that --from names)');
}

/** The time that the options name; undefined where neither is given. Throws a usage error on what cannot be understood. */
export function stretchOfOptions(
  { from, to }: TimeOptions,
  now: number,
  timezone: string,
): Stretch | undefined {
  if (from === undefined && to === undefined) return undefined;
  const isWhole = to === undefined && from !== undefined;
  try {
    if (isWhole && /^\d{4}-\d\d-\d\d$/.test(from))
      return parseStretch({ from, to: from }, { now, timezone, time: '24h' });
    const isNamed = isWhole && !/^\d{4}-/.test(from);
    return parseStretch(isNamed ? { time: from } : { from, to }, { now, timezone, time: '24h' });
  } catch (error) {
    throw error instanceof RequestError ? usageError(error.message.replace('time is', '--from is')) : error;
  }
}

/** Dimensions that commands can be narrowed to, with the option of each. */
const NARROWINGS = [
  ['user', '--user <id>', 'only of this user'],
  ['agent', '--agent <name>', 'only of this agent'],
  ['version', '--agent-version <version>', 'only of this version of the agent'],
  ['model', '--model <id>', 'only of this model'],
  ['task', '--task <type>', 'only of this kind of task'],
  ['project', '--project <name>', 'only of this project'],
  ['session', '--session <id>', 'only of this session'],
] as const satisfies readonly (readonly [Dimension, string, string])[];

export type NarrowingOptions = Readonly<
  Partial<Record<Exclude<(typeof NARROWINGS)[number][0], 'version'> | 'agentVersion', string>>
>;

/** Adds `--user`, `--agent` and the like. */
export function withNarrowingOptions(command: Command): Command {
  for (const [, flags, description] of NARROWINGS) command.option(flags, description);
  return command;
}

/** What the options narrow to; undefined where none is given. */
export function whereOf(options: NarrowingOptions): Partial<Record<Dimension, string>> | undefined {
  const where = Object.fromEntries(
    NARROWINGS.flatMap(([dimension]) => {
      const value = options[dimension === 'version' ? 'agentVersion' : dimension];
      return value === undefined ? [] : [[dimension, value]];
    }),
  );
  return Object.keys(where).length === 0 ? undefined : where;
}
