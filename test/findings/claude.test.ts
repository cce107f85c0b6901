// What only the transcripts of Claude Code show: context costs by tool, MCP server and CLAUDE.md, compactions, models
// that change within a conversation, and refusals; imported into a real server, and read as people read them.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { findMissesOfCalls } from '../../core/attribution/cache-forensics.ts';
import type { EventRecord } from '../../core/event.ts';
import { assessCompactions } from '../../core/findings/compactions.ts';
import { findWaste } from '../../core/findings/find-waste.ts';
import { readCalls } from '../../core/pricing/call-facts.ts';
import type { SessionReader } from '../../core/transcripts/session-reader.ts';
import type { FindingsReport } from '../../server/source.ts';
import { readCommand } from '../cli/read-command.ts';
import { getJson, startTestServer, type TestServer } from '../server/harness.ts';
import {
  SESSION,
  addText,
  answerLine,
  at,
  eventsOf,
  readLines,
  toolResult,
  toolUse,
  userLine,
} from '../transcripts/transcript.ts';

jest.setTimeout(60_000);

const LARGE = { chars: 380_000, tokens: 100_000 };
const READS = 24;
const LATER = Array.from({ length: READS }, (_, index) => index);

/** A large result that is carried for long, a compaction, and calls after it. */
const LINES = [
  userLine(0, 'go', { uuid: 'prompt' }),
  JSON.stringify({
    type: 'attachment',
    attachment: { type: 'instructions', files: [{ content: 'r'.repeat(LARGE.chars) }] },
    timestamp: at(0),
  }),
  answerLine(1, {
    id: 'msg_1',
    usage: { input_tokens: 4, cache_creation_input_tokens: LARGE.tokens },
    content: [toolUse('toolu_1', 'mcp__crm__find')],
  }),
  userLine(2, toolResult('toolu_1', 'x'.repeat(LARGE.chars))),
  ...LATER.map((index) =>
    answerLine(3 + index, {
      id: `msg_b${String(index)}`,
      usage:
        index === 0
          ? {
              input_tokens: 4,
              cache_read_input_tokens: LARGE.tokens,
              cache_creation_input_tokens: LARGE.tokens,
            }
          : { input_tokens: 4, cache_read_input_tokens: 2 * LARGE.tokens },
    }),
  ),
  JSON.stringify({
    type: 'system',
    subtype: 'compact_boundary',
    uuid: 'compacted',
    timestamp: at(40),
    sessionId: SESSION,
    compactMetadata: { trigger: 'manual', preTokens: 2 * LARGE.tokens },
  }),
  userLine(41, 'a summary', { isCompactSummary: true, uuid: 'summary' }),
  answerLine(42, {
    id: 'msg_c',
    usage: { input_tokens: 4, cache_read_input_tokens: 0, cache_creation_input_tokens: LARGE.tokens },
  }),
  userLine(44, 'and?', { uuid: 'second' }),
  answerLine(45, { id: 'msg_d', stopReason: 'refusal', output: 900, usage: { input_tokens: 90_000 } }),
];

let server: TestServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-findings-'));
  await mkdir(path.join(folder, 'projects/webshop'), { recursive: true });
  // Within the last week, whenever that is.
  const shift = Date.now() - 3_600_000 - Date.parse(at(0));
  const lines = LINES.map((line) => {
    const value = JSON.parse(line) as { timestamp: string };
    return JSON.stringify({
      ...value,
      timestamp: new Date(Date.parse(value.timestamp) + shift).toISOString(),
    });
  });
  await writeFile(path.join(folder, `projects/webshop/${SESSION}.jsonl`), `${lines.join('\n')}\n`);
  await readCommand(['import', 'claude', folder, '--url', server.uiUrl]);
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

test('results that stay, CLAUDE.md, a compaction that was not worth it and a refusal are findings', async () => {
  const { findings } = await getJson<FindingsReport>(server, '/api/findings');
  const byKind = new Map(findings.map((finding) => [finding.kind, finding]));
  expect(byKind.get('tool_context')?.title).toBe('Results of the MCP server crm stay in the context');
  for (const kind of ['tool_context', 'instructions', 'compaction', 'refusals'] as const) {
    expect([kind, byKind.get(kind)?.state]).toEqual([kind, 'open']);
    expect(byKind.get(kind)?.weekly_nano_usd).toBeGreaterThan(0);
    expect(byKind.get(kind)?.runs).not.toEqual([]);
  }
});

