// Laws of attribution: rows sum to the call; the tool whose results are carried pays for them.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Ledger, type ToolCost } from '../../core/attribution/attribution.ts';
import type { CostBuckets } from '../../core/pricing/charges.ts';
import { describeOutput, describeRequest } from '../../core/attribution/request-shape.ts';
import { inputTotal, type Usage } from '../../core/pricing/usage.ts';
import { generateRun, totalOf, type GeneratedCall } from './generate-conversation.ts';

const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  thinking: 0,
  webSearches: 0,
};
/** Opus 5.5, nano-USD a token. */
function price(usage: Usage): CostBuckets {
  return {
    input: usage.input * 4_000,
    cacheRead: usage.cacheRead * 200,
    cacheWrite5m: usage.cacheWrite5m * 5_000,
    cacheWrite1h: usage.cacheWrite1h * 8_000,
    output: usage.output * 20_000,
    webSearch: usage.webSearches * 10_000_000,
  };
}
const rowOf = (rows: readonly ToolCost[], tool: string): ToolCost => {
  const row = rows.find((candidate) => candidate.tool === tool);
  if (row === undefined) throw new Error(`no row of ${tool}`);
  return row;
};
const TOOLS = [{ name: 'search', description: 'Searches.', input_schema: { type: 'object' } }];

/** The first law that the rows break, if any: plain comparisons, because there are millions of them. */
function findBrokenLaw(rows: readonly ToolCost[], call: GeneratedCall): string | undefined {
  const { cost, usage } = call;
  const sum = (of: (row: ToolCost) => number): number => rows.reduce((total, row) => total + of(row), 0);
  if (sum((row) => row.costNanoUsd) !== totalOf(cost)) return 'cost';
  if (sum((row) => row.cacheReadNanoUsd) !== cost.cacheRead) return 'cache read';
  if (sum((row) => row.cacheWriteNanoUsd) !== cost.cacheWrite5m + cost.cacheWrite1h) return 'cache write';
  if (sum((row) => row.firstReadNanoUsd + row.carryNanoUsd) !== cost.input) return 'uncached input';
  if (sum((row) => row.outputNanoUsd) !== cost.output) return 'output';
  if (sum((row) => row.webSearchNanoUsd) !== cost.webSearch) return 'web search';
  for (const row of rows) {
    const cached = row.cacheWriteNanoUsd + row.cacheReadNanoUsd;
    const parts = row.firstReadNanoUsd + row.carryNanoUsd + cached + row.outputNanoUsd + row.webSearchNanoUsd;
    if (row.costNanoUsd !== parts || row.costNanoUsd < 0) return `parts of ${row.tool}`;
    if (!Number.isSafeInteger(row.tokens)) return `tokens of ${row.tool}`;
  }
  if (new Set(rows.map((row) => row.tool)).size !== rows.length) return 'one row per tool';
  const carriesBlocks = describeRequest(call.params).blocks.length > 0;
  const counted = inputTotal(usage) + usage.output;
  if (carriesBlocks && sum((row) => row.tokens) !== counted) return 'tokens';
  return undefined;
}

