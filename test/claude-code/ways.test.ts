// The real Claude Code, once through everything that costs something, read in every way: by its logs alone, its spans
// alone, its transcripts alone and all at once. Each comes to what the API answered, to the nano-dollar.

import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readCommand } from '../cli/read-command.ts';
import { errorExchange } from '../fakes/anthropic-api.ts';
import { getJson, startTestServer, type TestServer } from '../server/harness.ts';
import {
  CLAUDE_CODE_VERSIONS,
  installClaudeCode,
  makeClaudeHome,
  runClaudeCode,
  type ClaudeHome,
} from './claude-code.ts';
import { costOfLog, withoutDetails } from './log-cost.ts';
import { replay, settled, settledCost, startOtlpRecorder, type OtlpRecorder } from './otlp-recorder.ts';
import { startScriptedApi, turnsOf, type ApiRequest, type ScriptedApi, type Turn } from './scripted-api.ts';

/** Real programs, on machines that do other things besides. */
jest.setTimeout(180_000);

interface RunSummary {
  readonly 'agent.run_id': string;
  readonly 'agent.parent_run_id': string | null;
  readonly 'agent.status': string;
  readonly 'agent.turns': number;
}

const CACHING = {
  cache_creation_input_tokens: 1_300,
  cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 300 },
};
const MCP_SERVER = path.join(import.meta.dirname, 'programs/mcp-server.mjs');
const SECRET = 'zanzibar';
let serial = 0;

function use(name: string, input: object): Turn['blocks'][number] {
  return { type: 'tool_use', id: `toolu_ways_${String((serial += 1))}`, name, input };
}

const bash = (): Turn['blocks'][number] => use('Bash', { command: `echo ${SECRET}`, description: 'x' });
const agent = (prompt: string): Turn['blocks'][number] =>
  use('Agent', { description: 'x', prompt, subagent_type: 'general-purpose', run_in_background: false });
const say = (text: string): Turn['blocks'][number] => ({ type: 'text', text });

/** By what the conversation began with: three sub-agents deep, beside another; a search; an error; else an answer. */
function answer(request: ApiRequest): Turn | ReturnType<typeof errorExchange> {
  const turn = turnsOf(request);
  const begin = JSON.stringify(request.messages[0]);
  const task = /TASK-(\d)/.exec(begin)?.[1];
  const mode = /MODE-(\w+)/.exec(begin)?.[1];
  const done: Turn = { blocks: [say('Done.')], usage: { output_tokens: 40, cache_read_input_tokens: 2_300 } };
  if (request.tools?.some(({ name }) => name === 'web_search') === true)
    return { blocks: [say('Found.')], usage: { server_tool_use: { web_search_requests: 2 } } };
  if (mode === 'error') return errorExchange(400, 'invalid_request_error', SECRET);
  if (task !== undefined) {
    if (turn > 0) return done;
    return task === '3' || task === '9'
      ? { blocks: [bash()], usage: { input_tokens: 17 } }
      : { blocks: [agent(`TASK-${String(Number(task) + 1)}`)], usage: { input_tokens: 23 } };
  }
  if (mode === 'search' && turn === 0) return { blocks: [use('WebSearch', { query: `cats and ${SECRET}` })] };
  if (mode === 'mcp' && turn === 0) return { blocks: [use('mcp__shop__stock', {})], usage: CACHING };
  if (mode !== 'agents' || turn > 1) return done;
  return turn === 0
    ? { blocks: [say('I look.'), bash()], usage: { ...CACHING, output_tokens: 260 } }
    : { blocks: [agent('TASK-1'), agent('TASK-9')], usage: CACHING };
}

const costOf = async (server: TestServer): Promise<number> =>
  (await getJson<{ total: { cost_nano_usd: number } }>(server, '/api/cost')).total.cost_nano_usd;

