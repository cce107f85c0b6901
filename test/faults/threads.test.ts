// Threads that are terminated, as pools and whoever has the answer do: what they recorded arrives, once, through the thread
// that started them.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { answer, toolUse } from '../fakes/messages.ts';
import { openHarness, spansOf, type Harness } from '../contract/harness.ts';

const program = (name: string): string => path.join(import.meta.dirname, '../contract/programs', name);

/** Events of some instances, as a server counts them: one number is one event. */
function readEvents(events: readonly EventRecord[]): { events: EventRecord[]; missing: number } {
  const byNumber = new Map(
    events.map((event) => [`${event['service.instance.id']} ${event['tallyspan.seq']}`, event]),
  );
  const last = new Map<string, number>();
  for (const { 'service.instance.id': id = '', 'tallyspan.seq': number = 0 } of events)
    last.set(id, Math.max(last.get(id) ?? 0, number));
  const made = [...last.values()].reduce((sum, number) => sum + number, 0);
  return { events: [...byNumber.values()], missing: made - byNumber.size };
}

const answers = Array.from({ length: 3 }, () => answer());
const asksForTool = () => answer({ blocks: [toolUse('step', {})] });

const costOf = (events: readonly EventRecord[], name: EventRecord['event.name']): number =>
  events
    .filter((event) => event['event.name'] === name)
    .reduce((sum, event) => sum + (event.cost_nano_usd ?? 0), 0);

describe('threads that are terminated', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each([
    ['by the main thread, over gRPC', {}, 'grpc'],
    ['by the main thread, over HTTP', {}, 'http/protobuf'],
    ['by themselves', { ENDING: 'own' }, 'grpc'],
  ] as const)(
    'with their answer, %s: all that they recorded arrives',
    async (_how, environment, protocol) => {
      const outcome = await harness.run(program('threads.mjs'), {
        scenario: {
          exchanges: [],
          respond: ({ body }) =>
            (body as { messages: unknown[] }).messages.length === 1 ? asksForTool() : answer(),
        },
        protocol,
        environment,
      });
      expect([outcome.stdout, outcome.stderr, outcome.said, outcome.code]).toEqual([
        'text text text\n',
        '',
        [],
        0,
      ]);
      const { events, missing } = readEvents(outcome.events);
      expect(missing).toBe(0);
      const runs = events.filter((event) => event['event.name'] === 'agent.run');
      expect(runs.map((run) => [run['agent.status'], run['agent.turns']])).toEqual(
        Array.from({ length: 3 }, () => ['ok', 2]),
      );
      expect(new Set(spansOf(outcome, 'chat').map(({ spanId }) => spanId)).size).toBe(6);
      expect(costOf(events, 'agent.tool_cost')).toBe(costOf(events, 'agent.model_call'));
    },
  );

  it('while a tool works: their runs are lost at once, with what they cost until then', async () => {
    const outcome = await harness.run(program('threads.mjs'), {
      scenario: { exchanges: Array.from({ length: 3 }, () => asksForTool()) },
      environment: { ENDING: 'tool' },
    });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual(['tool_use tool_use tool_use\n', '', 0]);
    const { events, missing } = readEvents(outcome.events);
    expect(missing).toBe(0);
    const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
    const runs = events.filter((event) => event['event.name'] === 'agent.run');
    expect(runs.map((run) => [run['agent.status'], run['agent.turns'], run['agent.cost_nano_usd']])).toEqual(
      calls.map((call) => ['lost', 1, call.cost_nano_usd]),
    );
    expect(runs).toHaveLength(3);
    expect(costOf(events, 'agent.tool_cost')).toBe(costOf(events, 'agent.model_call'));
  });

  it('with the process: what had not left waits in the spool, for the next process', async () => {
    let port = 0;
    const scenario = { exchanges: answers };
    const ended = await harness.run(program('threads.mjs'), {
      scenario,
      environment: { ENDING: 'exit' },
      during: (_child, receiver) => {
        port = Number(new URL(receiver.grpcUrl).port);
        return Promise.resolve();
      },
    });
    expect([ended.stdout, ended.stderr, ended.code]).toEqual(['text text text\n', '', 3]);
    // A thread that was about to send one of them has it for a minute.
    const aMinuteAgo = new Date(Date.now() - 61_000);
    for (const name of readdirSync(harness.spoolDir, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.claimed')) utimesSync(path.join(harness.spoolDir, name), aMinuteAgo, aMinuteAgo);
    const next = await harness.run(program('ask.mjs'), { scenario, receiver: { grpcPort: port } });
    const { events, missing } = readEvents([...ended.events, ...next.events]);
    expect(missing).toBe(0);
    expect(
      events.filter((event) => event['event.name'] === 'agent.run').map((run) => run['agent.status']),
    ).toEqual(['ok', 'ok', 'ok', 'ok']);
  });
});
