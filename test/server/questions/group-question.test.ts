import { expect, it } from '@jest/globals';
import { readGroupQuestion } from '../../../server/questions/group-question.ts';
import { parseStretch } from '../../../server/questions/stretch.ts';

const NOW = Date.UTC(2026, 10, 28, 12);
const PAGE = parseStretch({ time: '7d', zone: 'UTC' }, { now: NOW, timezone: 'UTC', time: '7d' });

it.each([
  ['', 'all'],
  ['all', 'all'],
  ['time:yesterday', 'time:yesterday'],
  ['all time:yesterday', 'time:yesterday'],
  ['time:today user:ana', 'user:ana time:today'],
])('a group written as %j is called %j', (given, text) => {
  expect(readGroupQuestion(given, PAGE, NOW).text).toBe(text);
});

it('what it is called is the same group when it is read again', () => {
  const first = readGroupQuestion('all time:yesterday', PAGE, NOW);
  expect(readGroupQuestion(first.text, PAGE, NOW)).toEqual(first);
});
