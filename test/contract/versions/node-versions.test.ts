// The versions of Node that are supported, each with the core of the laws: every way of calling the newest
// SDK, by import and by require, a stream that is left, and ends of the process that leave no time. The
// binaries come from the package registry; NODE_BINARIES adds paths of others, separated as in PATH.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { supportAgentScenario } from '../../../examples/scenarios/support-agent.ts';
import type { SseEvent } from '../../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, text, toolUse } from '../../fakes/messages.ts';
import { installNode } from './cached-packages.ts';
import { eventsOf, EXAMPLE, openHarness, type Harness, type Outcome } from '../harness.ts';
import { anonymous, EXPECTED, expectedOf, lineOf, recordedOf, surfaceScenario } from './surfaces.ts';
import { NODE_VERSIONS, UNSUPPORTED_NODE_VERSIONS } from './tested-versions.ts';

const program = (name: string): string => path.join(import.meta.dirname, '../programs', name);
const given = process.env['NODE_BINARIES']?.split(path.delimiter).filter((entry) => entry !== '') ?? [];

const NODES = [
  { version: process.versions.node, find: () => Promise.resolve<string | undefined>(process.execPath) },
  ...NODE_VERSIONS.filter((version) => version !== process.versions.node).map((version) => ({
    version,
    find: () => installNode(version),
  })),
  ...given.map((binary) => ({
    version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1),
    find: () => Promise.resolve<string | undefined>(binary),
  })),
];

