// The real Claude Agent SDK with the real binary below it, under the preload alone and with Claude Code's own telemetry
// beside it: what is shown comes to what the API answered, to the nano-dollar.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { installPackages } from '../contract/versions/cached-packages.ts';
import { openHarness, type Harness } from '../contract/harness.ts';
import { errorExchange, type FakeMessage } from '../fakes/anthropic-api.ts';
import { startOtlpReceiver } from '../fakes/otlp-receiver.ts';
import { getJson, startTestServer } from '../server/harness.ts';
import {
  CLAUDE_CODE_VERSIONS,
  claudeEnv,
  installClaudeCode,
  makeClaudeHome,
  type ClaudeHome,
} from './claude-code.ts';
import { readCommand } from '../cli/read-command.ts';
import { costOfLog, withoutDetails } from './log-cost.ts';
import {
  isOfClaudeCode,
  replay,
  settled,
  settledCost,
  startOtlpRecorder,
  type OtlpRecorder,
  type Recorded,
} from './otlp-recorder.ts';
import { startScriptedApi, turnsOf, type ApiRequest, type ScriptedApi, type Turn } from './scripted-api.ts';

/** Real programs, on machines that do other things besides. */
jest.setTimeout(180_000);

const PROGRAM = path.join(import.meta.dirname, 'programs/agent.mjs');
const CACHING = {
  cache_creation_input_tokens: 1_300,
  cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 300 },
};
let serial = 0;

function use(name: string, input: object): Turn['blocks'][number] {
  return { type: 'tool_use', id: `toolu_sdk_${String((serial += 1))}`, name, input };
}

function agent(prompt: string): Turn['blocks'][number] {
  return use('Agent', {
    description: 'x',
    prompt,
    subagent_type: 'general-purpose',
    run_in_background: false,
  });
}

function answer(request: ApiRequest): Turn | ReturnType<typeof errorExchange> {
  const begin = JSON.stringify(request.messages[0]);
  const turn = turnsOf(request);
  const task = /TASK-(\d)/.exec(begin)?.[1];
  const mode = /MODE-(\w+)/.exec(begin)?.[1];
  const done: Turn = {
    blocks: [{ type: 'text', text: 'Done.' }],
    usage: { ...CACHING, output_tokens: 77, cache_read_input_tokens: 2_300 },
  };
  const bash = use('Bash', { command: 'echo hi', description: 'x' });
  if (mode === 'error') return errorExchange(400, 'invalid_request_error', 'no');
  if (task !== undefined && turn === 0)
    return { blocks: [task === '2' ? bash : agent('TASK-2')], usage: { input_tokens: 23 } };
  if (mode === 'tools' && turn < 2) return { blocks: [bash], usage: { ...CACHING, output_tokens: 260 } };
  if (mode === 'endless' && turn < 12) return { blocks: [bash], usage: CACHING };
  if (mode === 'slow' && turn === 0)
    return { blocks: [use('Bash', { command: 'sleep 20', description: 'x' })], usage: CACHING };
  if (mode === 'agents' && turn === 0) return { blocks: [agent('TASK-1'), agent('TASK-2')], usage: CACHING };
  if (mode === 'mcp' && turn === 0) return { blocks: [use('mcp__eyes__look', { at: 'x' })] };
  return done;
}

const sum = (events: readonly EventRecord[]): number =>
  events.reduce((total, event) => total + (event.cost_nano_usd ?? 0), 0);
const named = (events: readonly EventRecord[], name: EventRecord['event.name']): EventRecord[] =>
  events.filter((event) => event['event.name'] === name);

/** Claude Code's own logs and traces, beside what the preload sends. */
const telemetryTo = ({ url }: OtlpRecorder): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORT_INTERVAL: '200',
  OTEL_TRACES_EXPORT_INTERVAL: '200',
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
});

type RunSummary = Readonly<Record<string, unknown>>;
/** Runs within no other, but for those of spans whose log was lost: they have no agent's name. */
const topOf = (runs: readonly RunSummary[]): RunSummary[] =>
  runs.filter((run) => run['agent.parent_run_id'] === null && run['gen_ai.agent.name'] !== null);

