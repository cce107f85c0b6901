// The choice of columns of a list: boxes behind a word; what is chosen stands in the address, and the files of the list
// have the same.

import type { VNode } from 'preact';
import { textParams, type QueryText } from '../../questions/query-params.ts';
import { RequestError } from '../../questions/request-error.ts';
import type { LinkParams } from './cells.tsx';

export interface ColumnPickerProps {
  readonly path: string;
  /** What else the page was asked for. */
  readonly params: LinkParams;
  /** Ids and names of all columns. */
  readonly columns: readonly (readonly [string, string])[];
  readonly shown: readonly string[];
}

export function ColumnPicker({ path, params, columns, shown }: ColumnPickerProps): VNode {
  return (
    <details class="columns">
      <summary>Columns</summary>
      <form class="filter" method="get" action={path}>
        {Object.entries(params).flatMap(([name, value]) =>
          name === 'columns' || value === undefined
            ? []
            : [value]
                .flat()
                .map((one) => (
                  <input key={`${name} ${String(one)}`} type="hidden" name={name} value={String(one)} />
                )),
        )}
        <fieldset class="choices">
          <legend>Shown, also in the files</legend>
          {columns.map(([id, title]) => (
            <label key={id} class="tick">
              <input type="checkbox" name="columns" value={id} checked={shown.includes(id)} /> {title}
            </label>
          ))}
        </fieldset>
        <button type="submit">Show these columns</button>
      </form>
    </details>
  );
}

/** The columns that an address names, in the order of the list; undefined where it names none. @throws RequestError */
export function columnsParam<Id extends string>(
  query: QueryText,
  known: readonly Id[],
): readonly Id[] | undefined {
  const names = textParams(query, 'columns')
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) return undefined;
  const wrong = names.find((name) => !known.some((id) => id === name));
  if (wrong !== undefined)
    throw new RequestError(400, `there is no column ${wrong}; there are ${known.join(', ')}`);
  return known.filter((id) => names.includes(id));
}

/** As an address holds them: nothing where all are shown. */
export function columnsText(
  chosen: readonly string[] | undefined,
  known: readonly string[],
): string | undefined {
  return chosen === undefined || chosen.length === known.length ? undefined : chosen.join(',');
}
