// Recost in a real data folder: what it finds, what it appends, and that it changes nothing else.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/program.ts';
import { modelCallFields } from '../../../core/model-call/model-call-fields.ts';
import { priceCall } from '../../../core/pricing/cost.ts';
import type { EventRecord } from '../../../core/event.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import { sendEvents, startTestServer } from '../../server/harness.ts';

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const CALL_AT = NOW - 3 * HOUR_MS;
/** 1,000 tokens in and 100 out: at $2 and $10 a million they cost $0.003. */
const USAGE = { input_tokens: 1000, output_tokens: 100 };
const COST_NANO_USD = 3_000_000;

let dataDir: string;
let filesDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-recost-data-'));
  filesDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-recost-test-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
  await rm(filesDir, { recursive: true, force: true });
});

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return cliOn({}, ...args);
}

async function cliOn(
  terminal: { readonly isTTY?: boolean; readonly columns?: number },
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    stdin: new PassThrough().end(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text: string) => (err += text), ...terminal },
    env: {},
    now: () => NOW,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

interface Report {
  readonly applied: boolean;
  readonly adjustments: number;
  readonly recorded_nano_usd: number;
  readonly now_nano_usd: number;
  readonly difference_nano_usd: number;
  readonly models: readonly Record<string, unknown>[];
  readonly skipped: Record<string, number>;
}

