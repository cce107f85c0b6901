// Sentences in tables of 80 columns: beside the row where they can be read, else below it, and never word by word.

import { expect, it } from '@jest/globals';
import { formatMoment, formatWindow } from '../../../cli/terminal/moment.ts';
import { renderTable, type TextColumn } from '../../../cli/terminal/table.ts';

interface Row {
  readonly name: string;
  readonly what: string;
}

const COLUMNS: readonly TextColumn<Row>[] = [
  { title: 'NAME', whole: true, value: ({ name }) => name },
  { title: 'COST', align: 'right', value: () => '$0.8082' },
  { title: 'WHAT', shrinks: true, wraps: true, value: ({ what }) => what },
];
const WHAT = 'overloaded_error, answer_ticket, 25 tool calls, cost estimated';

function render(nameLength: number, isTTY: boolean): string {
  const rows = [{ name: 'n'.repeat(nameLength), what: WHAT }];
  return renderTable(rows, COLUMNS, { write: () => true, isTTY, columns: 80, hasColours: false });
}

it('stand beside the row where there is room for them', () => {
  expect(render(20, true).split('\n')[1]).toMatch(/^n{20} {2}\$0\.8082 {2}overloaded_error, /);
  expect(render(200, false).split('\n')[1]).toBe(`${'n'.repeat(200)}  $0.8082  ${WHAT}`);
});

it('stand below it where there is not', () => {
  expect(render(56, true)).toBe(
    `${['NAME'.padEnd(56), 'COST'.padStart(7)].join('  ')}\n${'n'.repeat(56)}  $0.8082\n  ${WHAT}\n`,
  );
});

it('have times in the zone of the source, with the year where it is another', () => {
  const clock = { nowMs: Date.parse('2026-11-30T20:00:00Z'), timezone: 'Asia/Kolkata' };
  const texts = ['2026-11-30T19:59:00Z', '2026-11-29T23:00:00Z', '2025-11-29T23:00:00Z'].map((iso) =>
    formatMoment(iso, clock.nowMs, clock.timezone),
  );
  expect(texts).toEqual(['01:29', '11-30 04:30', '2025-11-30 04:30']);
  expect(formatWindow({ from: '2026-11-29T00:00:00Z', to: '2026-11-30T00:00:00Z' }, clock)).toBe(
    '11-29 05:30 – 11-30 05:30, times in Asia/Kolkata',
  );
});
