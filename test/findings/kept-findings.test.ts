import { describe, expect, it } from '@jest/globals';
import { keepFindingsReports } from '../../server/queries/findings/kept-findings.ts';
import type { FindingsReport } from '../../server/queries/findings/read-findings.ts';

/** A reading that takes so long by a clock of its own, and a store that gets something now and then. */
class Server {
  now = 0;
  version = 0;
  readings = 0;
  takesMs = 0;
  readonly ask = keepFindingsReports(
    async () => {
      const number = ++this.readings;
      this.now += this.takesMs;
      await Promise.resolve();
      return { weekly_nano_usd: number } as FindingsReport;
    },
    () => this.version,
    () => undefined,
    () => this.now,
  );

  async number(): Promise<number> {
    return (await this.ask(0)).weekly_nano_usd;
  }
}

describe('findings that are asked for again', () => {
  it('of little data are read again when something was stored, and only then', async () => {
    const server = new Server();
    expect([await server.number(), await server.number()]).toEqual([1, 1]);
    server.version++;
    expect(await server.number()).toBe(2);
    server.now += 61_000;
    expect(await server.number()).toBe(3);
  });

  it('of so much data that reading takes long are answered at once, and read behind that once a minute', async () => {
    const server = new Server();
    server.takesMs = 5000;
    expect(await server.number()).toBe(1);
    for (let round = 0; round < 5; round++) {
      server.version++;
      expect(await server.number()).toBe(1);
    }
    server.now += 61_000;
    expect(await server.number()).toBe(1);
    await new Promise(setImmediate);
    expect([await server.number(), server.readings]).toEqual([2, 2]);
  });

  it('are asked for again after a reading that failed', async () => {
    let isBroken = true;
    const ask = keepFindingsReports(
      () =>
        isBroken
          ? Promise.reject(new Error('no disk'))
          : Promise.resolve({ weekly_nano_usd: 1 } as FindingsReport),
      () => 0,
    );
    await expect(ask(0)).rejects.toThrow('no disk');
    isBroken = false;
    expect((await ask(0)).weekly_nano_usd).toBe(1);
  });
});