async function recost(...args: string[]): Promise<Report> {
  const { code, out, err } = await cli('recost', '--since', '7d', '--data', dataDir, '--json', ...args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Report;
}

async function jsonOf(...args: string[]): Promise<Record<string, unknown>> {
  const { out } = await cli(...args, '--data', dataDir, '--json');
  return JSON.parse(out) as Record<string, unknown>;
}

/** A call as the instrumentation would have recorded it; `fields` stand above what the price table says. */
function call(model: string, n: number, fields: Partial<EventRecord> = {}): EventRecord {
  const reading = readUsage(USAGE);
  if ('error' in reading) throw new Error(reading.error);
  return {
    timestamp: CALL_AT + n,
    'event.name': 'agent.model_call',
    trace_id: 'a'.repeat(32),
    span_id: String(n).padStart(16, 'b'),
    'service.name': 'desk',
    'service.instance.id': 'process-1',
    'tallyspan.seq': n,
    'agent.run_id': 'c'.repeat(32),
    'user.id': 'user-1',
    'gen_ai.agent.name': 'support',
    'gen_ai.response.id': `msg_${String(n)}`,
    'gen_ai.request.model': model,
    'gen_ai.response.model': model,
    ...modelCallFields({ reading, model, cost: priceCall(reading, { model, atMs: CALL_AT }) }),
    ...fields,
  };
}

async function store(...events: EventRecord[]): Promise<void> {
  const server = await startTestServer({ dataDir });
  await sendEvents(server, events);
  await server.close();
}

/** A price file with one contract rate, USD per million tokens. */
async function priceFile(model: string, input: number, output: number): Promise<string> {
  const file = path.join(filesDir, `${model}-${String(input)}.json`);
  const rates = { input, output, cacheRead: 1, cacheWrite5m: 1, cacheWrite1h: 1 };
  await writeFile(file, JSON.stringify({ models: { [model]: rates } }));
  return file;
}

describe('progress', () => {
  it.each([
    [{ isTTY: true, columns: 80 }, /pricing .*0%/],
    [{}, /^$/],
  ])('of recost on %j is %s', async (terminal, shown) => {
    await store(call('claude-opus-5-5', 1));
    const { code, err } = await cliOn(terminal, 'recost', '--since', '7d', '--data', dataDir);
    expect([code, err]).toEqual([0, expect.stringMatching(shown)]);
  });
});

describe('recost', () => {
  it('finds nothing where the table says what is recorded', async () => {
    await store(call('claude-opus-5-5', 1), call('claude-haiku-5-5', 2));
    expect(await recost('--apply')).toMatchObject({
      applied: false,
      adjustments: 0,
      difference_nano_usd: 0,
      skipped: {},
    });
    expect(await jsonOf('cost')).not.toHaveProperty('adjustments');
  });

  it('prices what was unpriced once a file says how, and only shows it without --apply', async () => {
    await store(call('our-own-model', 1));
    expect(await recost()).toMatchObject({ adjustments: 0, skipped: { still_unpriced: 1 } });
    const prices = await priceFile('our-own-model', 2, 10);
    const found = { adjustments: 1, recorded_nano_usd: 0, difference_nano_usd: COST_NANO_USD };
    expect(await recost('--prices', prices)).toMatchObject({ ...found, applied: false });
    expect(await recost('--prices', prices, '--apply')).toMatchObject({ ...found, applied: true });
    expect(await recost('--prices', prices, '--apply')).toMatchObject({
      applied: false,
      adjustments: 0,
      recorded_nano_usd: COST_NANO_USD,
    });
  });

  it('adds less than nothing where a contract is cheaper, on the day of the call', async () => {
    const listed = call('claude-opus-5-5', 1);
    await store(listed, call('claude-haiku-5-5', 2));
    const prices = await priceFile('claude-opus-5-5', 2, 10);
    const difference = COST_NANO_USD - (listed.cost_nano_usd ?? 0);
    expect(difference).toBeLessThan(0);
    const report = await recost('--prices', prices, '--apply');
    expect(report.models[0]).toEqual({
      model: 'claude-opus-5-5',
      calls: 1,
      changed_calls: 1,
      recorded_nano_usd: listed.cost_nano_usd,
      now_nano_usd: COST_NANO_USD,
      difference_nano_usd: difference,
      difference_usd: difference / 1e9,
    });
    expect(report.adjustments).toBe(1);
    const [from, to] = [CALL_AT, CALL_AT + 1].map((at) => new Date(at).toISOString()) as [string, string];
    expect(await jsonOf('signal', 'cost_adjustment', '--window', 'range', from, to)).toMatchObject({
      value: difference,
    });
    expect(await jsonOf('cost')).toMatchObject({
      adjustments: { cost_nano_usd: difference, cost_usd: difference / 1e9 },
    });
    const { out } = await cli('cost', '--data', dataDir);
    expect(out).toMatch(/\nadjustments -\$0\.\d+; with them \$0\.\d+\n/);
  });

  it('never changes what is stored, and adjusts by what is missing when prices change again', async () => {
    const recorded = call('claude-opus-5-5', 1);
    await store(recorded);
    const before = await jsonOf('signal', 'cost', '--window', '24h');
    await recost('--prices', await priceFile('claude-opus-5-5', 2, 10), '--apply');
    const second = await recost('--prices', await priceFile('claude-opus-5-5', 4, 20), '--apply');
    expect(second.difference_nano_usd).toBe(COST_NANO_USD);
    expect(await jsonOf('signal', 'cost', '--window', '24h')).toMatchObject({ value: before['value'] });
    expect(await jsonOf('signal', 'cost_adjustment', '--window', '24h')).toMatchObject({
      value: 2 * COST_NANO_USD - (recorded.cost_nano_usd ?? 0),
    });
  });

  it('leaves calls of a contract alone when the price file is not given', async () => {
    await store(
      call('claude-opus-5-5', 1, { cost_nano_usd: 1, 'tallyspan.price.table': '2026-01-01.1+abc' }),
    );
    expect(await recost('--apply')).toMatchObject({ adjustments: 0, skipped: { price_file_missing: 1 } });
  });

  it('does the same through a running server, whose calls carry the run', async () => {
    const server = await startTestServer({ dataDir });
    await sendEvents(server, [call('claude-opus-5-5', 1, { cost_nano_usd: 1 }), call('our-own-model', 2)]);
    try {
      const first = await cli('recost', '--url', server.uiUrl, '--apply');
      expect(first.out).toMatch(/claude-opus-5-5 +1 +1 .*\+\$/);
      expect(first.out).toContain('adjustments appended');
      expect(first.out).toContain('left as recorded: 1 call: no price now either');
      const exported = await fetch(`${server.uiUrl}/api/export?events=agent.cost_adjustment`);
      const event = JSON.parse(await exported.text()) as Record<string, unknown>;
      expect(event).toMatchObject({
        'agent.run_id': 'c'.repeat(32),
        'user.id': 'user-1',
        'gen_ai.response.id': 'msg_1',
        'tallyspan.adjusts_span_id': '1'.padStart(16, 'b'),
        timestamp: new Date(CALL_AT + 1).toISOString(),
      });
      const again = await cli('recost', '--url', server.uiUrl, '--apply');
      expect(again.out).toContain('every call costs what is recorded');
      const wrong = await fetch(`${server.uiUrl}/api/export?events=agent.unknown`);
      expect(wrong.status).toBe(400);
    } finally {
      await server.close();
    }
  });
});
