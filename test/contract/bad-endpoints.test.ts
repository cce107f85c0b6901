// Endpoints and folders that do harm: the program does what it does without the preload, and what can arrive arrives.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { answer } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs', 'before-exit.mjs');
const STDOUT = 'Hello there, how can I help?\nbefore exit 1\none more thing\nbefore exit 2\n';

describe('a program with endpoints and folders that do harm', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it('bare: what the others are compared with', async () => {
    const outcome = await harness.run(PROGRAM, { scenario: { exchanges: [answer()] }, preload: 'none' });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([STDOUT, '', 0]);
  });

  it('a pipe in the spool, a daily file: nothing hangs, texts are bounded, the file is its owner’s alone', async () => {
    const spool = path.join(harness.spoolDir, 'pipes');
    const environment = { TALLYSPAN_SPOOL: spool, TALLYSPAN_FILE: path.join(spool, 'daily') };
    const scenario = { exchanges: [answer()] };
    let port = 0;
    await harness.run(PROGRAM, {
      scenario,
      environment,
      during: (_, receiver) => {
        port = Number(new URL(receiver.grpcUrl).port);
        return Promise.resolve();
      },
    });
    const folder = readdirSync(spool).find((name) => name !== 'daily') ?? '';
    mkdirSync(path.join(spool, folder), { recursive: true });
    const now = String(Date.now());
    for (const name of [`${now}-1-1.1.logs`, `${now}-1-2.1.traces`, 'any.1.x.journal'])
      execFileSync('mkfifo', [path.join(spool, folder, name)]);
    const outcome = await harness.run(PROGRAM, { scenario, environment, receiver: { grpcPort: port } });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([STDOUT, '', 0]);
    expect(eventsOf(outcome, 'agent.model_call').map((event) => event['user.id'])).toEqual([
      '🦜'.repeat(128),
    ]);
    const daily = path.join(spool, 'daily');
    expect(readdirSync(daily).map((name) => statSync(path.join(daily, name)).mode & 0o777)).toEqual([0o600]);
  });

  it('folders in which nothing can be made: the program ends as it would, and its calls are delivered', async () => {
    const outcome = await harness.run(PROGRAM, {
      scenario: { exchanges: [answer()] },
      environment: { TALLYSPAN_SPOOL: '/proc/none/spool', TALLYSPAN_FILE: '/proc/none/daily' },
    });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([STDOUT, '', 0]);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
  });

  it('a spool that cannot be written, and an end too soon to send: it is said what is wrong, and not that the endpoint is', async () => {
    const outcome = await harness.run(path.join(import.meta.dirname, 'programs/end-as-told.mjs'), {
      scenario: { exchanges: [answer()] },
      environment: { TALLYSPAN_SPOOL: '/proc/none/spool', ENDING: 'exit' },
    });
    expect(outcome.code).toBe(3);
    expect(outcome.said).toContainEqual(
      expect.stringContaining(
        'records are dropped: the process ends too soon to send them, and the spool is full or cannot be written',
      ),
    );
  });

  it('a message with a bare % for every request: the program ends as it would, and the records wait', async () => {
    const server = createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      const status = { 'grpc-status': '14', 'grpc-message': 'disk 100% full' };
      stream.respond({ ':status': 200, ...status }, { endStream: true });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const outcome = await harness.run(PROGRAM, {
      scenario: { exchanges: [answer()] },
      endpoint: { url: `http://127.0.0.1:${String(port)}` },
      environment: { TALLYSPAN_SPOOL: path.join(harness.spoolDir, 'percent') },
    });
    server.close();
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([STDOUT, '', 0]);
    expect(outcome.said.join('\n')).toMatch(
      /disk 100% full.* records wait in the spool\. `npx tallyspan doctor` says what to do\./,
    );
  });
});
