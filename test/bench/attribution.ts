// What attribution adds to a model call: describing the request, describing the answer, charging the ledger.
// Two agent loops of 1,000 turns: one passes the same message objects again (the usual loop), one sends
// a deep copy each time (nothing can be remembered by identity). Prints JSON; asserts nothing.
//
//   node test/bench/attribution.ts

import { Ledger } from '../../core/attribution/attribution.ts';
import { describeOutput, describeRequest } from '../../core/attribution/request-shape.ts';
import { inputTotal, type Usage } from '../../core/pricing/usage.ts';

interface Result {
  readonly loop: string;
  readonly turns: number;
  readonly lastRequestKb: number;
  readonly usPerCallMedian: number;
  readonly usPerCallLast: number;
  readonly usPer10KbMedian: number;
  readonly usPer10KbMax: number;
  readonly blocksInLedger: number;
}

const TURNS = 1_000;
const TOOLS = Array.from({ length: 24 }, (_, index) => ({
  name: `tool_${index}`,
  description: 'Does something useful with what it is given. '.repeat(6),
  input_schema: {
    type: 'object',
    properties: { query: { type: 'string', description: 'What to look for' } },
  },
}));

/** Prose that differs from turn to turn, flat in memory like text that came from a parser. */
function prose(turn: number, chars: number): string {
  return JSON.parse(
    JSON.stringify(`turn ${turn}: the quick brown fox ${turn * 7919} jumps `.repeat(chars / 30)),
  ) as string;
}

function runLoop(loop: string, copies: boolean): Result {
  const ledger = new Ledger();
  const messages: unknown[] = [{ role: 'user', content: prose(0, 2_000) }];
  const params = { model: 'claude-opus-5-5', system: prose(1, 20_000), tools: TOOLS, messages };
  const times: number[] = [];
  const rates: number[] = [];
  let chars = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const id = `toolu_${turn}`;
    const output = [
      { type: 'text', text: prose(turn, 300) },
      { type: 'tool_use', id, name: `tool_${turn % 24}`, input: { query: prose(turn, 120) } },
    ];
    const request: unknown = copies ? structuredClone(params) : params;
    const started = process.hrtime.bigint();
    const shape = describeRequest(request);
    chars = shape.blocks.reduce((sum, block) => sum + block.chars, 0);
    const usage: Usage = { ...NO_USAGE, cacheRead: Math.round(chars / 4), input: 700, output: 110 };
    ledger.charge({ shape, usage, cost: costOf(usage), output: describeOutput(output) });
    const us = Number(process.hrtime.bigint() - started) / 1_000;
    times.push(us);
    rates.push(us / (chars / 10_240));
    messages.push(
      { role: 'assistant', content: output },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: prose(turn, 2_000) }] },
    );
  }
  const warm = rates.slice(20);
  return {
    loop,
    turns: TURNS,
    lastRequestKb: Math.round(chars / 1024),
    usPerCallMedian: round(median(times)),
    usPerCallLast: round(median(times.slice(-20))),
    usPer10KbMedian: round(median(warm)),
    usPer10KbMax: round(Math.max(...warm)),
    blocksInLedger: ledger.size,
  };
}

const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  thinking: 0,
  webSearches: 0,
};

function costOf(usage: Usage): Parameters<Ledger['charge']>[0]['cost'] {
  return {
    input: usage.input * 4_000,
    cacheRead: usage.cacheRead * 200,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: usage.output * 20_000,
    webSearch: inputTotal(usage) * 0,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

runLoop('warm-up', true);
const results = [runLoop('same message objects', false), runLoop('deep copies', true)];
process.stdout.write(`${JSON.stringify({ node: process.version, results }, null, 2)}\n`);
