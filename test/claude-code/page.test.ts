// The page of Claude Code, and of a session under a plan: what a transcript and a log tell of skills, MCP servers,
// compactions and the plan.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import {
  getJson,
  JSON_TYPE,
  makeDataDir,
  post,
  startTestServer,
  type TestServer,
} from '../server/harness.ts';
import { answerLine, costState, SESSION, toolResult, toolUse, userLine } from '../transcripts/transcript.ts';
import { apiRequest, logsOf, otlpOf } from './sample-logs.ts';

/** Sonnet 5.5: $2 a million tokens of input. */
const INPUT_NANO_USD = 2_000;
const START_MS = Date.now() - 3_600_000;

let server: TestServer;
let work: string;

type Fields = Readonly<Record<string, unknown>>;

const at = (second: number): Fields => ({ timestamp: new Date(START_MS + second * 1_000).toISOString() });

beforeAll(async () => {
  server = await startTestServer({ claudeIdleMs: 200 });
  work = await makeDataDir();
  const call = (second: number, tool: string, fields: Fields = {}): string[] => [
    answerLine(
      second,
      {
        id: `msg_${String(second)}`,
        output: 0,
        content: [toolUse(`toolu_${String(second)}`, tool)],
        stopReason: 'tool_use',
      },
      { ...at(second), ...fields },
    ),
    userLine(second, toolResult(`toolu_${String(second)}`, 'x'.repeat(2_000), second === 2), at(second + 1)),
  ];
  await mkdir(path.join(work, '-home-shop'));
  await writeFile(
    path.join(work, '-home-shop', `${SESSION}.jsonl`),
    [
      userLine(0, 'go', at(0)),
      ...call(1, 'mcp__github__search', { attributionSkill: 'pdf' }),
      ...call(2, 'mcp__github__read', { attributionSkill: 'pdf' }),
      ...call(3, 'Bash', { attributionSkill: '<i>notes</i>' }),
      JSON.stringify({
        type: 'system',
        subtype: 'compact_boundary',
        uuid: 'c',
        sessionId: SESSION,
        compactMetadata: { trigger: 'manual', preTokens: 3_000 },
        ...at(5),
      }),
      userLine(6, 'summary', { isCompactSummary: true, ...at(6) }),
      answerLine(7, { id: 'msg_7', output: 0 }, at(7)),
      costState({ 'claude-sonnet-5-5': { inputTokens: 4_500, outputTokens: 0 } }, { startTime: START_MS }),
    ].join('\n'),
  );
  await readCommand(['import', 'claude', work, '--url', server.uiUrl], { env: { XDG_STATE_HOME: work } });
  const underPlan = { 'session.id': 'under-max', 'anthropic.plan': 'Max', 'skill.name': 'review' };
  const logs = logsOf([apiRequest('req_1', underPlan)], { startMs: Date.now() - 60_000 });
  const { status } = await post(server.httpAddress, '/v1/logs', JSON.stringify(otlpOf(logs)), JSON_TYPE);
  if (status !== 200) throw new Error(`the log was answered with ${String(status)}`);
});

afterAll(async () => {
  await server.remove();
  await rm(work, { recursive: true, force: true });
});

