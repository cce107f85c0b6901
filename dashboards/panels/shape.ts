// Shape: the transformations between the frames of Loki's answers and a table. Grafana makes one table of each
// instant query: `Time`, a column per label, and the value under the name of the query.

import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';

/** Column of the time in every table of a query. */
export const TIME_FIELD = 'Time';

/** The tables of several queries become one: what has the same labels becomes one row. */
export function mergeStep(): DataTransformerConfig {
  return { id: 'merge', options: {} };
}

/** Order of rows by a column. */
export function sortStep(field: string, order: 'ascending' | 'descending'): DataTransformerConfig {
  const sort = order === 'descending' ? { field, desc: true } : { field };
  return { id: 'sortBy', options: { fields: {}, sort: [sort] } };
}

/** Texts of labels become numbers; what is no number becomes nothing. */
export function numberStep(fields: readonly string[]): DataTransformerConfig {
  return {
    id: 'convertFieldType',
    options: {
      fields: {},
      conversions: fields.map((targetField) => ({ targetField, destinationType: 'number' })),
    },
  };
}

/** Order and names of columns, and what is left out. */
export function organizeStep(
  order: readonly string[],
  names: Readonly<Record<string, string>>,
  without: readonly string[],
): DataTransformerConfig {
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(without.map((name) => [name, true])),
      indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
      renameByName: names,
    },
  };
}