describe('the rows of a call', () => {
  it('sum to its cost, part by part, and to its counted tokens, on 10,000 generated runs', () => {
    let runs = 0;
    let brokenLaw: string | undefined;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        runs++;
        const ledger = new Ledger();
        for (const call of generateRun(seed)) {
          const rows = ledger.charge({
            shape: describeRequest(call.params),
            usage: call.usage,
            cost: call.cost,
            output: describeOutput(call.output),
          });
          brokenLaw = findBrokenLaw(rows, call);
          if (brokenLaw !== undefined) return false;
        }
        return true;
      }),
      { numRuns: 10_000, seed: 11 },
    );
    expect({ runs, brokenLaw }).toEqual({ runs: 10_000, brokenLaw: undefined });
  });

  it('are none for an unpriced call, and the next call still knows its blocks', () => {
    const ledger = new Ledger();
    const shape = describeRequest({ messages: [{ role: 'user', content: 'x'.repeat(4000) }] });
    expect(ledger.charge({ shape, usage: { ...NO_USAGE, input: 1000 }, cost: undefined })).toEqual([]);
    const usage = { ...NO_USAGE, input: 1000 };
    const rows = ledger.charge({ shape, usage, cost: price(usage) });
    expect(rowOf(rows, '(user)').carryNanoUsd).toBe(4_000_000);
  });

  it('go to (unknown) when the request was not seen', () => {
    const usage = { ...NO_USAGE, input: 100, output: 10 };
    const rows = new Ledger().charge({ shape: describeRequest(undefined), usage, cost: price(usage) });
    expect(rowOf(rows, '(unknown)').costNanoUsd).toBe(400_000);
    expect(rowOf(rows, '(output)')).toMatchObject({ costNanoUsd: 200_000, rule: 'counted', tokens: 10 });
  });
});

/** A loop of three calls with one large search result: counted as an API with automatic caching would. */
function searchRun(options: { cached: boolean }): ToolCost[][] {
  const ledger = new Ledger();
  const rows: ToolCost[][] = [];
  const answer = [
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'search', input: { q: 'refund' } },
  ];
  const messages: unknown[] = [{ role: 'user', content: 'Where is my refund? '.repeat(20) }];
  const call = (usage: Partial<Usage>, output: unknown[]): void => {
    const full = { ...NO_USAGE, ...usage };
    const params = {
      model: 'claude-opus-5-5',
      system: 'You help. '.repeat(300),
      tools: TOOLS,
      messages: [...messages],
      ...(options.cached ? { cache_control: { type: 'ephemeral' } } : {}),
    };
    rows.push(
      ledger.charge({
        shape: describeRequest(params),
        usage: full,
        cost: price(full),
        output: describeOutput(output),
      }),
    );
  };
  call(options.cached ? { cacheWrite5m: 1000, output: 50 } : { input: 1000, output: 50 }, answer);
  messages.push(
    { role: 'assistant', content: answer },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'A page of the manual. '.repeat(1500) },
      ],
    },
  );
  const final = [{ type: 'text', text: 'It is on its way.' }];
  call(
    options.cached ? { cacheRead: 1000, cacheWrite5m: 8050, output: 40 } : { input: 9050, output: 40 },
    final,
  );
  messages.push({ role: 'assistant', content: final }, { role: 'user', content: 'Thanks' });
  call(options.cached ? { cacheRead: 9050, cacheWrite5m: 50, output: 10 } : { input: 9100, output: 10 }, []);
  return rows;
}

describe('a large tool result', () => {
  it('is first read once and then carried, at the full price without a cache', () => {
    const [first, second, third] = searchRun({ cached: false });
    expect(first?.some((row) => row.tool === 'search')).toBe(false);
    const read = rowOf(second ?? [], 'search');
    expect(read.firstReadNanoUsd / 4_000).toBeGreaterThan(7_950);
    expect(read.firstReadNanoUsd / 4_000).toBeLessThan(8_060);
    expect(read.carryNanoUsd).toBe(0);
    const carried = rowOf(third ?? [], 'search');
    expect(carried.firstReadNanoUsd).toBe(0);
    expect(carried.carryNanoUsd).toBeGreaterThan(7_950 * 4_000);
  });

  it('is written to the cache once and then read from it', () => {
    const [, second, third] = searchRun({ cached: true });
    const written = rowOf(second ?? [], 'search');
    expect(written.cacheWriteNanoUsd).toBeGreaterThan(7_950 * 5_000);
    expect(written.cacheReadNanoUsd).toBe(0);
    const read = rowOf(third ?? [], 'search');
    expect(read.cacheWriteNanoUsd).toBe(0);
    expect(read.cacheReadNanoUsd).toBeGreaterThan(7_950 * 200);
    expect(read.cacheReadNanoUsd).toBeLessThan(8_060 * 200);
    // System and tools were cached by the first call and are only read from then on.
    expect(rowOf(second ?? [], '(system)').cacheWriteNanoUsd).toBe(0);
  });
});