async function read(address: string): Promise<string> {
  const answer = await fetch(`${server.uiUrl}${address}`, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** Texts of the cells of the row that has the attribute. */
function row(html: string, attribute: string): string[] {
  const [, cells = ''] = new RegExp(`<tr[^>]*${attribute}[^>]*>(.*?)</tr>`, 's').exec(html) ?? [];
  return [...cells.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) =>
    cell.replaceAll(/<[^>]*>/g, ''),
  );
}

test('skills, of transcripts and of logs, with what their calls cost', async () => {
  const html = await read('/claude-code');
  expect(row(html, 'data-skill="pdf"')).toEqual(['pdf', '$0.0040', '1', '2', '2,000', '0']);
  expect(row(html, 'data-skill="review"').slice(0, 4)).toEqual(['review', '$0.0166', '1', '1']);
  expect(html).not.toContain('<i>notes</i>');
});

test('MCP servers with their calls, failures and context cost; compactions with their session', async () => {
  const html = await read('/claude-code');
  const [name, cost, tools, calls, failed] = row(html, 'data-server="github"');
  expect([name, tools, calls, failed]).toEqual(['github', '2', '2', '50.0 %']);
  expect(Number(cost?.slice(1))).toBeGreaterThan(0);
  expect(row(html, 'data-compaction="manual"').slice(1, 5)).toEqual([
    SESSION.slice(0, 8),
    'the user',
    '3,000',
    '1,000',
  ]);
});

test('the sums: of the cost, what is list value and what is in no transcript', async () => {
  const html = await read('/claude-code');
  const facts = [...html.matchAll(/<dt>([^<]*)<\/dt><dd class="big" data-value="(\d+)">/g)].map(
    ([, title, value]) => [title, Number(value)],
  );
  const rest = 500 * INPUT_NANO_USD;
  expect(facts).toEqual([
    ['Cost', 4_000 * INPUT_NANO_USD + rest + 16_600_000],
    ['Of it list value', 16_600_000],
    ['Not in the transcripts', rest],
  ]);
});

test('what a session under a plan took is its list value', async () => {
  expect(await read('/sessions/under-max')).toMatch(/the plan max pays no single call"><dt>List value<\/dt>/);
  expect(await read(`/sessions/${SESSION}`)).toContain('<dt>Cost</dt>');
});

const OF_PLAN = 16_600_000;
const ALL = 4_500 * INPUT_NANO_USD + OF_PLAN;

interface Amounts {
  readonly cost_nano_usd?: number;
  readonly value?: number;
  readonly list_value_nano_usd?: number;
}

test('the API names the part of a cost that is list value, whole, by group, by day and by run', async () => {
  const { total, rows } = await getJson<{
    readonly total: Amounts;
    readonly rows: readonly (Amounts & { readonly name: string })[];
  }>(server, '/api/cost?by=session&since=24h');
  expect(total).toMatchObject({ cost_nano_usd: ALL, list_value_nano_usd: OF_PLAN });
  expect(rows.map((one) => [one.name, one.list_value_nano_usd])).toEqual([
    ['under-max', OF_PLAN],
    [SESSION, undefined],
  ]);
  const days = await getJson<{ readonly rows: readonly Amounts[] }>(server, '/api/cost?by=day&since=24h');
  expect(days.rows.reduce((sum, day) => sum + (day.list_value_nano_usd ?? 0), 0)).toBe(OF_PLAN);
  for (const id of ['cost?window=24h', 'cost_24h'])
    expect(await getJson(server, `/api/signals/${id}`)).toMatchObject({
      value: ALL,
      list_value_nano_usd: OF_PLAN,
    });
  expect(await getJson(server, '/api/signals/model_calls?window=24h')).not.toHaveProperty(
    'list_value_nano_usd',
  );
  const { groups } = await getJson<{ readonly groups: readonly Amounts[] }>(
    server,
    '/api/signals/cost?window=24h&by=session,model',
  );
  expect(groups.map((group) => group.list_value_nano_usd)).toEqual([OF_PLAN, undefined]);
  expect(await getJson(server, '/api/runs/sums')).toMatchObject({ list_value_nano_usd: OF_PLAN });
  const runs = await getJson<readonly Readonly<Record<string, unknown>>[]>(server, '/api/runs');
  expect(runs.map((run) => [run['gen_ai.conversation.id'], run['list_value_nano_usd']])).toEqual(
    expect.arrayContaining([
      ['under-max', OF_PLAN],
      [SESSION, undefined],
    ]),
  );
});

test.each(['/', '/runs', '/models', '/users', '/users/4316010b8380', '/models/claude-opus-5-5'])(
  'the page %s names what is list value',
  async (address) => {
    expect(await read(address)).toMatch(
      new RegExp(`data-list-value="${String(OF_PLAN)}"[^>]*>(of it \\$0\\.0166 )?list value`),
    );
  },
);

test('a run under a plan is list value on its page and in the terminal; one that is paid is not', async () => {
  const runs = await getJson<readonly Readonly<Record<string, string>>[]>(server, '/api/runs');
  for (const [session, isNamed] of [
    ['under-max', true],
    [SESSION, false],
  ] as const) {
    const id = runs.find((run) => run['gen_ai.conversation.id'] === session)?.['agent.run_id'] ?? '';
    const { stdout } = await runCommand(['run', id, '--url', server.uiUrl]);
    expect([
      (await read(`/runs/${id}`)).includes('data-list-value'),
      stdout.includes('list value'),
      'list_value_nano_usd' in (await getJson<object>(server, `/api/runs/${id}`)),
    ]).toEqual([isNamed, isNamed, isNamed]);
  }
});

test.each([
  [['cost', '--by', 'session'], /LIST VALUE[\s\S]*of it \$0\.0166 list value/],
  [['runs'], /\(of it \$0\.0166 list value\)/],
  [['signal', 'cost', '--window', '24h'], /, of it \$0\.0166 list value/],
  [['signal', 'cost', '--window', '24h', '--by', 'session'], /LIST VALUE/],
  [['daily'], /of this \$0\.0166 is list value/],
])('`tallyspan %s` names what is list value', async (args, expected) => {
  const { stdout } = await runCommand([...args, '--url', server.uiUrl]);
  expect(stdout).toMatch(expected);
});

test.each([
  ['max', 9_000_000 + OF_PLAN],
  ['api', undefined],
])('who asks with TALLYSPAN_CLAUDE_PLAN=%s is answered by that', async (plan, expected) => {
  const env = { TALLYSPAN_CLAUDE_PLAN: plan };
  const cost = await readCommand<{ readonly total: Amounts }>(['cost', '--url', server.uiUrl], { env });
  const daily = await readCommand(['daily', '--url', server.uiUrl], { env });
  expect(cost.total.list_value_nano_usd).toBe(expected);
  expect(daily).toMatchObject({
    money: expected === undefined ? 'spend' : 'list_value',
    total: { list_value_nano_usd: expected ?? 0 },
  });
});

test.each([
  ['before', true],
  ['after', false],
])(
  'a tool that the log names mcp_tool has the name of the transcript that comes %s it',
  async (_, isFirst) => {
    const other = await startTestServer({ claudeIdleMs: 200 });
    try {
      const state = path.join(work, `state-${String(isFirst)}`);
      const importAll = (): Promise<unknown> =>
        readCommand(['import', 'claude', work, '--url', other.uiUrl], { env: { XDG_STATE_HOME: state } });
      if (isFirst) await importAll();
      const logs = logsOf(
        [1, 2].map((call) => [
          'tool_result',
          {
            'session.id': SESSION,
            tool_name: 'mcp_tool',
            tool_use_id: `toolu_${String(call)}`,
            success: 'true',
            duration_ms: '5',
          },
        ]),
        { startMs: START_MS + 1_000 },
      );
      const request = apiRequest('req_other', { 'session.id': SESSION });
      const sent = [...logs, ...logsOf([request], { startMs: START_MS + 5_000, first: 2 })];
      await post(other.httpAddress, '/v1/logs', JSON.stringify(otlpOf(sent)), JSON_TYPE);
      if (!isFirst) await importAll();
      const names = async (): Promise<readonly (readonly [string, number])[]> => {
        const { groups } = await getJson<{
          readonly groups: readonly { readonly by: { readonly tool: string }; readonly value: number }[];
        }>(other, '/api/signals/tool_calls?by=tool&window=24h');
        return groups
          .map(({ by, value }) => [by.tool, value] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
      };
      const expected = [
        ['Bash', 1],
        ['mcp__github__read', 1],
        ['mcp__github__search', 1],
      ];
      let shown = await names();
      for (let tries = 0; shown.length !== expected.length && tries < 300; tries++) {
        await new Promise((done) => setTimeout(done, 100));
        shown = await names();
      }
      expect(shown).toEqual(expected);
      const { value } = await getJson<{ readonly value: unknown }>(other, '/api/signals/lost_events');
      expect(value).toBe(0);
    } finally {
      await other.remove();
    }
  },
);

test.each([
  [true, 'List value', 'List value'],
  [false, 'Cost', 'Cost'],
])('by the setting %j money of Claude Code is %s', async (isClaudeOnPlan, ofPage, ofSession) => {
  const other = await startTestServer({ isClaudeOnPlan });
  try {
    const plan = { 'session.id': 'one', ...(!isClaudeOnPlan && { 'anthropic.plan': 'max' }) };
    const logs = logsOf([apiRequest('req_1', plan)], { startMs: Date.now() - 60_000 });
    await post(other.httpAddress, '/v1/logs', JSON.stringify(otlpOf(logs)), JSON_TYPE);
    const titles = async (address: string): Promise<string | undefined> =>
      /<dt>([^<]*)<\/dt>/.exec(await (await fetch(`${other.uiUrl}${address}`)).text())?.[1];
    expect([await titles('/claude-code'), await titles('/sessions/one')]).toEqual([ofPage, ofSession]);
  } finally {
    await other.remove();
  }
});

test('without any of it the page says so', async () => {
  const empty = await startTestServer();
  try {
    const html = await (
      await fetch(`${empty.uiUrl}/claude-code`, { headers: { accept: 'text/html' } })
    ).text();
    expect(html).toContain('No call was made in a skill in this time.');
    expect(html).toContain('No session was compacted in this time.');
  } finally {
    await empty.remove();
  }
});
