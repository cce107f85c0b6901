// Logs of Claude Code as they arrive at a real server: what they become, and what is nowhere in the data file.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runIdOfAgent, runIdOfPrompt } from '../../core/transcripts/ids.ts';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import { encodeRequest } from '../fakes/otlp-schema.ts';
import {
  JSON_TYPE,
  PROTOBUF_TYPE,
  getJson,
  post,
  sendEvents,
  startTestServer,
  type TestServer,
} from '../server/harness.ts';
import { PROMPT, SECRET, SESSION, apiRequest, logsOf, otlpOf, type SampleLog } from './sample-logs.ts';

type Json = Readonly<Record<string, unknown>>;
interface RunTree extends Json {
  readonly steps: readonly Json[];
}
interface RunSummary extends Json {
  readonly 'agent.run_id': string;
}

const RUN = runIdOfPrompt(PROMPT);
const NESTED = runIdOfAgent('agent1');
const AGENT = {
  agent_id: 'agent1',
  'agent.name': 'general-purpose',
  query_source: 'agent:builtin:general-purpose',
};

const TURN = logsOf(
  [
    ['plugin_loaded', { 'plugin.name': 'x' }],
    ['user_prompt', { prompt_length: '13', prompt: SECRET, prompt_text: SECRET }],
    [
      'tool_decision',
      {
        decision: 'accept',
        source: 'config',
        tool_name: 'Bash',
        tool_use_id: 'toolu_1',
        request_id: 'req_1',
      },
    ],
    apiRequest('req_1'),
    ['assistant_response', { response_length: 2, response: SECRET, request_id: 'req_1' }],
    [
      'tool_result',
      {
        tool_name: 'Bash',
        tool_use_id: 'toolu_1',
        success: 'false',
        duration_ms: '1491',
        error_type: 'ShellError',
        error: SECRET,
        tool_input: SECRET,
        tool_parameters: SECRET,
        tool_input_size_bytes: '39',
        tool_result_size_bytes: '2',
        request_id: 'req_1',
      },
    ],
    apiRequest('req_2', {
      ...AGENT,
      input_tokens: '1000',
      speed: 'fast',
      cost_usd: 0.0332,
      cost_usd_micros: 33_200,
    }),
    ['subagent_completed', { ...AGENT, agent_type: 'general-purpose', total_tokens: 3_340 }],
    // Two searches, which the record does not count and its cost holds.
    apiRequest('req_3', { query_source: 'web_search_tool', cost_usd: 0.0366, cost_usd_micros: 36_600 }),
    [
      'api_error',
      { model: 'claude-opus-5-5', error: SECRET, status_code: 529, attempt: 3, request_id: 'req_4' },
    ],
    ['api_refusal', { model: 'claude-opus-5-5', request_id: 'req_5' }],
    apiRequest('req_5', { output_tokens: 1, cost_usd_micros: 11_420 }),
    ['compaction', { trigger: 'auto', success: 'true', pre_tokens: '2658', post_tokens: '2603' }],
    // A price that the tokens do not explain.
    apiRequest('req_6', { model: 'claude-opus-5-5[1m]', cost_usd_micros: 17_777 }),
    ['assistant_response', { response_length: 5, response: SECRET, request_id: 'req_6' }],
  ],
  { startMs: Date.now() - 60_000 },
);

/** A call of the session, under a plan or paid by the call. */
const ofSession = (session: string, plan: string): readonly SampleLog[] =>
  logsOf([apiRequest(`req_${session}`, { 'session.id': session, 'anthropic.plan': plan })], {
    startMs: Date.now() - 500,
  });

