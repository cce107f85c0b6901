// What of others' spans is in the data file: by default nothing that a prompt, an answer, an argument or a result said.

import { expect, it } from '@jest/globals';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { readRecording } from '../../fixtures/recorded-spans.ts';
import { rowsOfSpans } from '../../../server/intake/rows-of-spans.ts';
import { decodeSpansJson } from '../../../server/intake/otlp-json.ts';

const RECORDINGS = [
  'ai-sdk-5',
  'ai-sdk-6',
  'ai-sdk-7',
  'pydantic-ai-over-native',
  'openinference-over-native',
  'openllmetry-over-native',
  'logfire',
];
/** Every prompt, argument, result and answer of the recordings holds this. */
const MARK = 'SECRET';

function rowsOf(name: string, keepsContent: boolean): string {
  const spans = readRecording(name).spans.map((span) => ({
    ...span,
    startTimeUnixNano: '1795168800000000000',
    endTimeUnixNano: '1795168801000000000',
  }));
  const body = Buffer.from(JSON.stringify(otlpJsonOf(spans)));
  return JSON.stringify(rowsOfSpans(decodeSpansJson(body), keepsContent).rows);
}

it.each(RECORDINGS)('%s leaves no content, but its counts, names, ids and models', (name) => {
  const rows = rowsOf(name, false);
  expect(rows).not.toContain(MARK);
  expect(rows).not.toContain('Bern');
  expect(rows).toContain('.length');
  expect(rows).toContain('claude-sonnet-4-5');
  expect(rows).toMatch(/(?:tokens|Tokens|token_count)[^,]*:\d+/);
  expect(rowsOf(name, true)).not.toBe(rows);
});

it('what an operator wants is kept as it came', () => {
  expect(rowsOf('ai-sdk-6', true)).toContain(MARK);
});

it('an unknown key is a length, whoever invents it; error texts too', () => {
  const body = otlpJsonOf([
    {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'chat',
      startTimeUnixNano: '1795168800000000000',
      endTimeUnixNano: '1795168801000000000',
      isError: true,
      attributes: {
        'mastra.agent.input': 'who am I',
        'new.vendor.output': ['x', 'y'],
        'new.vendor.model': 'm-1',
        n: 5,
      },
    },
  ]);
  const [row] = rowsOfSpans(decodeSpansJson(Buffer.from(JSON.stringify(body)))).rows;
  expect(JSON.parse(row?.attributes ?? '')).toEqual({
    'mastra.agent.input.length': 8,
    'new.vendor.output.length': 9,
    'new.vendor.model': 'm-1',
    n: 5,
  });
});
