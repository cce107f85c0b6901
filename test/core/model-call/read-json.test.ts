import { describe, expect, it } from '@jest/globals';
import { readJson, readJsonFolded } from '../../../core/model-call/read-json.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('readJson', () => {
  it.each([['[['], ['{"a":'], [''], ['['.repeat(100_000)], [nested(201)]])(
    'gives no value of what is no JSON, or is nested too deep: %#',
    (text) => {
      expect(readJson(text)).toBeUndefined();
    },
  );

  it('takes brackets in texts for nothing else', () => {
    const value = { text: `${'['.repeat(500)}\\"` };
    expect(readJson(JSON.stringify(value))).toEqual(value);
  });
});

describe('readJsonFolded', () => {
  it('gives parts that are nested too deep as their text, and all others as they are', () => {
    const text = `{"a":${nested(300)},"b":[1,{"c":${nested(250)}}],"d":"x"}`;
    const value = readJsonFolded(text) as { a: unknown; b: [number, { c: unknown }]; d: string };
    expect([value.b[0], value.d]).toEqual([1, 'x']);
    expect(innermost(value.a)).toBe(nested(300 - 199));
    expect(innermost(value.b[1].c)).toBe(nested(250 - 197));
  });

  it.each([['[['], ['{"a":'], [''], ['['.repeat(100_000)], [']'.repeat(300)], [`${nested(300)}x`]])(
    'gives no value of what is no JSON: %#',
    (text) => {
      expect(readJsonFolded(text)).toBeUndefined();
    },
  );
});

function innermost(value: unknown): unknown {
  let part = value;
  while (Array.isArray(part)) part = part[0] as unknown;
  return part;
}
