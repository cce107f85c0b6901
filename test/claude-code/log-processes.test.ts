// Which process numbered a record of a session: the loss meter counts the gaps of each.

import { expect, test } from '@jest/globals';
import { ClaudeLogReader } from '../../core/claude-code/claude-log-reader.ts';
import { logsOf, type SampleLog } from './sample-logs.ts';

const START_MS = Date.UTC(2026, 10, 20);

const five = (startMs: number, first: number): readonly SampleLog[] =>
  logsOf(
    Array.from({ length: 5 }, () => ['hook_registered', {}] as const),
    { startMs, first },
  );

/** Numbers of the records by the process that they are taken for. */
function numbersOf(batches: readonly (readonly SampleLog[])[]): readonly number[][] {
  const reader = new ClaudeLogReader();
  const numbers = new Map<string, number[]>();
  for (const log of batches.flat())
    for (const event of reader.read({ ...log, resource: {}, traceId: '' })) {
      const process = event['tallyspan.process_id'] ?? '';
      numbers.set(process, [...(numbers.get(process) ?? []), event['tallyspan.seq'] ?? 0]);
    }
  return [...numbers.values()];
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test('two processes that go on with one session by turns', () => {
  const batches = [0, 5, 10].flatMap((first) => [
    five(START_MS + first * 2_000, first),
    five(START_MS + first * 2_000 + 5_500, first),
  ]);
  expect(numbersOf(batches)).toEqual([upTo(15), upTo(15)]);
});

test('a late batch and one that was sent twice are of the process that numbered them', () => {
  const [first, second, third] = [0, 5, 10].map((from) => five(START_MS + from * 1_000, from)) as [
    readonly SampleLog[],
    readonly SampleLog[],
    readonly SampleLog[],
  ];
  const [numbers = [], ...others] = numbersOf([second, first, third, second]);
  expect(others).toEqual([]);
  expect([...new Set(numbers)].toSorted((a, b) => a - b)).toEqual(upTo(15));
});

test('a session that is resumed is numbered from the start, and what is lost of it is its own', () => {
  const resumed = five(START_MS + 60_000, 0);
  expect(numbersOf([five(START_MS, 0), [...resumed.slice(0, 2), ...resumed.slice(3)]])).toEqual([
    upTo(5),
    [1, 2, 4, 5],
  ]);
});