test('the page of the session has its compaction, its context costs and its folder', async () => {
  const html = await (await fetch(`${server.uiUrl}/sessions/${SESSION}`)).text();
  expect(html).toContain('data-compaction="manual"');
  expect(html).toContain('data-row="(CLAUDE.md)"');
  expect(html).toContain('data-row="mcp__crm__find"');
  expect(html).toContain('project=webshop');
  const [run] = await getJson<readonly { 'agent.run_id': string }[]>(server, '/api/runs?limit=1');
  const page = await (await fetch(`${server.uiUrl}/runs/${run?.['agent.run_id'] ?? ''}`)).text();
  expect(page).toContain('Where the cost went');
});

test('a compaction costs a reading and a writing, and saves with each call after it', () => {
  const { events } = eventsOf(readLines([LINES]));
  const calls = readCalls(events);
  const note = {
    atMs: Date.parse(at(40)),
    session: SESSION,
    runId: '',
    agent: 'claude-code',
    trigger: 'manual',
    tokensBefore: 2 * LARGE.tokens,
  };
  const [found] = assessCompactions([note], calls);
  const priceOf = (
    bucket: 'cost_cache_read_nano_usd' | 'cost_cache_write_5m_nano_usd',
    tokens: number,
  ): number => {
    const call = events.find((event) => (event[bucket] ?? 0) > 0);
    const counted =
      bucket === 'cost_cache_read_nano_usd' ? call?.tokens_cache_read : call?.tokens_cache_write_5m;
    return ((call?.[bucket] ?? 0) / (counted ?? 1)) * tokens;
  };
  const read = (tokens: number): number => priceOf('cost_cache_read_nano_usd', tokens);
  const firstInput =
    events.find((event) => event['gen_ai.response.id'] === 'msg_c')?.cost_input_nano_usd ?? 0;
  expect(found).toMatchObject({ tokensAfter: LARGE.tokens + 4, calls: 2 });
  expect(found?.savedNanoUsd).toBeCloseTo(2 * read(LARGE.tokens - 4));
  expect(found?.costNanoUsd).toBeCloseTo(
    read(2 * LARGE.tokens) +
      priceOf('cost_cache_write_5m_nano_usd', LARGE.tokens) +
      firstInput -
      read(LARGE.tokens + 4),
  );
});

const call = (second: number, more: Partial<EventRecord>): EventRecord => ({
  timestamp: Date.parse(at(second)),
  'event.name': 'agent.model_call',
  'agent.run_id': 'run',
  'gen_ai.conversation.id': 'session',
  'gen_ai.agent.name': 'claude-code',
  'tallyspan.source': 'transcript',
  'gen_ai.response.model': 'claude-sonnet-5-5',
  tokens_input: 0,
  tokens_cache_read: 0,
  tokens_cache_write_5m: 0,
  tokens_output: 10,
  cost_nano_usd: 100_000_000,
  cost_cache_write_5m_nano_usd: 100_000_000,
  ...more,
});
const OPUS = { 'gen_ai.response.model': 'claude-opus-5-5' };

test.each<[string, Partial<EventRecord>, string[]]>([
  [
    'another model goes on with the conversation',
    { ...OPUS, tokens_cache_write_5m: 52_000 },
    ['model_changed'],
  ],
  ['a small model is asked beside it', { ...OPUS, tokens_input: 900 }, []],
  [
    'a sub-agent has another model',
    { ...OPUS, 'gen_ai.agent.name': 'Explore', tokens_cache_write_5m: 52_000 },
    [],
  ],
  ['the same model goes on', { tokens_cache_read: 50_000, tokens_cache_write_5m: 2_000 }, []],
  [
    'tool definitions change',
    { 'tallyspan.prefix.tools': 'c.d', tokens_cache_write_5m: 52_000 },
    ['tools_changed'],
  ],
])('the cache breaks: %s', (_, second, causes) => {
  const events = [
    call(0, { tokens_cache_write_5m: 50_000, 'tallyspan.prefix.tools': 'a.b' }),
    call(60, second),
  ];
  expect(findMissesOfCalls(readCalls(events)).flatMap(({ cause }) => cause ?? [])).toEqual(causes);
});

