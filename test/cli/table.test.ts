import { describe, expect, it } from '@jest/globals';
import { renderTable, type Column } from '../../cli/table.ts';

interface Row {
  readonly name: string;
  readonly cost: string;
  readonly what: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'COST', align: 'right', value: (row) => row.cost },
  { title: 'WHAT', shrinks: true, value: (row) => row.what },
];
const ROWS: readonly Row[] = [
  { name: 'support', cost: '$3.92', what: 'search_docs ×19, results 8.1k tokens each' },
  { name: 'a', cost: '$271.40', what: '' },
];

describe('a table in the terminal', () => {
  it('aligns its columns and has no frame', () => {
    expect(renderTable(ROWS, COLUMNS, { write: () => true })).toBe(
      [
        'NAME        COST  WHAT',
        'support    $3.92  search_docs ×19, results 8.1k tokens each',
        'a        $271.40',
        '',
      ].join('\n'),
    );
  });

  it('has no colour codes unless it goes to a terminal', () => {
    expect(renderTable(ROWS, COLUMNS, { write: () => true })).not.toContain('\u001B');
    expect(renderTable(ROWS, COLUMNS, { write: () => true, isTTY: true, columns: 80 })).toContain('\u001B');
  });

  it('cuts the column that may shrink so that a line fits the terminal', () => {
    const text = renderTable(ROWS, COLUMNS, { write: () => true, isTTY: true, columns: 40 });
    // eslint-disable-next-line no-control-regex
    for (const line of text.replaceAll(/\u001B\[\d+m/g, '').split('\n'))
      expect(line.length).toBeLessThanOrEqual(40);
    expect(text).toContain('…');
    expect(text).toContain('$271.40');
  });

  it('cuts other texts, the widest first, when that is not enough, and never a number', () => {
    const rows = [{ name: 'n'.repeat(60), cost: '$271.40', what: 'w'.repeat(60) }];
    const text = renderTable(rows, COLUMNS, { write: () => true, isTTY: true, columns: 40 });
    // eslint-disable-next-line no-control-regex
    for (const line of text.replaceAll(/\u001B\[\d+m/g, '').split('\n'))
      expect(line.length).toBeLessThanOrEqual(40);
    expect(text).toContain('$271.40');
  });
});
