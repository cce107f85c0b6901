import { describe, expect, it } from '@jest/globals';
import { readEventLine } from '../../../server/intake/event-line.ts';
import { boundBatch } from '../../../server/store/columns/bounds.ts';
import { EventBatch, FIELD_INDEX } from '../../../server/store/columns/event-batch.ts';
import { expandShares } from '../../../server/store/write/expand-shares.ts';

const BODY_BYTES = 100_000;

/** Bytes that the buffer still has when a batch with this part of it as its body was released. */
function leftOf(buffer: ArrayBuffer, start: number, length: number): number {
  new EventBatch(new Uint8Array(buffer, start, length), 1).release();
  return buffer.byteLength;
}

describe('the body of a released batch', () => {
  it('is free at once where it is alone in its memory', () => {
    expect(leftOf(new ArrayBuffer(BODY_BYTES), 0, BODY_BYTES)).toBe(0);
  });

  it('is left alone where others may have a part of its buffer', () => {
    expect(leftOf(new ArrayBuffer(BODY_BYTES), 100, BODY_BYTES - 200)).toBe(BODY_BYTES);
    const small = Buffer.from('a body as small as many that share a buffer');
    const pool = small.buffer;
    expect(leftOf(pool, small.byteOffset, small.length)).toBe(Buffer.poolSize);
    expect(leftOf(new ArrayBuffer(BODY_BYTES + 5), 5, BODY_BYTES)).toBe(BODY_BYTES + 5);
  });
});

const CALL = {
  'event.name': 'agent.model_call',
  timestamp: 1,
  trace_id: 'ab'.repeat(16),
  'user.id': 'Zoë',
  'gen_ai.response.model': 'claude-sonnet-5',
} as const;

describe('the rows of the shares of calls', () => {
  it('have the texts of their call and of the share, whatever comes into the batch later', () => {
    const batch = EventBatch.of([
      { ...CALL, 'user.id': 'Ann', 'tallyspan.cost_shares': ['search=p f1200 t340', '文=c o7'] },
      CALL,
      { ...CALL, 'tallyspan.cost_shares': ['search=m w2 r5'] },
    ]);
    const [shares] = expandShares([{ batch, rows: [0, 1, 2] }]);
    const rows = shares?.batch as EventBatch;
    batch.setText(FIELD_INDEX['user.id'], 'a text that came later'.repeat(100));
    rows.replaceText(1, FIELD_INDEX['tallyspan.rule'], 'set later');
    batch.addText('and another');
    expect(
      shares?.rows.map((row) => [
        rows.name(row),
        rows.text(row, 'user.id'),
        rows.text(row, 'trace_id'),
        rows.text(row, 'gen_ai.tool.name'),
        rows.text(row, 'tallyspan.rule'),
        rows.number(row, 'cost_nano_usd'),
        rows.number(row, 'tokens'),
        rows.number(row, 'tallyspan.calls'),
      ]),
    ).toEqual([
      ['agent.tool_cost', 'Ann', CALL.trace_id, 'search', 'prefix', 1200, 340, undefined],
      ['agent.tool_cost', 'Ann', CALL.trace_id, '文', 'set later', 7, 0, undefined],
      ['agent.tool_cost', 'Zoë', CALL.trace_id, 'search', 'mixed', 7, 0, undefined],
    ]);
    expect(batch.number(0, 'tallyspan.cost_shares')).toBeUndefined();
    rows.release();
    expect(batch.text(2, 'user.id')).toBe('Zoë');
    batch.release();
  });
});

describe('a call whose shares cannot be read', () => {
  it('has no rows, and those beside it have theirs', () => {
    const batch = EventBatch.of([
      { ...CALL, 'tallyspan.cost_shares': ['no share', 'a=x f1', 'b=p f', 'c=p f99999999999999999999'] },
      { ...CALL, 'user.id': 'Ann', 'tallyspan.cost_shares': ['broken', 'read=c s3'] },
    ]);
    const [shares] = expandShares([{ batch, rows: [0, 1] }]);
    expect(
      shares?.rows.map((row) => [
        shares.batch.text(row, 'user.id'),
        shares.batch.text(row, 'gen_ai.tool.name'),
        shares.batch.number(row, 'cost_nano_usd'),
        shares.batch.number(row, 'cost_first_read_nano_usd'),
        shares.batch.number(row, 'cost_output_nano_usd'),
        shares.batch.number(row, 'cost_web_search_nano_usd'),
      ]),
    ).toEqual([['Ann', 'read', 3, 0, undefined, 3]]);
  });
});

function listOf(batch: EventBatch): readonly string[] {
  return batch.list(batch.number(0, 'tool.input_keys') as number);
}

function batchWith(keys: readonly string[]): EventBatch {
  const line = JSON.stringify({
    'event.name': 'agent.tool_call',
    timestamp: '2026-11-20T12:00:00.000Z',
    'tool.input_keys': keys,
  });
  const batch = new EventBatch(Buffer.from(line), 1);
  expect(readEventLine(batch, 0, line.length)).toBe(true);
  batch.endRow();
  return batch;
}

describe('a list that stands in the body', () => {
  it.each([[[]], [['path']], [['', 'a b', '[x],{y}:1', 'null']]])('is the one that was sent: %j', (keys) => {
    const batch = batchWith(keys);
    expect(listOf(batch)).toEqual(keys);
    boundBatch(batch);
    expect(listOf(batch)).toEqual(keys);
  });

  it('stays when the body is given back', () => {
    const batch = batchWith(['path', 'limit']);
    batch.compact();
    expect(batch.body).toHaveLength(0);
    expect(listOf(batch)).toEqual(['path', 'limit']);
  });

  it('has its bounds', () => {
    const batch = batchWith(['short', 'x'.repeat(5000)]);
    boundBatch(batch);
    expect(listOf(batch).map((item) => item.length)).toEqual([5, expect.any(Number)]);
    expect(Buffer.byteLength(listOf(batch)[1] ?? '')).toBeLessThanOrEqual(1024);
    const many = batchWith(Array.from({ length: 600 }, (_, index) => `k${index}`));
    boundBatch(many);
    expect(listOf(many)).toHaveLength(512);
  });
});

describe('the columns of a released batch', () => {
  it('are those of the next one, without a value', () => {
    EventBatch.of(Array.from({ length: 60 }, () => CALL)).release();
    const next = EventBatch.of([{ 'event.name': 'agent.run', timestamp: 2 }]);
    const cells = next.cellsOf(FIELD_INDEX['user.id']);
    expect(cells.every((cell) => Number.isNaN(cell))).toBe(true);
    next.release();
  });

  it('hold nothing of a row that was left out', () => {
    const batch = new EventBatch(Buffer.alloc(0), 64);
    for (let row = 0; row < 64; row++) {
      batch.setEvent(CALL);
      if (row === 63) batch.clearRow();
      else batch.endRow();
    }
    batch.release();
    const cells = new EventBatch(Buffer.alloc(0), 64).cellsOf(FIELD_INDEX['user.id']);
    expect(cells.every((cell) => Number.isNaN(cell))).toBe(true);
  });
});
