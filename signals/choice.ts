// A choice narrows a dimension to some of its values: any of those that are asked for, and none of those that are
// excluded. What has no value has none of the excluded ones.

import type { Dimension } from '../core/schema.ts';
import { complementSql, isOneOfSql } from './sql-text.ts';

/** A text is the one value that is asked for. Empty lists ask for nothing and exclude nothing. */
export type Choice = string | { readonly any?: readonly string[]; readonly none?: readonly string[] };

export type Choices = Partial<Readonly<Record<Dimension, Choice | undefined>>>;

interface ListedChoice {
  readonly dimension: Dimension;
  readonly any: readonly string[];
  readonly none: readonly string[];
}

/** With both lists, and only the dimensions that are narrowed. */
export function listChoices(choices: Choices = {}): readonly ListedChoice[] {
  return (Object.entries(choices) as [Dimension, Choice | undefined][]).flatMap(([dimension, choice]) => {
    const { any = [], none = [] } = typeof choice === 'string' ? { any: [choice] } : (choice ?? {});
    return any.length + none.length === 0 ? [] : [{ dimension, any, none }];
  });
}

/** `value` is null where there is none. */
export function isOfChoice(value: string | null, { any, none }: ListedChoice): boolean {
  if (value === null) return any.length === 0;
  return (any.length === 0 || any.includes(value)) && !none.includes(value);
}

/** Conditions on what SQL calls the dimension; each value as `write` has it. */
export function choiceSql(
  sql: string,
  { dimension, any, none }: ListedChoice,
  write: (name: string, value: string) => string,
): string[] {
  const isOneOf = (values: readonly string[], name: string): string =>
    isOneOfSql(
      sql,
      values.map((value, index) =>
        write(`${name}_${dimension}${index === 0 ? '' : `_${String(index)}`}`, value),
      ),
    );
  return [
    ...(any.length === 0 ? [] : [isOneOf(any, 'where')]),
    ...(none.length === 0 ? [] : [complementSql(isOneOf(none, 'unless'))]),
  ];
}