describe.each(NODES)('Node $version', ({ version, find }) => {
  let harness: Harness;
  let node: string | undefined;
  beforeAll(async () => {
    harness = await openHarness();
    node = await find();
  }, 300_000);
  afterAll(() => harness.close());

  it('is the version that it says', () => {
    if (node === undefined) return;
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()).toBe(`v${version}`);
  });

  it.each(['import', 'require', 'node-options'] as const)('observes the example by %s', async (preload) => {
    if (node === undefined) return;
    const bare = await harness.run(EXAMPLE, { scenario: supportAgentScenario(), preload: 'none', node });
    const observed = await harness.run(EXAMPLE, { scenario: supportAgentScenario(), preload, node });
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, bare.stderr, 0]);
    expect(eventsOf(observed, 'agent.run').map((run) => run['agent.status'])).toEqual(['ok', 'ok', 'ok']);
    expect(eventsOf(observed, 'agent.model_call')).toHaveLength(11);
    expect(eventsOf(observed, 'agent.tool_call')).toHaveLength(9);
  });

  it.each([
    ['main.mjs', 'import'],
    ['main.mjs', 'require'],
    ['second.cjs', 'import'],
    ['second.cjs', 'require'],
  ] as const)('modules that are imported and required, from %s by %s', async (name, preload) => {
    if (node === undefined) return;
    const [bare, observed] = [await run('none'), await run(preload)];
    expect(bare.stdout).toBe(name === 'main.mjs' ? 'function true true 1 false\n' : 'main function 1\n');
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, '', 0]);

    function run(how: 'none' | 'import' | 'require'): Promise<Outcome> {
      const scenario = { exchanges: [] };
      return harness.run(program(`shared-cjs/${name}`), { scenario, preload: how, node: node ?? '' });
    }
  });

  it('a stream by HTTP/2', async () => {
    if (node === undefined) return;
    const { events } = streamedAnswer() as { events: readonly SseEvent[] };
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        response.setHeader('content-type', 'text/event-stream');
        for (const { event, data } of events)
          response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const observed = await harness.run(program('wire.mjs'), {
      scenario: { exchanges: [] },
      node,
      environment: {
        CLIENT: 'http2',
        WAY: 'stream',
        H2_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      },
    });
    server.close();
    expect([observed.stdout, observed.stderr, observed.said]).toEqual(['200 true\n', '', []]);
    expect(eventsOf(observed, 'agent.model_call')).toMatchObject([{ cost_nano_usd: 400_000 }]);
  });

  describe('every way of calling', () => {
    let bare: Outcome;
    beforeAll(async () => {
      if (node === undefined) return;
      bare = await harness.run(program('surfaces.mjs'), {
        scenario: surfaceScenario(),
        preload: 'none',
        node,
      });
    });

    it.each(['import', 'require'] as const)('loaded by %s', async (load) => {
      if (node === undefined) return;
      const observed = await harness.run(program('surfaces.mjs'), {
        scenario: surfaceScenario(),
        preload: load,
        node,
        environment: { LOAD: load },
      });
      expect(anonymous(observed.stdout)).toEqual(anonymous(bare.stdout));
      expect([observed.stderr, observed.code]).toEqual([bare.stderr, bare.code]);
      const options = { hasMiddleware: true, isNative: true };
      const names = Object.keys(EXPECTED);
      expect(names.map((name) => [name, recordedOf(observed, name, true)])).toEqual(
        names.map((name) => [name, expectedOf(name, lineOf(bare, name), options)]),
      );
    });
  });

  it('a stream that is left after three pieces stops at the server', async () => {
    if (node === undefined) return;
    const words = Array.from({ length: 60 }, (_, index) => `word${String(index)}`).join(' ');
    const outcome = await harness.run(program('leave-stream.mjs'), {
      scenario: { exchanges: [streamedAnswer({ blocks: [text(words)] }, { pieceLength: 8, delayMs: 100 })] },
      node,
    });
    expect(outcome.stdout).toBe('left after 3 true\n');
    expect(outcome.requests[0]?.eventsSent).toBeLessThanOrEqual(6 + 2);
    expect(eventsOf(outcome, 'agent.model_call').map((call) => call['tallyspan.cost.status'])).toEqual([
      'estimated',
    ]);
  });

  it.each([
    ['exit', 3, 'aborted', undefined],
    ['throw', 1, 'error', 'TypeError'],
  ] as const)(
    '%s: what was left is delivered by the next process',
    async (ending, code, status, errorType) => {
      if (node === undefined) return;
      const environment = { ENDING: ending, TALLYSPAN_SPOOL: path.join(harness.spoolDir, ending) };
      let port = 0;
      const first = await harness.run(program('wait-in-tool.mjs'), {
        scenario: { exchanges: [{ json: makeMessage({ blocks: [toolUse('slow', { n: 1 })] }) }] },
        environment,
        node,
        during: (_child, receiver) => {
          port = Number(new URL(receiver.grpcUrl).port);
          return Promise.resolve();
        },
      });
      expect([first.code, first.stdout]).toEqual([code, 'tool slow\n']);
      const second = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment,
        node,
        receiver: { grpcPort: port },
      });
      const ended = [...eventsOf(first, 'agent.run'), ...eventsOf(second, 'agent.run')];
      expect(new Map(ended.map((run) => [run['agent.status'], run['error.type']]))).toEqual(
        new Map([
          [status, errorType],
          ['ok', undefined],
        ]),
      );
    },
  );
});

describe.each(UNSUPPORTED_NODE_VERSIONS)('Node %s, which is too old', (version) => {
  it.each(['import', 'require', 'both'] as const)(
    'one line, and the program runs on (%s)',
    async (preload) => {
      const harness = await openHarness();
      try {
        const node = await installNode(version);
        if (node === undefined) return;
        const scenario = { exchanges: [answer()] };
        const outcome = await harness.run(program('ask.cjs'), { scenario, preload, node });
        expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([
          'Hello there, how can I help? 20\n',
          '',
          0,
        ]);
        expect(outcome.said).toEqual([
          `tallyspan: off: Node v${version} is too old, calls are not observed. Use Node 22.15 or later.`,
        ]);
        expect(outcome.events).toEqual([]);
      } finally {
        await harness.close();
      }
    },
    300_000,
  );
});
