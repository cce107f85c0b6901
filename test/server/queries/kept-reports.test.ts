import { describe, expect, it } from '@jest/globals';
import { keepReports } from '../../../server/queries/diagnosis/kept-reports.ts';
import type { DiagnosisReport } from '../../../server/queries/diagnosis/read-diagnosis.ts';

const QUESTION = { from: 1, to: 2, againstFrom: 0, againstTo: 1 };

function makeReader(sampled: boolean) {
  const state = { version: 1, nowMs: 0, reads: 0, fails: false };
  const read = keepReports(
    { all: async () => [], readChunks: async () => undefined },
    () => state.version,
    async () => {
      state.reads++;
      await Promise.resolve();
      if (state.fails) throw new Error('interrupted');
      return { sampled, runs: state.reads } as DiagnosisReport;
    },
    () => state.nowMs,
  );
  return { state, read };
}

describe('a report of every run', () => {
  it('is kept until something is stored or the question means another time', async () => {
    const { state, read } = makeReader(false);
    await read({}, QUESTION);
    await read({}, QUESTION);
    expect(state.reads).toBe(1);
    state.version++;
    await read({}, QUESTION);
    await read({}, { ...QUESTION, to: 3 });
    expect(state.reads).toBe(3);
  });
});

describe('a report of a sample', () => {
  it('is kept for a minute, whatever is stored', async () => {
    const { state, read } = makeReader(true);
    await read({ from: '24h', agent: 'a' }, QUESTION);
    state.version++;
    state.nowMs = 59_999;
    const again = await read({ agent: 'a', from: '24h' }, { ...QUESTION, to: 3 });
    expect(again.runs).toBe(1);
    state.nowMs = 60_000;
    await read({ from: '24h', agent: 'a' }, QUESTION);
    expect(state.reads).toBe(2);
  });
});

describe('a question', () => {
  it('that several ask at once is answered once', async () => {
    const { state, read } = makeReader(true);
    await Promise.all([read({}, QUESTION), read({}, QUESTION), read({}, QUESTION)]);
    expect(state.reads).toBe(1);
    await read({ from: '1h' }, QUESTION);
    expect(state.reads).toBe(2);
  });

  it('whose answer failed is asked again', async () => {
    const { state, read } = makeReader(true);
    state.fails = true;
    await expect(read({}, QUESTION)).rejects.toThrow('interrupted');
    state.fails = false;
    await read({}, QUESTION);
    expect(state.reads).toBe(2);
  });
});
