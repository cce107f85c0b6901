// Kill −9 at random moments: what was made and did not arrive is at most one flush interval old, and it is a
// gap in the numbers of the killed process, which the next one makes visible.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '../../core/event.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { openHarness, type Harness } from './harness.ts';

const program = (name: string): string => path.join(import.meta.dirname, 'programs', name);
const ROUNDS = 20;
/** Two flush intervals. */
const LONGEST_MS = 2_000;
/** One flush interval, and as much again for a machine that is busy. */
const LATEST_MS = 2 * 1_000;

/** Numbers between nought and one, the same in every run of the tests. */
function drawNumbers(count: number): number[] {
  let state = 20_261_121;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  });
}

describe('kill −9', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each(drawNumbers(ROUNDS).map((part, round) => [round, Math.round(part * LONGEST_MS)]))(
    'round %i, after %i ms: stored and counted as lost is all there was',
    async (round, afterMs) => {
      const environment = { TALLYSPAN_SPOOL: path.join(harness.spoolDir, `kill-${String(round)}`) };
      let port = 0;
      const killed = await harness.run(program('steady.mjs'), {
        scenario: {
          exchanges: [],
          respond: ({ body }) =>
            (body as { messages: unknown[] }).messages.length === 1
              ? { ...answer({ blocks: [toolUse('step', {})] }), delayMs: 15 }
              : { ...answer({ blocks: [text('done')] }), delayMs: 15 },
        },
        environment,
        during: async (child, receiver, requests) => {
          port = Number(new URL(receiver.grpcUrl).port);
          while (requests.length === 0) await sleep(2);
          await sleep(afterMs);
          child.kill('SIGKILL');
        },
      });
      expect(killed.signal).toBe('SIGKILL');
      const next = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment,
        receiver: { grpcPort: port },
      });

      const stored = [...killed.events, ...next.events];
      const dead = killed.events[0]?.['service.instance.id'] ?? ownerOfGap(stored, next.events);
      const own = stored.filter((event) => event['service.instance.id'] === dead);
      const numbers = own.map((event) => event['tallyspan.seq'] ?? 0);
      expect(new Set(numbers).size).toBe(numbers.length);
      // Each answered request is a model call, up to the one under way when the process was killed.
      const answered = killed.requests.length;
      const storedCalls = own.filter((event) => event['event.name'] === 'agent.model_call').length;
      const counted = Math.max(...numbers) - numbers.length;
      const closing = own.filter(
        (event) => event['agent.status'] === 'lost' || event['agent.note.kind'] === 'process_lost',
      );
      expect(closing.length).toBeGreaterThan(0);
      expect(counted).toBeGreaterThanOrEqual(Math.max(0, answered - 1 - storedCalls));
      // At most one flush interval: everything older than that had arrived.
      const lastKnownMs = Math.max(...own.map(timeOf));
      const missing = findMissing(numbers);
      const before = own.filter((event) => (event['tallyspan.seq'] ?? 0) < (missing[0] ?? Infinity));
      const newestMs = before.length === 0 ? lastKnownMs : Math.max(...before.map(timeOf));
      expect(missing.length === 0 ? 0 : lastKnownMs - newestMs).toBeLessThanOrEqual(LATEST_MS);
    },
  );
});

describe('kill −9 in a run that goes on', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it('the next process writes the rows of the calls that had arrived, to the nano-dollar', async () => {
    const CALLS = 6;
    const spool = path.join(harness.spoolDir, 'rows');
    let port = 0;
    const killed = await harness.run(program('wait-in-run.mjs'), {
      scenario: { exchanges: Array.from({ length: CALLS }, () => answer({ blocks: [toolUse('step', {})] })) },
      environment: { TALLYSPAN_SPOOL: spool },
      during: async (child, receiver) => {
        port = Number(new URL(receiver.grpcUrl).port);
        // Nothing is on its way once the journal knows the rows of all calls.
        while (!journalsIn(spool).some((journal) => journal.includes(`[${CALLS},[`))) await sleep(20);
        child.kill('SIGKILL');
      },
    });
    const calls = killed.events.filter((event) => event['event.name'] === 'agent.model_call');
    expect(calls).toHaveLength(CALLS);
    expect(rowsOf(killed.events)).toEqual([]);

    const next = await harness.run(program('ask.mjs'), {
      scenario: { exchanges: [answer()] },
      environment: { TALLYSPAN_SPOOL: spool },
      receiver: { grpcPort: port },
    });
    const run = calls[0]?.['agent.run_id'];
    const rows = rowsOf(next.events).filter((row) => row['agent.run_id'] === run);
    expect(rows.every((row) => row['service.instance.id'] === calls[0]?.['service.instance.id'])).toBe(true);
    expect(sum(calls)).toBeGreaterThan(0);
    expect(sum(rows)).toBe(sum(calls));
    expect(Math.max(...rows.map((row) => row['tallyspan.calls'] ?? 0))).toBe(CALLS);
    // A third process has nothing left to write.
    const third = await harness.run(program('ask.mjs'), {
      scenario: { exchanges: [answer()] },
      environment: { TALLYSPAN_SPOOL: spool },
      receiver: { grpcPort: port },
    });
    expect(rowsOf(third.events).filter((row) => row['agent.run_id'] === run)).toEqual([]);
  });
});

function rowsOf(events: readonly EventRecord[]): EventRecord[] {
  return events.filter((event) => event['event.name'] === 'agent.tool_cost');
}

function sum(events: readonly EventRecord[]): number {
  return events.reduce((total, event) => total + (event.cost_nano_usd ?? 0), 0);
}

function journalsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.journal'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'));
}

/** Received events hold their time as JSON does. */
function timeOf(event: EventRecord): number {
  return new Date(event.timestamp).getTime();
}

/** The process that the next one closed, where nothing of it had arrived. */
function ownerOfGap(stored: readonly EventRecord[], next: readonly EventRecord[]): string | undefined {
  const closing = next.find(
    (event) => event['agent.status'] === 'lost' || event['agent.note.kind'] === 'process_lost',
  );
  return closing?.['service.instance.id'] ?? stored[0]?.['service.instance.id'];
}

function findMissing(numbers: readonly number[]): number[] {
  const there = new Set(numbers);
  return Array.from({ length: Math.max(...numbers) }, (_, index) => index + 1).filter(
    (number) => !there.has(number),
  );
}
