import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { renderTable, type TextColumn } from '../../../cli/terminal/table.ts';
import { widthOf } from '../../../cli/terminal/text-width.ts';
import { withoutColours } from './obeyed-characters.ts';

interface Row {
  readonly name: string;
  readonly cost: string;
  readonly what: string;
}

const COLUMNS: readonly TextColumn<Row>[] = [
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

  it.each([80, 24])(
    'of hundreds of rows has one head, and each row as in a short one, %s columns wide',
    (columns) => {
      const wrapping = COLUMNS.map((column) =>
        column.title === 'WHAT' ? { ...column, wraps: true } : column,
      );
      const output = { write: () => true, isTTY: true, hasColours: false, columns };
      const [head, ...rows] = renderTable(ROWS, wrapping, output).trimEnd().split('\n');
      const many = renderTable(Array.from({ length: 175 }, () => ROWS).flat(), wrapping, output);
      expect(many.trimEnd().split('\n')).toEqual([head, ...Array.from({ length: 175 }, () => rows).flat()]);
    },
  );

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

  it('has the points of amounts one below the other', () => {
    const rows = [
      { name: 'a', cost: '$12.34', what: '' },
      { name: 'b', cost: '+$0.0031', what: '' },
      { name: 'c', cost: '–', what: '' },
    ];
    const lines = renderTable(rows, COLUMNS.slice(0, 2), { write: () => true }).split('\n');
    expect(lines.slice(1, 3).map((line) => line.indexOf('.'))).toEqual([9, 9]);
  });

  it('goes on in further lines with a sentence, all of it', () => {
    const what = 'one two three four five six seven eight nine ten eleven twelve';
    const columns = COLUMNS.map((column) => ({ ...column, wraps: column.title === 'WHAT' }));
    const text = renderTable([{ name: 'support', cost: '$3.92', what }], columns, {
      write: () => true,
      isTTY: true,
      columns: 40,
    });
    const lines = withoutCodes(text);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(40);
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(16).trim())
        .join(' '),
    ).toBe(what);
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

const withoutCodes = (text: string): string[] => withoutColours(text).trimEnd().split('\n');

describe('a table that is too wide', () => {
  const columns: readonly TextColumn<Row>[] = [
    { title: 'TIME', whole: true, value: () => '11-20 17:12:33' },
    { title: 'NAME', value: (row) => row.name },
    { title: 'TURNS', align: 'right', optional: true, value: () => '1,000' },
    { title: 'COST', align: 'right', value: (row) => row.cost },
  ];

  it('loses its optional columns before a name is cut', () => {
    const rows = [{ name: 'support-agent-of-ours', cost: '$3.92', what: '' }];
    const wide = renderTable(rows, columns, { write: () => true, isTTY: true, columns: 51 });
    expect(withoutCodes(wide)[1]).toBe('11-20 17:12:33  support-agent-of-ours  1,000  $3.92');
    const narrow = renderTable(rows, columns, { write: () => true, isTTY: true, columns: 50 });
    expect(withoutCodes(narrow)[1]).toBe('11-20 17:12:33  support-agent-of-ours  $3.92');
  });

  it('cuts a name and never a time', () => {
    const rows = [{ name: 'support-agent-of-ours', cost: '$3.92', what: '' }];
    const text = renderTable(rows, columns, { write: () => true, isTTY: true, columns: 36 });
    expect(withoutCodes(text)[1]).toBe('11-20 17:12:33  support-agen…  $3.92');
  });

  it('counts wide characters as two and never cuts one in half', () => {
    const rows = [
      { name: 'サポート担当エージェント', cost: '$3.92', what: '' },
      { name: '👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻', cost: '$1.00', what: '' },
      { name: 'Zoe\u0301', cost: '$0.10', what: '' },
    ];
    const shown = withoutCodes(renderTable(rows, columns, { write: () => true, isTTY: true, columns: 36 }));
    expect(shown.slice(1)).toEqual([
      '11-20 17:12:33  サポート担当…  $3.92',
      '11-20 17:12:33  👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻…  $1.00',
      '11-20 17:12:33  Zoe\u0301            $0.10',
    ]);
  });

  it('is no wider than the terminal, whatever is in it', () => {
    const unit = fc.constantFrom('a', '語', '👩‍💻', 'e\u0301', '🇩🇪', ' ', '…', '\u001B');
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit }), { minLength: 1 }),
        fc.integer({ min: 40, max: 90 }),
        (names, width) => {
          const rows = names.map((name) => ({ name, cost: '$1.00', what: '' }));
          const text = renderTable(rows, columns, { write: () => true, isTTY: true, columns: width });
          for (const line of withoutCodes(text)) expect(widthOf(line)).toBeLessThanOrEqual(width);
          expect(withoutCodes(text)).toHaveLength(names.length + 1);
        },
      ),
    );
  });
});
