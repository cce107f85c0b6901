// A sheet: the rows of a table as values, for who takes them elsewhere: CSV as spreadsheets read it, or JSON.

/** Null where there is no data, which is not 0. */
export type SheetValue = string | number | null;

export interface Sheet {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SheetValue[])[];
}

export type SheetFormat = 'csv' | 'json';

const SHEET_TYPES: Readonly<Record<SheetFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

export function isSheetFormat(text: string | undefined): text is SheetFormat {
  return text === 'csv' || text === 'json';
}

/** Headers and body of the answer; `name` is that of the file without its ending. */
export function sheetAnswer(
  sheet: Sheet,
  format: SheetFormat,
  name: string,
): { headers: Record<string, string>; body: string } {
  return {
    headers: {
      'content-type': SHEET_TYPES[format],
      'content-disposition': `attachment; filename="${name}.${format}"`,
    },
    body: format === 'csv' ? csvOf(sheet) : jsonOf(sheet),
  };
}

function csvOf({ columns, rows }: Sheet): string {
  return [columns, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

function jsonOf({ columns, rows }: Sheet): string {
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))),
  );
}

/** A text that a spreadsheet would run as a formula begins with an apostrophe. */
function csvCell(value: SheetValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
