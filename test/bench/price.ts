// Benchmark of pricing: microseconds a call and milliseconds to load, beside @pydantic/genai-prices.
// Run: node test/bench/price.ts. Writes docs/benchmarks/price.md with machine and date.

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';
import { priceCall } from '../../core/pricing/cost.ts';
import { readUsage } from '../../core/pricing/usage.ts';

const ROUNDS = 15;
const CALLS_PER_ROUND = 20_000;
const LOADS = 15;
const ROOT = path.resolve(import.meta.dirname, '../..');
const MODEL = 'claude-opus-5-5';
const USAGE = {
  input_tokens: 10,
  output_tokens: 1000,
  cache_read_input_tokens: 50_000,
  cache_creation_input_tokens: 6000,
  cache_creation: { ephemeral_5m_input_tokens: 5000, ephemeral_1h_input_tokens: 1000 },
  server_tool_use: { web_search_requests: 1 },
  service_tier: 'standard',
};
const AT_MS = Date.parse('2026-11-21T12:00:00Z');

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Median microseconds a call of each, the rounds in turns so that both see the same machine. */
function measureCalls(calls: Readonly<Record<string, () => unknown>>): Record<string, number> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    const names = round % 2 === 0 ? Object.keys(calls) : Object.keys(calls).toReversed();
    for (const name of names) {
      const startMs = performance.now();
      for (let call = 0; call < CALLS_PER_ROUND; call += 1) calls[name]?.();
      // The first round warms up.
      if (round > 0) times[name]?.push(((performance.now() - startMs) * 1000) / CALLS_PER_ROUND);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

/** Milliseconds that the least disturbed of several fresh processes took to import each module. */
function measureLoads(modules: Readonly<Record<string, string>>): Record<string, number> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(modules).map((name) => [name, []]));
  for (let load = 0; load < LOADS; load += 1) {
    for (const [name, file] of Object.entries(modules)) {
      const script = `const s=performance.now();await import(${JSON.stringify(pathToFileURL(file).href)});console.log(performance.now()-s)`;
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
      });
      times[name]?.push(Number(output));
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, Math.min(...values)]));
}

const provider = findProvider({ providerId: 'anthropic' });
if (!provider) throw new Error('genai-prices has no provider "anthropic"');
const timestamp = new Date(AT_MS);

const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-bench-'));
try {
  // As it is published: bundled and minified into one file.
  const bundle = path.join(folder, 'price.mjs');
  await build({
    stdin: {
      contents: "export * from './core/pricing/cost.ts'; export * from './core/pricing/usage.ts';",
      resolveDir: ROOT,
    },
    outfile: bundle,
    bundle: true,
    minify: true,
    format: 'esm',
    logLevel: 'error',
  });
  const calls = measureCalls({
    tallyspan: () => priceCall(readUsage(USAGE), { model: MODEL, atMs: AT_MS }),
    'genai-prices': () => {
      const { usage } = extractUsage(provider, { model: MODEL, usage: USAGE }, 'default');
      return calcPrice(usage, MODEL, { providerId: 'anthropic', timestamp });
    },
  });
  const loads = measureLoads({
    tallyspan: bundle,
    'genai-prices': path.join(ROOT, 'node_modules/@pydantic/genai-prices/dist/index.js'),
  });
  const rows = Object.keys(calls).map(
    (name) => `| ${name} | ${calls[name]?.toFixed(1)} | ${loads[name]?.toFixed(1)} |`,
  );
  const text = `# Pricing a call

<!-- Written by node test/bench/price.ts. -->

| What | Per call, µs | Load, ms |
| --- | ---: | ---: |
${rows.join('\n')}

Median of ${ROUNDS} rounds of ${CALLS_PER_ROUND.toLocaleString('en-US')} calls in turns, one process; load is the fastest import of ${LOADS} in fresh processes, of the bundled code and table. One usage with both cache lifetimes and a web search, from raw usage to cost; genai-prices with its own \`extractUsage\` and \`calcPrice\`.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform} ${process.arch}. Date: ${new Date().toISOString().slice(0, 10)}. Other work ran on the machine at the same time.
`;
  await mkdir(path.join(ROOT, 'docs/benchmarks'), { recursive: true });
  await writeFile(path.join(ROOT, 'docs/benchmarks/price.md'), text);
  process.stdout.write(text);
} finally {
  await rm(folder, { recursive: true });
}
