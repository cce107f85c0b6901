// Options that say which time a command is about, as the pages' time picker does, and which of the events it counts.

import { Option, type Command } from 'commander';
import type { Dimension } from '../core/schema.ts';
import type { Where } from '../server/queries/read-events.ts';
import { parseNamedStretch, type Stretch } from '../server/questions/stretch.ts';
import { filterParams } from '../server/questions/filter-text.ts';
import { whereParam } from '../server/questions/query-params.ts';
import { filterPairsOf, repeatedOption, withFilterOptions, type FilterOptions } from './filter-options.ts';
import { RequestError } from '../server/questions/request-error.ts';
import { usageError } from './terminal/cli-error.ts';

export interface TimeOptions {
  readonly from?: string;
  readonly to?: string;
}

/** Adds `--from` and `--to`. A command that also has `--since` takes either: one of two times would hold in silence. */
export function withTimeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--from <time>', 'today, yesterday, week, a date, a time, or how far back').conflicts(
        'since',
      ),
    )
    .addOption(
      new Option(
        '--to <time>',
        'end of that time (default: now, or the end of the day that --from names)',
      ).conflicts('since'),
    );
}

/** The time that the options name; undefined where neither is given. Throws a usage error on what cannot be understood. */
export function stretchOfOptions(
  { from, to }: TimeOptions,
  now: number,
  timezone: string,
): Stretch | undefined {
  try {
    return parseNamedStretch({ from, to }, { now, timezone, time: '24h' });
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

export type NarrowingOptions = FilterOptions &
  Readonly<
    Partial<Record<Exclude<(typeof NARROWINGS)[number][0], 'version'> | 'agentVersion', readonly string[]>>
  >;

/** Adds `--user`, `--agent` and the like, each as often as wanted, `--filter` and `--not`. */
export function withNarrowingOptions(command: Command): Command {
  for (const [, flags, description] of NARROWINGS) command.addOption(repeatedOption(flags, description));
  return withFilterOptions(command);
}

/** What the options narrow to; undefined where none is given. Throws a usage error on a filter that is none of these. */
export function whereOf(options: NarrowingOptions): Where | undefined {
  const names = NARROWINGS.map(([dimension]) => dimension);
  const given = NARROWINGS.flatMap(([dimension]) =>
    (options[dimension === 'version' ? 'agentVersion' : dimension] ?? []).map(
      (value) => [dimension, value] as const,
    ),
  );
  return whereParam(filterParams([...given, ...filterPairsOf(options, names)]), names);
}
