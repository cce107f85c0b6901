// docs/attributes.md: every event and every field, from the schema.

import { columnOf } from '../../core/columns.ts';
import {
  COMMON_FIELDS,
  EVENTS,
  FIELD_KEYS,
  FIELDS,
  type EventDefinition,
  type EventName,
  type FieldDefinition,
  type FieldKey,
} from '../../core/schema.ts';

/** docs/attributes.md. */
export const attributesDoc = { path: 'docs/attributes.md', render: renderAttributesDoc };

const INTRODUCTION = `# Events and their fields

An event is one immutable record of a fact that finished (or began). It travels as an OTLP log record: the body is one line of JSON with every field, and the fields marked _attribute_ are attributes of the record as well, so that Loki keeps them as structured metadata and queries need not parse the line. The time of observation, the text of the severity and those marked _line of Loki_ the Collector leaves out of Loki's labels: they say again what other labels say, or name one record, which \`|= "ID"\` finds by its text. Fields marked _resource_ travel once for all records of a process. The column of DuckDB and the label of Loki is the key with underscores for dots.

A field that is not known is absent: it is never 0 and never an empty text.
`;

function renderAttributesDoc(): string {
  const names = Object.keys(EVENTS) as EventName[];
  return [
    INTRODUCTION,
    renderDimensions(),
    renderFields('Fields of every event', 'Each event has those of them that are known.', COMMON_FIELDS),
    ...names.map((name) => {
      const { doc, fields }: EventDefinition = EVENTS[name];
      return renderFields(name, doc, fields);
    }),
  ].join('\n');
}

function renderDimensions(): string {
  const rows = FIELD_KEYS.flatMap((key) => {
    const { dimension }: FieldDefinition = FIELDS[key];
    return dimension === undefined ? [] : [`- \`${dimension}\`: \`${key}\``];
  });
  return `## Dimensions\n\nThe names under which signals are grouped and filtered.\n\n${rows.join('\n')}\n`;
}

function renderFields(title: string, doc: string, keys: readonly FieldKey[]): string {
  const cells = keys.map((key) => [`\`${key}\``, typeText(key), kindText(key), FIELDS[key].doc]);
  const rows = table([['Field', 'Type', 'Kept as', 'What'], ...cells]);
  return `## ${title}\n\n${doc}\n\n${rows}\n`;
}

function typeText(key: FieldKey): string {
  const { type, unit }: FieldDefinition = FIELDS[key];
  return unit === undefined || unit === '1' ? type : `${type}, ${unit}`;
}

function kindText(key: FieldKey): string {
  const { attribute, inLineOnly, resource, sensitive, dimension }: FieldDefinition = FIELDS[key];
  const kinds = [
    ...(attribute ? ['attribute'] : []),
    ...(inLineOnly === undefined ? [] : ['line of Loki']),
    ...(resource ? ['resource'] : []),
    ...(sensitive ? ['content, off by default'] : []),
    ...(dimension === undefined ? [] : ['dimension']),
  ];
  const column = columnOf(key);
  return [...(column === key ? [] : [`\`${column}\``]), ...kinds].join(', ') || 'column';
}

/** A Markdown table whose columns are as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join(
    '\n',
  );
}
