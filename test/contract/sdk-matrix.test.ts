// The supported range of the SDK: every way of calling, on every version in the list, with and without
// the preload. What the caller sees is the same; what is recorded is right and there once.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { eventsOf, openHarness, spansOf, type Harness, type Outcome } from './harness.ts';
import { EXPECTED, surfaceScenario } from './surfaces.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/surfaces.mjs');

/** Version, and whether the SDK sends its requests through per-request middleware, where attempts can be counted. */
const VERSIONS = [
  ['0.20.9', false],
  ['0.27.3', false],
  ['0.33.1', false],
  ['0.39.0', false],
  ['0.52.0', false],
  ['0.60.0', false],
  ['0.71.2', false],
  ['0.90.0', false],
  ['0.120.0', true],
  ['0.133.0', true],
  ['0.134.0', true],
  ['1.0.0', true],
  ['1.11.0', true],
] as const;
const NEWEST = '1.11.0';

const CASES = [
  ...VERSIONS.map(([version, hasMiddleware]) => ({ version, hasMiddleware, native: 'on' })),
  { version: '0.134.0', hasMiddleware: true, native: 'off' },
  { version: NEWEST, hasMiddleware: true, native: 'off' },
];

describe.each(CASES)(
  '@anthropic-ai/sdk $version, native spans $native',
  ({ version, hasMiddleware, native }) => {
    // Since 0.134.0. The SDK ends its span of a raw response with the headers, before anything is known of it.
    const isNative = native === 'on' && /^(0\.134|1\.)/.test(version);
    let harness: Harness;
    let bare: Outcome;
    let observed: Outcome;

    beforeAll(async () => {
      harness = await openHarness();
      const environment = {
        SDK: version === NEWEST ? '@anthropic-ai/sdk' : `anthropic-sdk-${version.replaceAll('.', '-')}`,
        ...(native === 'off' ? { ANTHROPIC_OPEN_TELEMETRY: 'false' } : {}),
      };
      bare = await harness.run(PROGRAM, { scenario: surfaceScenario(), preload: 'none', environment });
      observed = await harness.run(PROGRAM, { scenario: surfaceScenario(), environment });
    });
    afterAll(() => harness.close());

    it('the caller sees the same', () => {
      expect(anonymous(observed.stdout)).toEqual(anonymous(bare.stdout));
      expect(observed.code).toBe(bare.code);
    });

    it.each(Object.keys(EXPECTED))('%s: recorded once, and right', (name) => {
      const line = lineOf(bare, name);
      const of = (event: 'agent.model_call' | 'agent.run' | 'agent.tool_call') =>
        eventsOf(observed, event).filter((candidate) => candidate['user.id'] === name);
      const calls = of('agent.model_call');
      expect({
        calls: calls.map((call) => ({
          cost: call['tallyspan.cost.status'] ?? 'none',
          ...(call['error.type'] === undefined ? {} : { error: call['error.type'] }),
        })),
        runs: of('agent.run').map((run) => run['agent.status']),
        tools: of('agent.tool_call').map((call) => call['tool.ok']),
        attempts: hasMiddleware ? calls.at(-1)?.attempts : undefined,
        // One call, one span: with that very id, named by the conventions, and with the run on it.
        spans: calls.map((call) =>
          observed.spans
            .filter((span) => span.spanId === call.span_id)
            .map((span) => [span.name, span.attributes['agent.run_id'] === call['agent.run_id']]),
        ),
      }).toEqual(expectedOf(name, line, { hasMiddleware, isNative }));
    });

    it('makes no span that no event stands for', () => {
      const chats = observed.spans.filter((span) => /^(chat |anthropic\.messages)/.test(span.name));
      expect(chats).toHaveLength(eventsOf(observed, 'agent.model_call').length);
    });

    it('token counting has a span with its own operation, and no event', () => {
      const ways = Object.keys(EXPECTED).filter((name) => EXPECTED[name]?.counts !== undefined);
      const made = ways.filter((name) => !lineOf(bare, name).includes('"absent"'));
      const counts = spansOf(observed, 'count_tokens claude-sonnet-5-5');
      expect(
        counts.map(({ attributes, statusCode }) => [
          attributes['gen_ai.operation.name'],
          Object.keys(attributes).filter((key) => key.includes('cost')),
          statusCode === 2,
        ]),
      ).toEqual(made.map((name) => ['count_tokens', [], name === 'count_tokens_failure']));
    });
  },
);

/** What has to be recorded of a way of calling, given what the program printed of it without the preload. */
function expectedOf(
  name: string,
  line: string,
  { hasMiddleware, isNative }: { hasMiddleware: boolean; isNative: boolean },
): object {
  const expected = EXPECTED[name];
  // This version has no such method.
  if (expected === undefined || line.includes('"absent"'))
    return { calls: [], runs: [], tools: [], attempts: undefined, spans: [] };
  // Before 0.50 the SDK turned an error event of a stream into a connection error, without its type.
  const calls = expected.calls.map((call) =>
    line.includes('APIConnectionError') ? { ...call, error: 'connection_error' } : call,
  );
  const sent = name === 'abort_before' || calls.length === 0 ? undefined : (expected.attempts ?? 1);
  // Without spans of its own for tools, what ran is known only from a request that carries the results on.
  const areToolsSeen = isNative || name !== 'tool_runner_limit';
  return {
    calls,
    runs: expected.runs,
    tools: areToolsSeen ? (expected.tools ?? []) : [],
    attempts: hasMiddleware ? sent : undefined,
    spans: calls.map(() => [['chat claude-sonnet-5-5', name !== 'as_response' || !isNative]]),
  };
}

/** What the program printed of a way of calling. */
function lineOf({ stdout }: Outcome, name: string): string {
  return stdout.split('\n').find((candidate) => candidate.startsWith(`${name} `)) ?? '';
}

/** Message ids are new in every play. */
function anonymous(output: string): string[] {
  return output.replaceAll(/req_\d+/g, 'req_n').split('\n');
}
