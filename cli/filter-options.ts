// Options that say which runs or calls a command is about: an option of a name may stand several times and means any of its
// values, `--not` excludes, and `--filter` takes the line that the pages take.

import { Option, type Command } from 'commander';
import { readRunLine, type FilterPair } from '../server/questions/filter-text.ts';
import { EXCLUDES } from '../server/questions/query-params.ts';
import { RequestError } from '../server/questions/request-error.ts';
import { usageError } from './terminal/cli-error.ts';

export interface FilterOptions {
  readonly filter?: readonly string[];
  readonly not?: readonly string[];
}

/** Every value that it is given. */
export function repeatedOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}

/** Adds `--not` and `--filter`. */
export function withFilterOptions(command: Command): Command {
  return command
    .addOption(repeatedOption('--not <filter>', 'without what has this: user:ana'))
    .addOption(
      repeatedOption(
        '--filter <line>',
        'filters as on the page: "user:ana user:ben -model:claude-haiku-4-5"',
      ),
    );
}

/**
 * What `--filter` and `--not` ask for, as an address has it; `names` are those that the command knows. Throws a usage error on
 * others, and on what cannot be understood.
 */
export function filterPairsOf(
  { filter = [], not = [] }: FilterOptions,
  names: readonly string[],
): readonly FilterPair[] {
  const pairs = [
    ...filter.flatMap((line) => pairsOf('--filter', line)),
    ...not.flatMap((line) => pairsOf('--not', line).map(([name, value]) => complementOf(name, value))),
  ];
  for (const [name] of pairs)
    if (!names.includes(name.replace(EXCLUDES, '')))
      throw usageError(`${name.replace(EXCLUDES, '')} does not filter here: there are ${names.join(', ')}`);
  return pairs;
}

function pairsOf(option: string, line: string): readonly FilterPair[] {
  try {
    return readRunLine(line);
  } catch (error) {
    throw error instanceof RequestError ? usageError(`${option}: ${error.message}`) : error;
  }
}

function complementOf(name: string, value: string): FilterPair {
  if (name.startsWith(EXCLUDES))
    throw usageError(`--not ${name.slice(1)}:${value} is enough: it excludes by itself`);
  return [EXCLUDES + name, value];
}