describe.each(CLAUDE_CODE_VERSIONS)('the Agent SDK on Claude Code %s', (version) => {
  const sdkVersion = version.replace(/^2\.1/, '0.3');
  let binary: string | undefined;
  let packages: string | undefined;
  let harness: Harness;
  let home: ClaudeHome;
  let api: ScriptedApi;

  beforeAll(async () => {
    binary = await installClaudeCode(version);
    packages = await installPackages(
      `agent-sdk-${sdkVersion}`,
      { '@anthropic-ai/claude-agent-sdk': sdkVersion },
      {},
      ['--omit=optional'],
    );
    harness = await openHarness();
    home = await makeClaudeHome();
    api = await startScriptedApi(answer);
  });
  afterAll(async () => {
    await harness.close();
    await home.remove();
    await api.close();
  });

  /** Runs the scenarios in one process, and gives what the program printed of each. */
  async function runProgram(
    scenarios: readonly string[],
    env: Readonly<Record<string, string>>,
    where = home,
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const preload = ['--import', `file://${harness.packageDir}/register.mjs`];
    const child = spawn(process.execPath, [...preload, PROGRAM, ...scenarios], {
      env: {
        ...claudeEnv(where, api.url),
        PACKAGES: packages ?? '',
        CLAUDE: binary ?? '',
        PROJECT: where.cwd,
        TALLYSPAN: `file://${harness.packageDir}/index.mjs`,
        TALLYSPAN_SPOOL: harness.spoolDir,
        OTEL_SERVICE_NAME: 'contract',
        ...env,
      },
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const lines = stdout.trim().split('\n');
    if (lines.length !== scenarios.length) throw new Error(`${stdout}\n${stderr}`);
    return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  /** The events that the preload sent of the scenarios, and what the API answered meanwhile. */
  async function observe(
    ...scenarios: readonly string[]
  ): Promise<{ events: EventRecord[]; apiNanoUsd: number; asked: number }> {
    return observeWith({}, ...scenarios);
  }

  async function observeWith(
    env: Readonly<Record<string, string>>,
    ...scenarios: readonly string[]
  ): Promise<{ events: EventRecord[]; apiNanoUsd: number; asked: number }> {
    const receiver = await startOtlpReceiver();
    const from = api.log.length;
    try {
      await runProgram(scenarios, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl, ...env });
      const log = api.log.slice(from);
      return { events: receiver.events(), apiNanoUsd: costOfLog(log), asked: log.length };
    } finally {
      await receiver.close();
    }
  }

  test('by the preload alone, with a row for what its messages do not count', async () => {
    if (binary === undefined || packages === undefined) return;
    const { events, apiNanoUsd } = await observe(
      'plain',
      'stream',
      'agents',
      'turns',
      'resume',
      'mcp',
      'warm',
      'error',
      'interrupt',
      'around',
    );
    const calls = named(events, 'agent.model_call');
    expect(sum(calls)).toBe(apiNanoUsd);
    const runs = named(events, 'agent.run');
    // plain, stream, agents with two, two turns, a session with its resumption and its fork, mcp, warm, error, interrupt, around with its own.
    expect(runs).toHaveLength(1 + 1 + 3 + 2 + 3 + 1 + 1 + 1 + 1 + 2);
    const outer = runs.find((run) => run['gen_ai.agent.name'] === 'outer');
    const inner = runs.find((run) => run['agent.parent_run_id'] === outer?.['agent.run_id']);
    expect([inner?.['user.id'], inner?.['agent.cost_nano_usd']]).toEqual([
      'cust-7',
      outer?.['agent.nested_cost_nano_usd'],
    ]);
    // The stream was asked for: each call to its end. Not asked for: an estimate, whose rest is a row of its own.
    const [plain, stream] = runs.map((run) =>
      calls
        .filter((call) => call['agent.run_id'] === run['agent.run_id'])
        .map((call) => call['tallyspan.cost.status']),
    );
    expect(plain).toEqual(['estimated', 'estimated', 'estimated', 'estimated']);
    expect(stream).toEqual(['priced', 'priced', 'priced']);
    const failed = runs.map((run) => run['agent.status']).filter((status) => status !== 'ok');
    expect(failed).toEqual(['error', 'aborted']);
    expect(calls.filter((call) => call['tallyspan.cost.status'] === 'unpriced')).toEqual([]);
  });

  test.each([
    ['endless', { TALLYSPAN_LIMIT_TURNS: '3' }, 'turns', 'turn_limit'],
    ['endlessOpen', { TALLYSPAN_LIMIT_TURNS: '3' }, 'turns', 'turn_limit'],
    ['endlessOpen', { TALLYSPAN_LIMIT_RUN: '$0.03' }, 'run', 'budget_exceeded'],
  ])('%s: a session that passes a limit is stopped: %j', async (scenario, env, scope, status) => {
    if (binary === undefined || packages === undefined) return;
    const { events, asked } = await observeWith(env, scenario);
    // Twelve calls and more without it; with it those up to the limit, and what was under way.
    expect(asked).toBeLessThan(8);
    const [stopped, ...more] = named(events, 'agent.limit').filter(
      (event) => event['limit.action'] === 'stopped',
    );
    expect(more).toEqual([]);
    expect(stopped?.['limit.scope']).toBe(scope);
    expect(named(events, 'agent.run').map((run) => run['agent.status'])).toEqual([status]);
  });

  test('a session that its caller left is partial', async () => {
    if (binary === undefined || packages === undefined) return;
    const { events } = await observe('leave');
    const statuses = named(events, 'agent.model_call').map((call) => call['tallyspan.cost.status']);
    expect(statuses).toEqual(['estimated', 'partial']);
    expect(named(events, 'agent.run')).toEqual([expect.objectContaining({ 'agent.status': 'aborted' })]);
  });

  describe("beside Claude Code's own logs and traces", () => {
    const ours: Recorded[] = [];
    const theirs: Recorded[] = [];
    let expected = 0;

    beforeAll(async () => {
      if (binary === undefined || packages === undefined) return;
      const recorder = await startOtlpRecorder();
      const from = api.log.length;
      await runProgram(['plain', 'agents', 'turns', 'around'], telemetryTo(recorder));
      await recorder.close();
      expected = costOfLog(api.log.slice(from));
      for (const sent of recorder.recorded) (isOfClaudeCode(sent) ? theirs : ours).push(sent);
    });

    // What it sends at its end may be cut short: then some of `theirs` is lost already.
    test.each<[string, () => readonly Recorded[]]>([
      ['after ours', () => [...ours, ...theirs]],
      ['before ours, without their last parts', () => [...theirs.slice(0, -3), ...ours]],
      ['without every second part', () => [...ours, ...theirs.filter((_, index) => index % 2 === 0)]],
      ['traces alone', () => [...theirs.filter(({ signal }) => signal === '/v1/traces'), ...ours]],
    ])('each call counts once: %s', async (_, sent) => {
      if (binary === undefined || packages === undefined) return;
      const server = await startTestServer({ claudeIdleMs: 500 });
      try {
        await replay(server, sent());
        expect(await settledCost(server, expected)).toBe(expected);
        // plain, agents, two turns, around: the program's, and none of the log besides.
        const runs = await settled<readonly RunSummary[]>(
          server,
          '/api/runs?limit=100',
          (found) => topOf(found).length === 5,
        );
        expect(topOf(runs).map((run) => run['gen_ai.agent.name'])).toEqual([
          'outer',
          ...Array.from({ length: 4 }, () => 'contract'),
        ]);
        const { rows } = await getJson<{ rows: readonly { name: string | null; runs: number }[] }>(
          server,
          '/api/cost?by=user',
        );
        expect(rows.find(({ name }) => name === 'cust-7')?.runs).toBe(2);
      } finally {
        await server.remove();
      }
    });
  });

  describe('a tool in the program, and an interruption', () => {
    const ours: Recorded[] = [];
    const theirs: Recorded[] = [];
    let log: FakeMessage[] = [];
    let projects: ClaudeHome;

    beforeAll(async () => {
      if (binary === undefined || packages === undefined) return;
      const recorder = await startOtlpRecorder();
      const from = api.log.length;
      projects = await makeClaudeHome();
      await runProgram(['mcp', 'interrupt'], telemetryTo(recorder), projects);
      await recorder.close();
      log = api.log.slice(from);
      for (const sent of recorder.recorded) (isOfClaudeCode(sent) ? theirs : ours).push(sent);
    });

    afterAll(async () => {
      if (binary !== undefined && packages !== undefined) await projects.remove();
    });

    const of = (signal: Recorded['signal']): Recorded[] => theirs.filter((sent) => sent.signal === signal);

    test.each<[string, () => readonly Recorded[], boolean, boolean]>([
      ['logs', () => of('/v1/logs'), false, true],
      // Spans do not say for how long a cache was written.
      ['traces', () => of('/v1/traces'), false, false],
      ['transcripts', () => [], true, true],
      ['the preload', () => ours, false, true],
      ['all at once', () => [...ours, ...theirs], true, true],
    ])('by %s', async (_, sent, hasTranscripts, knowsAll) => {
      if (binary === undefined || packages === undefined) return;
      const server = await startTestServer({ claudeIdleMs: 500 });
      try {
        await replay(server, sent());
        if (hasTranscripts) await readCommand(['import', 'claude', projects.projects, '--url', server.uiUrl]);
        const wanted = costOfLog(knowsAll ? log : withoutDetails(log));
        expect(await settledCost(server, wanted)).toBe(wanted);
      } finally {
        await server.remove();
      }
    });
  });
});
