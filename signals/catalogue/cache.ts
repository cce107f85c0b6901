// Cache and tokens: what was sent, what was written, and how much of it the cache served.

import type { Signal } from '../signal.ts';
import { CALL_DIMENSIONS, range, ratio, sum, sumOf } from '../values.ts';

const CALL = 'agent.model_call';
const READ = sum(CALL, 'tokens_cache_read');
const WRITTEN = sumOf(CALL, ['tokens_cache_write_5m', 'tokens_cache_write_1h']);
const ALL_INPUT = sumOf(CALL, [
  'tokens_input',
  'tokens_cache_read',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
]);

export const CACHE_SIGNALS = [
  {
    id: 'cache_hit_ratio',
    title: 'Cache hit ratio',
    unit: 'ratio',
    help: 'Tokens read from the cache, of all input tokens (uncached, read and written).',
    value: ratio(READ, ALL_INPUT),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'A healthy agent has 0.85 to 0.95. Below 0.7 the prefix changes between calls: tools reordered, a time stamp in the system prompt, another model.',
    action:
      'Find the first run after the fall and compare its prefix hashes with the run before; keep tools and system prompt byte-identical.',
  },
  {
    id: 'cache_write_read_ratio',
    title: 'Cache written to read',
    unit: 'ratio',
    help: 'Tokens written to the cache, divided by tokens read from it.',
    value: ratio(WRITTEN, READ),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Above 1 more is written, at a surcharge, than is ever read: the cache costs money.',
    action:
      'Cache only what the next call sends again; use the one-hour cache where calls are rarer than every five minutes.',
  },
  {
    id: 'cache_saving',
    title: 'Saved by caching',
    unit: 'nanoUsd',
    help: 'What the calls would have cost had nothing been cached, less what they cost. Negative when caching costs more than it saves.',
    value: sumOf(
      CALL,
      ['cost_uncached_nano_usd'],
      ['cost_nano_usd'],
      [
        { field: 'cost_uncached_nano_usd', isPresent: true },
        { field: 'cost_nano_usd', isPresent: true },
      ],
    ),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'Below 0 the surcharge for writing exceeds what reading saves.',
    action: 'See cache_write_read_ratio by agent; take the cache marks off what is not read again.',
  },
  {
    id: 'tokens_in',
    title: 'Input tokens',
    unit: 'tokens',
    help: 'All input tokens: uncached, read from the cache and written to it.',
    value: ALL_INPUT,
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'neither',
    bad: 'Grows faster than run_count: prompts, histories or tool results get longer.',
    action: 'Group by agent and version; see tool_cost by tool.',
  },
  {
    id: 'tokens_out',
    title: 'Output tokens',
    unit: 'tokens',
    help: 'Output tokens, thinking included.',
    value: sum(CALL, 'tokens_output'),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'neither',
    bad: 'Grows faster than run_count: answers or thinking get longer.',
    action: 'Group by agent and version; see output_input_ratio.',
  },
  {
    id: 'output_input_ratio',
    title: 'Output to input',
    unit: 'ratio',
    help: 'Output tokens divided by all input tokens, cache included.',
    value: ratio(sum(CALL, 'tokens_output'), ALL_INPUT),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'neither',
    bad: 'A rise means longer answers or thinking for the same input; a fall means more context for the same answer.',
    action: 'Group by agent and version, and look at what the last change of the prompt asked for.',
  },
] as const satisfies readonly Signal[];