test('a conversation that rests for longer than its hour has lost its cache', () => {
  const hour = { tokens_cache_write_1h: 50_000, cost_cache_write_1h_nano_usd: 100_000_000 };
  const broken = (seconds: number): unknown =>
    findWaste([call(0, hour), call(seconds, hour)]).map(({ kind, subject }) => [kind, subject]);
  expect(broken(4_000)).toEqual([['cache_broken', 'ttl_expired']]);
  expect(broken(3_000)).toEqual([]);
});

/** Two calls of a transcript, so many seconds apart, with what the second was asked with. */
function transcriptOf(seconds: number, lifetime: '5m' | '1h', model: string, shape: string): SessionReader {
  const reader = readLines([
    [userLine(0, 'x', { uuid: 'prompt' }), shapeLine('one', 'Bash'), shapeLine('two', 'Read')],
  ]);
  const file = {};
  const writes = (tokens: number): object => ({
    input_tokens: 4,
    cache_creation_input_tokens: tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: lifetime === '5m' ? tokens : 0,
      ephemeral_1h_input_tokens: lifetime === '1h' ? tokens : 0,
    },
  });
  for (const [index, [second, id, tools]] of (
    [
      [0, 'msg_1', 'one'],
      [seconds, 'msg_2', shape],
    ] as const
  ).entries()) {
    reader.addRequestHead(`"id":"${id}","timestamp":"${at(second)}","shapeHash":"${tools}"`);
    const usage = { ...writes(index === 0 ? 50_000 : 52_000) };
    const answer = { id, usage, ...(index === 1 && { model }) };
    addText(reader, file, userLine(second, 'y', { uuid: `u_${id}` }));
    addText(reader, file, answerLine(second + 1, answer, { requestRef: id }));
  }
  return reader;
}

const shapeLine = (shapeHash: string, name: string): string =>
  JSON.stringify({ type: 'api-request-shape', shapeHash, shape: { system: 's', tools: [{ name }] } });

// A million tokens of Sonnet 5.5: $2.50 and $4 to write, $0.10 to read; of Opus 5.5 $5 to write, $0.20 to read.
test.each<[string, Parameters<typeof transcriptOf>, [string, string, number][]]>([
  [
    'other tools',
    [60, '5m', 'claude-sonnet-5-5', 'two'],
    [['cache_broken', 'tools_changed', 50_000 * 2_400]],
  ],
  [
    'another model',
    [60, '5m', 'claude-opus-5-5', 'one'],
    [['cache_broken', 'model_changed', 50_000 * 4_800]],
  ],
  [
    'a rest of more than an hour',
    [4_000, '1h', 'claude-sonnet-5-5', 'one'],
    [['cache_broken', 'ttl_expired', 50_000 * 3_900]],
  ],
  ['a rest of less than an hour', [3_000, '1h', 'claude-sonnet-5-5', 'one'], []],
])('what a transcript loses of its cache by %s', (_, [seconds, ...how], expected) => {
  const { events } = eventsOf(transcriptOf(seconds, ...how));
  const broken = findWaste(events).filter(({ kind }) => kind === 'cache_broken');
  expect(broken.map(({ kind, subject, nanoUsd }) => [kind, subject, nanoUsd])).toEqual(expected);
});

test('a tool of a transcript that is called again after it failed costs the call that asked again', () => {
  const lines = [userLine(0, 'x', { uuid: 'prompt' })];
  for (const [index, isError] of [true, true, false].entries()) {
    const id = `toolu_${String(index)}`;
    const content = [toolUse(id, 'Bash'), ...(index === 1 ? [toolUse(`${id}b`, 'Read')] : [])];
    lines.push(
      answerLine(index * 2 + 1, { id: `msg_${String(index)}`, output: 0, content, stopReason: 'tool_use' }),
    );
    lines.push(userLine(index * 2 + 2, toolResult(id, 'x', isError)));
    if (index === 1) lines.push(userLine(index * 2 + 2, toolResult(`${id}b`)));
  }
  const { events } = eventsOf(readLines([lines]));
  // A thousand tokens at $2 a million; of the second call half was for another tool.
  const retries = findWaste(events).filter(({ kind }) => kind === 'tool_retries');
  expect(retries.map(({ subject, nanoUsd }) => [subject, nanoUsd])).toEqual([
    ['Bash', 1_000_000],
    ['Bash', 2_000_000],
  ]);
});