describe.each(CLAUDE_CODE_VERSIONS)('Claude Code %s', (version) => {
  let binary: string | undefined;
  let home: ClaudeHome;
  let api: ScriptedApi;
  let recorder: OtlpRecorder;
  const servers: TestServer[] = [];

  beforeAll(async () => {
    binary = await installClaudeCode(version);
    if (binary === undefined) return;
    home = await makeClaudeHome();
    api = await startScriptedApi(answer);
    recorder = await startOtlpRecorder();
    const run = async (prompt: string, args: readonly string[] = []): Promise<void> => {
      await runClaudeCode(binary as string, home, {
        apiUrl: api.url,
        prompt,
        args: ['--dangerously-skip-permissions', ...args],
        env: {
          CLAUDE_CODE_ENABLE_TELEMETRY: '1',
          CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
          OTEL_LOGS_EXPORTER: 'otlp',
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_METRICS_EXPORTER: 'none',
          // Sent while it runs: what it sends at its end is cut short on a busy machine.
          OTEL_LOGS_EXPORT_INTERVAL: '200',
          OTEL_TRACES_EXPORT_INTERVAL: '200',
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
          OTEL_EXPORTER_OTLP_ENDPOINT: recorder.url,
        },
      });
    };
    await run(`MODE-agents ${SECRET}`);
    const [project = ''] = await readdir(home.projects);
    const files = await readdir(path.join(home.projects, project));
    const session = files.find((name) => name.endsWith('.jsonl'))?.slice(0, -'.jsonl'.length) ?? '';
    await run('again', ['--resume', session]);
    await run('elsewhere', ['--resume', session, '--fork-session']);
    await run('/compact', ['--resume', session]);
    await run('MODE-search');
    await run('MODE-error');
    const shop = { command: process.execPath, args: [MCP_SERVER] };
    await run('MODE-mcp', ['--strict-mcp-config', '--mcp-config', JSON.stringify({ mcpServers: { shop } })]);
  });

  afterAll(async () => {
    for (const server of servers) await server.remove();
    if (binary === undefined) return;
    await recorder.close();
    await api.close();
    await home.remove();
  });

  async function serverOf(
    ...ways: readonly ('/v1/logs' | '/v1/traces' | 'transcripts')[]
  ): Promise<TestServer> {
    const server = await startTestServer({ claudeIdleMs: 1_000 });
    servers.push(server);
    await replay(
      server,
      recorder.recorded.filter(({ signal }) => ways.includes(signal)),
    );
    if (ways.includes('transcripts'))
      await readCommand(['import', 'claude', home.projects, '--url', server.uiUrl]);
    return server;
  }

  test('by its logs alone', async () => {
    if (binary === undefined) return;
    const server = await serverOf('/v1/logs');
    expect(await costOf(server)).toBe(costOfLog(api.log));
    const runs = await settled<readonly RunSummary[]>(server, '/api/runs?limit=100', (found) =>
      found.every((run) => run['agent.status'] !== 'running'),
    );
    const nested = runs.filter((run) => run['agent.parent_run_id'] !== null);
    expect([runs.length - nested.length, nested.length]).toEqual([7, 4]);
    expect(runs.filter((run) => run['agent.status'] === 'error')).toHaveLength(1);
  });

  test('by its spans alone, but for what spans do not say', async () => {
    if (binary === undefined) return;
    expect(await costOf(await serverOf('/v1/traces'))).toBe(costOfLog(withoutDetails(api.log)));
  });

  test('by its transcripts alone, with a row for what they do not hold', async () => {
    if (binary === undefined) return;
    const server = await serverOf('transcripts');
    expect(await costOf(server)).toBe(costOfLog(api.log));
    // A log says of the tools of a server only that they are such.
    const { groups } = await getJson<{
      readonly groups: readonly { readonly by: { readonly tool: string }; readonly value: number }[];
    }>(server, '/api/signals/tool_calls?by=tool&window=24h');
    expect(groups.find(({ by }) => by.tool === 'mcp__shop__stock')?.value).toBe(1);
  });

  test.each([
    [['/v1/logs', '/v1/traces', 'transcripts']],
    [['transcripts', '/v1/logs']],
    [['/v1/traces', '/v1/logs']],
  ] as const)('by %s at once', async (ways) => {
    if (binary === undefined) return;
    const server = await serverOf(...ways);
    const expected = costOfLog(api.log);
    expect(await settledCost(server, expected)).toBe(expected);
    // A run of spans beside that of the log is marked, too.
    const runs = await settled<readonly RunSummary[]>(
      server,
      '/api/runs?limit=100',
      (found) => found.length === 11,
    );
    expect(runs).toHaveLength(11);
    await server.close();
    for (const file of await readdir(server.dataDir)) {
      const bytes = await readFile(path.join(server.dataDir, file)).catch(() => Buffer.alloc(0));
      expect([file, bytes.includes(SECRET)]).toEqual([file, false]);
    }
  });
});