describe('who pays', () => {
  const usage = { ...NO_USAGE, input: 10_000, webSearches: 2 };
  const charge = (messages: unknown[], extra: object = {}): ToolCost[] =>
    new Ledger().charge({ shape: describeRequest({ messages, ...extra }), usage, cost: price(usage) });

  it('parallel results each belong to their own tool', () => {
    const rows = charge([
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'search', input: {} },
          { type: 'tool_use', id: 'b', name: 'read', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'b', content: 'y'.repeat(1000) },
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'x'.repeat(9000) }] },
        ],
      },
    ]);
    expect(rowOf(rows, 'search').tokens / rowOf(rows, 'read').tokens).toBeGreaterThan(6);
  });

  it('a server search pays for its results and its fee', () => {
    const rows = charge([
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: [
          { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
          {
            type: 'web_search_tool_result',
            tool_use_id: 's',
            content: [
              { type: 'web_search_result', url: 'u', title: 't', encrypted_content: 'e'.repeat(5000) },
            ],
          },
        ],
      },
    ]);
    const row = rowOf(rows, 'web_search');
    expect(row.webSearchNanoUsd).toBe(20_000_000);
    expect(row.rule).toBe('mixed');
    expect(row.firstReadNanoUsd).toBeGreaterThan(30_000_000);
  });

  it('a result whose call was never seen belongs to (unknown), not to a tool', () => {
    const rows = charge([
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'gone', content: 'x'.repeat(400) }] },
    ]);
    expect(rows.map((row) => row.tool)).toContain('(unknown)');
  });

  it('a result sent alone is joined to the call that an earlier answer made', () => {
    const ledger = new Ledger();
    const output = describeOutput([{ type: 'tool_use', id: 't1', name: 'search', input: {} }]);
    ledger.charge({ shape: describeRequest({ messages: [] }), usage, cost: price(usage), output });
    const rows = ledger.charge({
      shape: describeRequest({
        thread: 'th_1',
        messages: [
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x'.repeat(4000) }] },
        ],
      }),
      usage,
      cost: price(usage),
    });
    expect(rowOf(rows, 'search').tokens).toBeLessThan(1_500);
    expect(rowOf(rows, '(history)').tokens).toBeGreaterThan(8_000);
  });

  it('a compacted run stops paying for what left the context', () => {
    const ledger = new Ledger();
    const long = [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'search', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'x'.repeat(40_000) }] },
    ];
    ledger.charge({ shape: describeRequest({ messages: long }), usage, cost: price(usage) });
    const short = { ...NO_USAGE, input: 300 };
    const rows = ledger.charge({
      shape: describeRequest({
        messages: [{ role: 'user', content: 'Summary: nothing found. '.repeat(40) }],
      }),
      usage: short,
      cost: price(short),
    });
    expect(rows.map((row) => row.tool)).toEqual(['(user)']);
  });

  it('the definitions of tools are one row, whichever tool is used', () => {
    const rows = charge([{ role: 'user', content: 'go' }], { tools: TOOLS });
    expect(rowOf(rows, '(tools)').tokens).toBeGreaterThan(100);
    expect(rows.some((row) => row.tool === 'search')).toBe(false);
  });
});

describe('memory', () => {
  it('stays bounded over a run of 1,000 turns that edits its history all the time', () => {
    const ledger = new Ledger();
    const usage = { ...NO_USAGE, input: 5_000, output: 100 };
    for (let turn = 0; turn < 1_000; turn++) {
      const messages = Array.from({ length: 40 }, (_, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `message ${turn} ${index}`,
      }));
      ledger.charge({ shape: describeRequest({ messages }), usage, cost: price(usage) });
    }
    expect(ledger.size).toBeLessThanOrEqual(4_096 + 41);
  });
});
