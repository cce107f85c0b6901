// The diagnosis and the what-if through the server, the data folder and the command line: the same answers.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import { priceWhatIf } from '../../core/pricing/what-if.ts';
import { keysOf } from '../../server/queries/read-events.ts';
import { readWhatIf } from '../../server/queries/diagnosis/read-what-if.ts';
import type { CostReport, DiagnosisReport, RunTree, WhatIfReport } from '../../server/source.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { costOf, USUAL } from './generate-period.ts';
import { before, DAY_MS, DAY_START_MS, now, sendAll, stored } from './two-days.ts';

const WINDOW = `from=yesterday&against=1d`;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendAll(server, stored);
});

afterAll(() => server.remove());

/** Runs a command line and returns what it printed. */
async function tallyspan(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCli(args, {
    stdin: process.stdin,
    stdout: { write: (text: string) => (printed.out += text) },
    stderr: { write: (text: string) => (printed.err += text) },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  return { code, ...printed };
}

describe('the diagnosis of stored events', () => {
  it('is exact and names the search tool whose results grew', async () => {
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`);
    expect(report.cost_nano_usd).toBe(costOf(now));
    expect(report.against_nano_usd).toBe(costOf(before));
    expect(report.scale).toBe(1);
    expect(report.parts.reduce((sum, part) => sum + part.cost_nano_usd, 0)).toBe(report.difference_nano_usd);
    expect(report.causes[0]).toMatchObject({ cause: 'tool_results_grew', subject: 'search_docs' });
    expect(report.causes[0]?.runs).toHaveLength(3);
  });

  it('is that of the events themselves, though only some of their fields are read', async () => {
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`);
    const { parts, causes, changes, unexplainedNanoUsd } = diagnose(
      stored.slice(before.length),
      stored.slice(0, before.length),
    );
    expect(report.parts.map(({ part, detail, cost_nano_usd }) => [part, detail, cost_nano_usd])).toEqual(
      parts.map(({ part, detail, nanoUsd }) => [part, detail ?? null, nanoUsd]),
    );
    expect(
      report.causes.map((cause) => [cause.title, cause.cost_nano_usd, cause.evidence, cause.runs]),
    ).toEqual(causes.map((cause) => [cause.title, cause.nanoUsd, cause.evidence, cause.runIds]));
    expect(report.unexplained_nano_usd).toBe(unexplainedNanoUsd);
    expect(report.changes.map(({ value, run }) => [value, run])).toEqual(
      changes.map(({ value, runId }) => [value, runId ?? null]),
    );
  });

  it('has every field that a comparison looks at', () => {
    const missing = new Set<string>();
    // Asked of events of every kind, before it is seen which kind they are.
    const ofAll = [
      'event.name',
      'agent.note.kind',
      'agent.user_input_len',
      'gen_ai.agent.name',
      'service.name',
    ];
    const standIns = ['trace_id', 'span_id', 'gen_ai.response.id'];
    const watched = (events: readonly EventRecord[]): EventRecord[] =>
      events.map((event) => {
        const known = new Set<string>([...keysOf(event['event.name']), ...ofAll, ...standIns]);
        return new Proxy(event, {
          get(target, key) {
            if (!known.has(String(key))) missing.add(`${event['event.name']} ${String(key)}`);
            return Reflect.get(target, key) as unknown;
          },
        });
      });
    diagnose(watched(now), watched(before));
    priceWhatIf(watched(now), { model: 'claude-opus-5-5', cache: '1h', isBatch: true });
    expect([...missing]).toEqual([]);
  });

  it('is the same from the command line, as JSON and in words', async () => {
    const options = ['diagnose', '--from', 'yesterday', '--against', '1d', '--url', server.uiUrl];
    const json = await tallyspan(...options, '--json');
    expect(JSON.parse(json.out)).toEqual(await getJson(server, `/api/diagnosis?${WINDOW}`));
    const words = await tallyspan(...options, '--parts');
    expect(words.code).toBe(0);
    const lines = words.out.split('\n');
    // The sentence of the page, then the figures.
    expect(lines[0]).toMatch(
      /^Yesterday cost \$\d.* more than the same length of time before: \d+ % of what raised it because /,
    );
    const page = await fetch(`${server.uiUrl}/diagnose?time=yesterday&against=1d`).then((answer) =>
      answer.text(),
    );
    expect(page.replaceAll(/<[^>]+>/g, '')).toContain(lines[0]);
    expect(lines[1]).toMatch(/^Cost \$\d.*against \$\d.*: \+\$.*20 runs against 20$/);
    expect(lines[2]).toMatch(/^ {2}\+\$.* \(est\.\) {2}search_docs results cost more to read and keep/);
    expect(words.out).toContain('Fix: Return excerpts');
    expect(words.out).toContain('Context cost of tool results');
  });

  it('is a page with the cause, its fix and links to its runs', async () => {
    const [report, page] = await Promise.all([
      getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`),
      fetch(`${server.uiUrl}/diagnose?${WINDOW}`).then((answer) => answer.text()),
    ]);
    expect(page).toContain('search_docs results cost more to read and keep');
    expect(page).toContain('Return excerpts');
    expect(page).toContain(`href="/runs/${report.causes[0]?.runs[0] ?? ''}"`);
  });

  it('says what is wrong with a time that it cannot read', async () => {
    const answer = await tallyspan('diagnose', '--from', 'monday', '--url', server.uiUrl);
    expect(answer.code).toBe(2);
    expect(answer.err).toContain('not monday');
    expect((await tallyspan('diagnose', '--against', '1d..', '--url', server.uiUrl)).code).toBe(2);
  });

  it('says that nothing stands out when nothing does', async () => {
    const day = new Date(DAY_START_MS - DAY_MS).toISOString();
    const words = await tallyspan(
      'diagnose',
      '--from',
      day,
      '--to',
      day.replace('T00', 'T12'),
      '--url',
      server.uiUrl,
    );
    expect(words.out).toContain('No priced calls to compare with');
  });
});

describe('the what-if of stored events', () => {
  it('with the settings in force returns the actual cost', async () => {
    const report = await getJson<WhatIfReport>(
      server,
      `/api/whatif?from=yesterday&cache=5m&model=${USUAL.model}`,
    );
    expect(report).toMatchObject({
      cost_nano_usd: costOf(now),
      what_if_nano_usd: costOf(now),
      difference_nano_usd: 0,
      changed_calls: 0,
    });
  });

  it('prices another setting from the command line', async () => {
    const options = ['what-if', '--from', 'yesterday', '--cache', 'off', '--url', server.uiUrl];
    const report = JSON.parse((await tallyspan(...options, '--json')).out) as WhatIfReport;
    expect(report.difference_nano_usd).toBeGreaterThan(report.cost_nano_usd * 0.2);
    expect(report.what_if_tokens).toMatchObject({ tokens_cache_read: 0, tokens_cache_write_5m: 0 });
    expect((await tallyspan(...options)).out).toMatch(/calls cost \$.* they would have cost \$/);
  });

  it('says where there is nothing to price', async () => {
    const { out } = await tallyspan('what-if', '--batch', '--agent', 'nobody', '--url', server.uiUrl);
    expect(out).toBe('No priced calls in that time. Look further back with --from.\n');
  });

  it('asks what to change', async () => {
    const answer = await tallyspan('what-if', '--url', server.uiUrl);
    expect(answer).toMatchObject({ code: 2 });
    expect(answer.err).toContain('--cache');
  });

  it('reads no more calls than it can hold, and says what to do', async () => {
    const database = {
      all: () => Promise.resolve([{ n: 100_001 }]),
      readChunks: () => Promise.reject(new Error('the calls must not be read')),
    };
    await expect(readWhatIf(database, { from: 0, to: 1, cache: 'off' })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringMatching(/100,001 model calls .* at most 100,000 .* shorter time/),
    });
  });
});

describe('tools that are never used', () => {
  it('are told with their share of what tool definitions cost', async () => {
    const report = await getJson<CostReport>(server, '/api/cost?by=tool&since=7d');
    const tax = report.tool_tax;
    const definitions = report.rows.find((row) => row.name === '(tools)');
    expect(tax?.cost_nano_usd).toBe(definitions?.cost_nano_usd);
    // The agent defines eight tools of one size and calls others.
    expect(tax?.unused).toHaveLength(USUAL.toolCount);
    const shares = tax?.unused.reduce((sum, tool) => sum + tool.cost_nano_usd, 0) ?? 0;
    expect(Math.abs(shares - (tax?.cost_nano_usd ?? 0))).toBeLessThan(USUAL.toolCount);
    expect((await tallyspan('cost', '--by', 'tool', '--url', server.uiUrl)).out).toMatch(
      /never used: tool_\d \$/,
    );
    const page = await fetch(`${server.uiUrl}/tools?window=7d`).then((answer) => answer.text());
    expect(page).toContain('Defined and never used');
    expect(page.indexOf('search_docs')).toBeLessThan(page.indexOf('read_file'));
  });

  it('and the tool whose results cost most is the first real tool of the list', async () => {
    const report = await getJson<CostReport>(server, '/api/cost?by=tool&since=7d');
    expect(report.rows.find((row) => row.name?.startsWith('(') === false)?.name).toBe('search_docs');
  });
});

describe('change stamps of stored calls', () => {
  it('name the commit that the later time began with, in the report, on the page and in the terminal', async () => {
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`);
    expect(report.changes.map(({ kind, value }) => `${kind} ${value}`)).toEqual(['revision bbbbbbb2']);
    const page = await fetch(`${server.uiUrl}/diagnose?${WINDOW}`).then((answer) => answer.text());
    expect(page).toContain('bbbbbbb2');
    const lines = await tallyspan(
      'diagnose',
      '--from',
      'yesterday',
      '--against',
      '1d',
      '--url',
      server.uiUrl,
    );
    expect(lines.out).toContain('bbbbbbb2');
  });
});

describe('silent failures of a stored run', () => {
  it('are told with the run, on its page and in the terminal', async () => {
    const runId = 'c0ffee00'.repeat(4);
    const event = {
      'agent.run_id': runId,
      timestamp: DAY_START_MS - 3_600_000,
      'service.instance.id': 'two',
    };
    await sendEvents(server, [
      {
        ...event,
        'event.name': 'agent.tool_call',
        'gen_ai.tool.name': 'search_docs',
        'tool.ok': true,
        'tool.result_len': 0,
        'tool.result_empty': true,
        'agent.step_number': 1,
        'tallyspan.seq': 1,
        trace_id: 'c'.repeat(32),
        span_id: 'c'.repeat(16),
      },
      // What the process noted itself: the same, and one that only its own figures show.
      ...['empty_result', 'latency_outlier'].map((kind, index) => ({
        ...event,
        'event.name': 'agent.note' as const,
        'agent.note.kind': 'silent_failure',
        'agent.note.subject': kind,
        'agent.note.value': `${kind} by its own figures`,
        ...(kind === 'empty_result' ? { 'gen_ai.tool.name': 'search_docs' } : {}),
        'agent.step_number': index + 1,
        'tallyspan.seq': index + 2,
        trace_id: 'c'.repeat(32),
        span_id: 'c'.repeat(16),
      })),
    ]);
    const tree = await getJson<RunTree>(server, `/api/runs/${runId}`);
    expect(tree.silent_failures).toMatchObject([
      { kind: 'empty_result', tool: 'search_docs', step: 1, text: expect.stringContaining('usually') },
      { kind: 'latency_outlier', tool: null, step: 2, text: 'latency_outlier by its own figures' },
    ]);
    expect(tree.steps.map(({ step }) => step)).toEqual(['tool_call']);
    const page = await fetch(`${server.uiUrl}/runs/${runId}`).then((answer) => answer.text());
    expect(page).toContain('search_docs returned nothing');
    expect((await tallyspan('run', runId, '--url', server.uiUrl)).out).toContain('unnoticed at step 1');
  });
});
