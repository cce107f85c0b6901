// Generated conversations for the attribution tests: an agent loop with its requests, its answers and a
// usage that the "API" counted, made from plain random choices so that fast-check can shrink them.

import type { CostBuckets } from '../../core/pricing/charges.ts';
import type { Usage } from '../../core/pricing/usage.ts';

export interface GeneratedCall {
  readonly params: Record<string, unknown>;
  readonly usage: Usage;
  readonly cost: CostBuckets;
  readonly output: readonly unknown[];
}

/** A small random source (mulberry32) with a seed. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T;
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  text(chars: number): string {
    const word = this.next().toString(36).slice(2, 9);
    return `${word} `.repeat(Math.ceil(chars / (word.length + 1))).slice(0, chars);
  }
}

const TOOLS = ['search_docs', 'read_file', 'run_query', 'web_search'];

/** One run: tools, parallel calls, images, documents, edits of history, compaction, any usage the API might count. */
export function generateRun(seed: number): GeneratedCall[] {
  const random = new Random(seed);
  const tools = TOOLS.slice(0, random.int(0, 4)).map((name) => ({
    name,
    description: random.text(random.int(0, 400)),
    input_schema: { type: 'object', properties: { q: { type: 'string' } } },
  }));
  const system = random.chance(0.3) ? undefined : random.text(random.int(0, 3000));
  let messages: Record<string, unknown>[] = [{ role: 'user', content: random.text(random.int(1, 500)) }];
  const calls: GeneratedCall[] = [];
  const turns = random.int(1, 8);
  for (let turn = 0; turn < turns; turn++) {
    const output: Record<string, unknown>[] = [];
    if (random.chance(0.3))
      output.push({ type: 'thinking', thinking: random.text(random.int(10, 900)), signature: 's' });
    if (random.chance(0.6)) output.push({ type: 'text', text: random.text(random.int(1, 600)) });
    const results: Record<string, unknown>[] = [];
    for (let index = random.int(0, tools.length > 0 ? 3 : 0); index > 0; index--) {
      const id = `toolu_${seed}_${turn}_${index}`;
      output.push({ type: 'tool_use', id, name: random.pick(TOOLS), input: { q: random.text(20) } });
      results.push({ type: 'tool_result', tool_use_id: id, content: resultContent(random) });
    }
    if (random.chance(0.2)) results.push({ type: 'text', text: 'ok' }, { type: 'text', text: 'ok' });
    const params: Record<string, unknown> = {
      model: 'claude-opus-5-5',
      tools,
      messages: structuredClone(messages),
    };
    if (system !== undefined) params['system'] = system;
    if (random.chance(0.3)) params['cache_control'] = { type: 'ephemeral', ttl: random.pick(['5m', '1h']) };
    calls.push({ params, output, ...countAnything(random) });
    messages = [...messages, { role: 'assistant', content: output }, { role: 'user', content: results }];
    const edit = random.int(1, 10);
    if (edit === 1) messages = [{ role: 'user', content: random.text(300) }];
    if (edit === 2) messages = messages.slice(0, -2);
  }
  return calls;
}

function resultContent(random: Random): unknown {
  if (random.chance(0.2)) return '';
  if (random.chance(0.2))
    return [
      { type: 'text', text: random.text(200) },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: random.text(4000) } },
    ];
  return random.text(random.int(1, 8000));
}

/** Usage and cost that need not agree with each other or with the request: attribution must sum up all the same. */
function countAnything(random: Random): { usage: Usage; cost: CostBuckets } {
  const tokens = (): number => (random.chance(0.4) ? 0 : random.int(1, random.pick([10, 5_000, 1_000_000])));
  const price = (count: number): number =>
    random.chance(0.05) ? random.int(0, 1e9) : count * random.pick([200, 4_000, 5_000]);
  const usage: Usage = {
    input: tokens(),
    cacheRead: tokens(),
    cacheWrite5m: tokens(),
    cacheWrite1h: random.chance(0.3) ? tokens() : 0,
    output: tokens(),
    thinking: 0,
    webSearches: random.chance(0.2) ? random.int(1, 5) : 0,
  };
  const cost: CostBuckets = {
    input: price(usage.input),
    cacheRead: price(usage.cacheRead),
    cacheWrite5m: price(usage.cacheWrite5m),
    cacheWrite1h: price(usage.cacheWrite1h),
    output: price(usage.output),
    webSearch: usage.webSearches * 10_000_000,
  };
  return { usage, cost };
}

export function totalOf(cost: CostBuckets): number {
  return cost.input + cost.cacheRead + cost.cacheWrite5m + cost.cacheWrite1h + cost.output + cost.webSearch;
}
