// Limits of a day over several processes: real processes, a real server that grants leases, and one that is away.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { startClosedServer } from '../fixtures/closed-server.ts';
import { runCommand } from '../cli/run-command.ts';
import { answer } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limits.mjs');
const COST = 400_000;
const LIMIT = 20_000_000;

const spentBy = (outcomes: readonly Outcome[]): number =>
  outcomes.reduce((sum, { requests }) => sum + requests.length, 0) * COST;

describe('limits of a day', () => {
  let harness: Harness;
  let server: RunningServer;
  let dataDir: string;
  const open = (uiPort: number): Promise<RunningServer> =>
    startServer({ dataDir, uiPort, grpcPort: 0, httpPort: 0, log: () => undefined });

  beforeAll(async () => {
    harness = await openHarness();
    dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-limits-'));
    server = await open(0);
  });
  afterAll(async () => {
    await server.close();
    await harness.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const start = (
    rule: string,
    environment: Readonly<Record<string, string>> = {},
    name = 'setting',
  ): Promise<Outcome> =>
    harness.run(PROGRAM, {
      scenario: { exchanges: [], respond: () => answer() },
      arguments: [name],
      environment: {
        PACKAGE: path.join(harness.packageDir, 'index.mjs'),
        [rule]: '$0.02',
        TALLYSPAN_LIMIT_SERVER: server.uiUrl,
        ...environment,
      },
    });
  /** The same with a copy of the SDK that cannot hold a request back. */
  const startAtOnce = (): Promise<Outcome> =>
    harness.run(path.join(import.meta.dirname, 'programs/limited-at-once.mjs'), {
      scenario: { exchanges: [], respond: () => answer() },
      environment: {
        PACKAGE: path.join(harness.packageDir, 'index.mjs'),
        TALLYSPAN_LIMIT_USER_DAY: '$0.006',
        TALLYSPAN_LIMIT_SERVER: server.uiUrl,
      },
    });
  /** Answers that a session of the Agent SDK got until it was interrupted. */
  const sessionOf = async (
    paceMs: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ answers: number; actions: readonly unknown[] }> => {
    const outcome = await harness.run(path.join(import.meta.dirname, 'programs/limited-query.mjs'), {
      scenario: { exchanges: [] },
      environment: {
        PACKAGE: path.join(harness.packageDir, 'agent-sdk.mjs'),
        TALLYSPAN_LIMIT_USER_DAY: '$0.02',
        TALLYSPAN_LIMIT_SERVER: server.uiUrl,
        TALLYSPAN_USER_ID: 'sessions',
        PACE_MS: String(paceMs),
        ...more,
      },
    });
    expect(outcome.stdout).toContain('interrupted 1');
    return {
      answers: Number(/answers (\d+)/.exec(outcome.stdout)?.[1]),
      actions: eventsOf(outcome, 'agent.limit').map((event) => event['limit.action']),
    };
  };
  const today = async () => {
    const response = await fetch(`${server.uiUrl}/api/limits`);
    return (await response.json()) as { limits: Record<string, unknown>[] };
  };

  it('are shared by processes, told after each call, and kept when the server comes back', async () => {
    const rule = 'TALLYSPAN_LIMIT_USER_DAY';
    const together = await Promise.all([start(rule), start(rule), start(rule)]);
    expect(spentBy(together)).toBeLessThanOrEqual(LIMIT);
    expect(spentBy(together)).toBeGreaterThan(LIMIT / 2);
    for (const outcome of together)
      expect(outcome.stdout).toContain(`LimitExceededError true true 402 user_day ${rule}`);
    const shared = [
      {
        scope: 'user_day',
        key: 'u',
        limit_nano_usd: LIMIT,
        spent_nano_usd: spentBy(together),
        // What a process had beyond that it gave back as it ended.
        reserved_nano_usd: 0,
      },
    ];
    expect((await today()).limits).toMatchObject(shared);

    const page = await fetch(`${server.uiUrl}/limits`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('TALLYSPAN_LIMIT_USER_DAY');
    const listed = await runCommand(['limits', '--url', server.uiUrl, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ limits: shared, actions: [] });

    const port = Number(new URL(server.uiUrl).port);
    await server.close();
    server = await open(port);
    const later = await start(rule);
    expect(spentBy([...together, later])).toBeLessThanOrEqual(LIMIT);
    // A request that was held back and refused is no call.
    expect(eventsOf(later, 'agent.model_call')).toHaveLength(later.requests.length);
    const limits = [...together, later].map((outcome) => eventsOf(outcome, 'agent.limit'));
    const refusals = limits.at(-1)?.filter((event) => event['limit.action'] === 'refused');
    // What all have spent, of which this one may have spent nothing; what it asked for itself is no part of it.
    expect(refusals).toMatchObject([
      { limit_spent_nano_usd: spentBy([...together, later]), limit_reserved_nano_usd: 0 },
    ]);
    expect(refusals?.[0]?.['limit.used_ratio']).toBeGreaterThan(0.9);
    expect(limits.flat().map((event) => event['limit.action'])).toContain('warned');
  });

  it('hold for copies of the SDK that cannot hold a request back, where a request needs more than a slice', async () => {
    const small = 6_000_000;
    const first = await startAtOnce();
    const others = [await startAtOnce(), await startAtOnce()];
    const spent = spentBy([first]);
    expect(spent).toBeGreaterThan(small / 2);
    expect(first.stdout).toBe(`${first.requests.length} LimitExceededError ${spent / 1e9}\n`);
    // One request before the server has said that nothing is left.
    for (const { requests } of others) expect(requests.length).toBeLessThanOrEqual(1);
    expect(spentBy([first, ...others])).toBeLessThanOrEqual(small + 2 * COST);
  });

  it.each(['@anthropic-ai/sdk', 'anthropic-sdk-0-39-0'])(
    'hold for batches, each as a whole: by %s',
    async (sdk) => {
      const startBatches = (user: string): Promise<Outcome> =>
        harness.run(path.join(import.meta.dirname, 'programs/limited-batches.mjs'), {
          scenario: {
            exchanges: [],
            respond: ({ path: url }) => ({
              json: { id: `b${url.length}`, processing_status: 'in_progress', results_url: null },
            }),
          },
          arguments: [user],
          environment: {
            SDK: sdk,
            PACKAGE: path.join(harness.packageDir, 'index.mjs'),
            TALLYSPAN_LIMIT_USER_DAY: '$0.007',
            TALLYSPAN_LIMIT_SERVER: server.uiUrl,
          },
        });
      const user = `batches ${sdk}`;
      const lease = (spent_nano_usd: number): object => ({
        process: 'other',
        scope: 'user_day',
        rule: 'r',
        key: user,
        day: new Date().toISOString().slice(0, 10),
        limit_nano_usd: 7_000_000,
        spent_nano_usd,
        want_nano_usd: spent_nano_usd,
      });
      const alone = await startBatches(user);
      // Each needs more than a slice, and is half the price of its calls.
      expect([alone.requests.length, alone.stdout]).toEqual([3, '3 LimitExceededError\n']);
      await fetch(`${server.uiUrl}/api/limits/leases`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ leases: [lease(6_500_000)] }),
      });
      const beside = await startBatches(user);
      expect([beside.requests.length, beside.stdout]).toEqual([0, '0 LimitExceededError\n']);
    },
  );

  it('hold for users without a name and with a long one, and harm no others', async () => {
    const rule = 'TALLYSPAN_LIMIT_USER_DAY';
    const before = (await today()).limits.length;
    const outcome = await start(rule, {}, 'oddUsers');
    expect([outcome.stdout, outcome.said]).toEqual(['passed\n', []]);
    const keys = (await today()).limits.map(({ key }) => String(key));
    expect(keys).toHaveLength(before + 3);
    expect(keys).toEqual(
      expect.arrayContaining(['ana', '(not named)', expect.stringMatching(/^x{240}[0-9a-f]{16}$/)]),
    );
  });

  it('of a file are the same limit for processes that read it before and after an entry was put before it', async () => {
    const file = path.join(dataDir, 'agents.json');
    const startWith = async (...limits: readonly object[]): Promise<Outcome> => {
      await writeFile(file, JSON.stringify({ limits }));
      return start('TALLYSPAN_LIMIT_PROCESS_DAY', { TALLYSPAN_LIMITS: file });
    };
    const entry = { agent: '*', agent_day: '$0.003' };
    const first = await startWith(entry);
    const second = await startWith({ model: 'claude-opus-*', agent_day: '$0.001' }, entry);
    const third = await startWith({ agent: 'a', agent_day: '$0.005' }, entry);
    expect([first, second].map(({ requests }) => requests.length)).toEqual([5, 0]);
    // What the first one held is held still.
    expect(third.requests.length).toBeGreaterThan(0);
    const spent = spentBy([first, third]);
    expect(spent).toBeLessThanOrEqual(5_000_000);
    const shared = (await today()).limits.filter((each) => each['limit_nano_usd'] === 5_000_000);
    expect(shared).toMatchObject([{ key: 'a', rule: 'limits[0].agent_day', spent_nano_usd: spent }]);
  });

  it('hold for sessions of the Agent SDK: one is interrupted when others have used the limit up', async () => {
    // An answer costs $0.00201: ten of them use the limit up.
    const first = await sessionOf(50);
    expect(first.answers).toBeGreaterThanOrEqual(9);
    expect(first.actions).toEqual(['warned', 'stopped']);
    // The next session is stopped as soon as the server has answered what its first calls came to.
    expect((await sessionOf(500)).answers).toBeLessThan(9);
    // The first answer, a tenth of the limit, and what is under way.
    const away = await sessionOf(500, { TALLYSPAN_LIMIT_SERVER: 'http://127.0.0.1:9' });
    expect(away.answers).toBeLessThan(9);
  });

  it('while the server is away are a slice for each process, or nothing where that is asked for', async () => {
    const away = { TALLYSPAN_LIMIT_SERVER: 'http://127.0.0.1:9' };
    const rule = 'TALLYSPAN_LIMIT_AGENT_DAY';
    const allowed = await start(rule, away);
    // A tenth of the limit beyond what was granted, which is nothing.
    expect(spentBy([allowed])).toBeLessThanOrEqual(LIMIT / 10);
    expect(allowed.requests.length).toBeGreaterThan(0);
    expect(allowed.said.join('\n')).toContain('the server that keeps limits of the day does not answer');
    const refused = await start(rule, { ...away, TALLYSPAN_LIMIT_WITHOUT_SERVER: 'refuse' });
    expect(refused.requests).toHaveLength(0);
    expect(refused.stdout).toContain('0 LimitExceededError true true 402 agent_day');
  });

  it('a server that refuses to answer is not called away', async () => {
    const closed = await startClosedServer(dataDir);
    try {
      const outcome = await start('TALLYSPAN_LIMIT_AGENT_DAY', { TALLYSPAN_LIMIT_SERVER: closed.uiUrl });
      expect(outcome.said.join('\n')).toContain('wants the token that it was started with (TALLYSPAN_TOKEN)');
    } finally {
      await closed.close();
    }
  });
});
