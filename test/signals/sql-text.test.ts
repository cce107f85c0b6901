import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { instantSql, textSql } from '../../signals/sql-text.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});

afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

async function valueOf(sql: string): Promise<unknown> {
  const answer = await connection.runAndReadAll(`SELECT ${sql}`);
  return answer.getRowsJS()[0]?.[0];
}

describe('a text in a statement', () => {
  it.each(["x' OR '1'='1", "'; DROP TABLE agent_run; --", '\\', "\\'", '$1', '?', '\0', "a\0'b", '/*', ''])(
    '%j is that text and nothing else',
    async (text) => {
      expect(await valueOf(textSql(text))).toBe(text);
    },
  );

  it('is that text whatever characters it has', async () => {
    const texts = fc.string({
      unit: fc.oneof(fc.constantFrom("'", '\0', '\\', '"', '$'), fc.string({ unit: 'binary', maxLength: 1 })),
    });
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await valueOf(textSql(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an instant in a statement', () => {
  it('is that millisecond', async () => {
    expect(await valueOf(`epoch_ms(${instantSql(1_795_000_000_123.9)})::DOUBLE`)).toBe(1_795_000_000_123);
  });
});