describe.each(['json', 'protobuf'])('logs of Claude Code in %s', (encoding) => {
  let server: TestServer;

  const send = async (logs: readonly SampleLog[], scope?: string): Promise<void> => {
    const body =
      encoding === 'json'
        ? JSON.stringify(otlpOf(logs, scope))
        : encodeRequest('logs', otlpOf(logs, scope) as object);
    const answer = await post(
      server.httpAddress,
      '/v1/logs',
      body,
      encoding === 'json' ? JSON_TYPE : PROTOBUF_TYPE,
    );
    expect(answer.status).toBe(200);
  };
  const runs = (): Promise<readonly RunSummary[]> => getJson(server, '/api/runs');
  const costOf = async (): Promise<number> =>
    (await getJson<{ total: { cost_nano_usd: number } }>(server, '/api/cost')).total.cost_nano_usd;
  const ended = async (run: string): Promise<RunSummary> => {
    for (;;) {
      const found = (await runs()).find((each) => each['agent.run_id'] === run);
      if (found !== undefined && found['agent.status'] !== 'running') return found;
      await new Promise((done) => setTimeout(done, 20));
    }
  };

  const lost = async (): Promise<unknown> =>
    (await getJson<{ value: unknown }>(server, '/api/signals/lost_events')).value;

  beforeAll(async () => {
    server = await startTestServer({ claudeIdleMs: 200 });
    // Twice, as a sender does that did not hear the answer.
    await send(TURN.slice(0, 8));
    await send(TURN.slice(0, 8));
    // By a relay that loses who wrote it.
    await send(TURN.slice(8), '');
  });
  afterAll(() => server.remove());

  test('a prompt is a run with its calls and tools, a sub-agent a run in it', async () => {
    expect(await ended(RUN)).toMatchObject({
      'gen_ai.conversation.id': SESSION,
      'gen_ai.agent.name': 'claude-code',
      'user.id': '4316010b8380',
      'agent.status': 'ok',
      'agent.turns': 5,
      'agent.tool_calls': 1,
      nested_runs: 1,
      'agent.cost_nano_usd': 16_600_000 + 36_600_000 + 16_600_000,
      cost_with_nested_nano_usd: 16_600_000 + 33_200_000 + 36_600_000 + 16_600_000,
    });
    expect(await ended(NESTED)).toMatchObject({
      'agent.parent_run_id': RUN,
      'gen_ai.agent.name': 'general-purpose',
      'agent.turns': 1,
      'agent.cost_nano_usd': 33_200_000,
    });
    const { steps } = await getJson<RunTree>(server, `/api/runs/${RUN}`);
    expect(steps.find(({ step }) => step === 'tool_call')).toMatchObject({
      'gen_ai.tool.name': 'Bash',
      duration_ms: 1_491,
      'tool.ok': false,
      'error.type': 'ShellError',
      'tool.input_len': 39,
      'tool.result_len': 2,
    });
    expect(steps.filter(({ step }) => step === 'note').map((each) => each['agent.note.kind'])).toEqual([
      'permission',
      'warning',
      'compaction',
    ]);
  });

  test('a call costs what its tokens cost, beside what Claude Code reckons', async () => {
    const { steps } = await getJson<RunTree>(server, `/api/runs/${RUN}`);
    const calls = steps
      .filter(({ step }) => step === 'model_call')
      .map((call) => [
        call['anthropic.request.id'],
        call['cost_nano_usd'],
        call['cost_claimed_nano_usd'],
        call['tallyspan.cost.status'],
        call['tallyspan.cost.reason'],
        call['web_searches'],
        call['error.type'],
      ]);
    expect(calls).toEqual([
      ['req_1', 16_600_000, 16_600_000, 'priced', undefined, 0, undefined],
      ['req_3', 36_600_000, 36_600_000, 'priced', undefined, 2, undefined],
      ['req_4', undefined, undefined, undefined, undefined, undefined, 'overloaded_error'],
      ['req_5', 0, 11_420_000, 'priced', 'refusal_not_billed', 0, undefined],
      ['req_6', 16_600_000, 17_777_000, 'estimated', 'claim_differs', 0, undefined],
    ]);
    expect(await costOf()).toBe(16_600_000 + 33_200_000 + 36_600_000 + 16_600_000);
  });

  test('numbers that are missing are lost events, and a resumed session begins its own', async () => {
    expect(await lost()).toBe(0);
    const later = { startMs: Date.now() - 5_000 };
    await send(
      logsOf(
        [
          ['plugin_loaded', {}],
          ['auth', {}],
        ],
        later,
      ),
    );
    expect(await lost()).toBe(0);
    await send(logsOf([['auth', {}]], { startMs: later.startMs + 3_000, first: 5 }));
    expect(await lost()).toBe(3);
  });

  test('no text of a prompt, a result, an error or an account is stored', async () => {
    await ended(RUN);
    for (const name of ['tallyspan.duckdb', 'tallyspan.duckdb.wal']) {
      const bytes = await readFile(path.join(server.dataDir, name)).catch(() => Buffer.alloc(0));
      expect(bytes.includes(SECRET)).toBe(false);
    }
  });

  test('a sub-agent without an id is one for each kind within its prompt', async () => {
    const prompt = 'bbbbbbbb-c415-41d6-b2a2-99d62e65cd9d';
    const source = { query_source: 'agent:builtin:Explore', 'agent.name': 'Explore', 'prompt.id': prompt };
    await send(
      logsOf([apiRequest('req_old_1', source), apiRequest('req_old_2', source)], {
        startMs: Date.now() - 2_000,
        first: 200,
      }),
    );
    const nested = (await runs()).filter((each) => each['agent.parent_run_id'] === runIdOfPrompt(prompt));
    expect(nested.map((each) => [each['gen_ai.agent.name'], each['agent.turns']])).toEqual([['Explore', 2]]);
  });

  test('a run that only repeats what the instrumentation has in another is withdrawn, its calls counted once', async () => {
    const prompt = 'aaaaaaaa-c415-41d6-b2a2-99d62e65cd9d';
    const logs = logsOf(
      [
        ['user_prompt', { prompt_length: '13' }],
        apiRequest('req_own'),
        ['tool_result', { tool_name: 'Read', tool_use_id: 'toolu_own', success: 'true', duration_ms: '1' }],
      ],
      { startMs: Date.now() - 1_000, first: 100 },
    ).map(({ timeMs, attributes }) => ({ timeMs, attributes: { ...attributes, 'prompt.id': prompt } }));
    const before = await costOf();
    await send(logs);
    await sendEvents(server, [
      {
        timestamp: Date.now(),
        'event.name': 'agent.model_call',
        'agent.run_id': 'f'.repeat(32),
        'gen_ai.response.id': 'msg_own',
        'anthropic.request.id': 'req_own',
        'service.instance.id': 'p',
        'tallyspan.seq': 1,
        cost_nano_usd: 16_600_000,
      },
    ]);
    while ((await runs()).some((each) => each['agent.run_id'] === runIdOfPrompt(prompt)))
      await new Promise((done) => setTimeout(done, 20));
    expect((await costOf()) - before).toBe(16_600_000);
  });

  test('what was made under a plan is list value, by what Claude Code says of it', async () => {
    await send([...ofSession('under-max', 'Max'), ...ofSession('by-the-call', 'api')]);
    const report = await readCommand<{
      readonly money: string;
      readonly total: Json;
      readonly rows: readonly Json[];
    }>(['sessions', '--url', server.uiUrl]);
    const valueOf = (session: string): unknown =>
      report.rows.find(({ name }) => name === session)?.['list_value_nano_usd'];
    expect([valueOf('under-max'), valueOf('by-the-call')]).toEqual([16_600_000, 0]);
    expect([report.money, report.total['list_value_nano_usd']]).toEqual(['spend', 16_600_000]);
    expect((await runCommand(['sessions', '--url', server.uiUrl])).stdout).toContain(
      'is list value: made under a plan',
    );
  });
});
