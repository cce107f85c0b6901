// `tallyspan prices check`: the table against the installed SDK and against another price list.

import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { CliError } from '../../cli/terminal/cli-error.ts';
import { reportPrices, registerPrices, requireJudged } from '../../cli/commands/data/prices.ts';
import { KNOWN_DIFFERENCES } from '../../cli/prices/known-price-differences.ts';
import { loadGenaiPrices } from '../../cli/prices/other-prices.ts';
import { comparePrices, type OtherPrices } from '../../cli/prices/price-comparison.ts';
import { readSdkModels } from '../../cli/prices/sdk-models.ts';
import { PRICED_MODELS } from '../../core/prices/table.ts';

const NOW_MS = Date.parse('2026-12-21T12:00:00Z');

const cheap: OtherPrices = { name: 'cheap', url: 'https://example.com', priceUsd: () => 0 };

async function runCheck(args: readonly string[]): Promise<{ output: string; error: unknown }> {
  let output = '';
  const program = new Command('tallyspan').exitOverride();
  registerPrices(program, {
    stdin: process.stdin,
    stdout: { write: (text) => (output += text) },
    stderr: { write: () => true },
    env: {},
    now: () => NOW_MS,
    signal: new AbortController().signal,
  });
  try {
    await program.parseAsync(['prices', 'check', ...args], { from: 'user' });
    return { output, error: undefined };
  } catch (error) {
    return { output, error };
  }
}

describe('prices check', () => {
  it('finds nothing new: every id of the SDK is known, every difference is judged', async () => {
    const { output, error } = await runCheck(['--json']);
    expect(error).toBeUndefined();
    const report = JSON.parse(output) as Awaited<ReturnType<typeof reportPrices>>;
    expect(report).toMatchObject({
      age_days: expect.any(Number),
      unknown_ids: [],
      sdk: expect.stringMatching(/^\d+\./),
    });
    expect(report.unpriced.map(({ id }) => id)).toEqual(['claude-mythos-5-2', 'claude-mythos-preview']);
    expect(report.comparisons.map(({ source }) => source)).toEqual(['@pydantic/genai-prices']);
    expect(report.comparisons[0]?.differences).toContainEqual({
      id: 'claude-sonnet-5-5',
      valid_from: '2026-10-07',
      prompt_over: null,
      rate: 'cacheRead',
      ours_usd_per_mtok: 0.1,
      theirs_usd_per_mtok: expect.closeTo(0.2, 9),
      our_source: expect.stringContaining('https://'),
      their_source: 'https://github.com/pydantic/genai-prices',
      reason: expect.stringContaining('prefix'),
    });
  });

  it('says the same in words', async () => {
    const { output, error } = await runCheck([]);
    expect(error).toBeUndefined();
    expect(output).toMatch(/^price table \S+, \d+ days old/);
    expect(output).toMatch(/every model is in the table/);
    expect(output).toMatch(/@pydantic\/genai-prices: \d+ differences, 0 new/);
  });

  it('counts the days since the table was made', async () => {
    const madeMs = Date.parse((await reportPrices(NOW_MS)).table.slice(0, 10));
    expect((await reportPrices(madeMs - 5)).age_days).toBe(0);
    expect((await reportPrices(madeMs + 40 * 86_400_000)).age_days).toBe(40);
  });

  it('has a use for every known difference', async () => {
    const other = await loadGenaiPrices();
    const without = KNOWN_DIFFERENCES.map((_difference, index) => KNOWN_DIFFERENCES.toSpliced(index, 1));
    const unjudged = without.map((known) =>
      other === undefined
        ? 0
        : comparePrices(other, PRICED_MODELS, known).filter(({ reason }) => reason === null).length,
    );
    expect(unjudged.every((count) => count > 0)).toBe(true);
  });
});

describe('a comparison', () => {
  const haiku = PRICED_MODELS.filter(({ id }) => id === 'claude-haiku-5-5');

  it('tells every rate apart, on the short and on the long card', () => {
    const rates = comparePrices(cheap, haiku, []).map((difference) => [
      difference.prompt_over,
      difference.rate,
    ]);
    expect(rates).toEqual([
      [null, 'input'],
      [null, 'cacheWrite5m'],
      [null, 'cacheWrite1h'],
      [null, 'cacheRead'],
      [null, 'output'],
      [100_000, 'input'],
      [100_000, 'cacheWrite5m'],
      [100_000, 'cacheWrite1h'],
      [100_000, 'cacheRead'],
    ]);
  });

  it('is empty when the other list says the same', () => {
    const same: OtherPrices = {
      ...cheap,
      priceUsd(_id, rate, tokens) {
        const row = haiku[0]?.rows[0];
        const card = tokens > 100_000 ? row?.longPrompt?.rates : row?.rates;
        return ((card?.[rate] ?? 0) * tokens) / 1e12;
      },
    };
    expect(comparePrices(same, haiku, [])).toEqual([]);
  });

  it('is one with nothing where the other list has no price', () => {
    const empty: OtherPrices = { ...cheap, priceUsd: () => undefined };
    expect(comparePrices(empty, haiku, [])[0]).toMatchObject({ theirs_usd_per_mtok: null, reason: null });
  });

  it('carries the reason of a known difference of that source, model and row only', () => {
    const known = { source: 'cheap', id: 'claude-haiku-5-5', reason: 'because' };
    const reasonWith = (change: object): string | null | undefined =>
      comparePrices(cheap, haiku, [{ ...known, ...change }])[0]?.reason;
    expect(reasonWith({})).toBe('because');
    expect(reasonWith({ validFrom: '2026-10-07' })).toBe('because');
    expect(reasonWith({ validFrom: '2026-10-08' })).toBeNull();
    expect(reasonWith({ source: 'other' })).toBeNull();
    expect(reasonWith({ id: 'claude-haiku-4-5' })).toBeNull();
  });
});

describe('the models of the SDK', () => {
  it('are read from its types', async () => {
    const sdk = await readSdkModels(import.meta.url);
    expect(sdk?.ids).toContain('claude-opus-5-5');
  });
  it('are none where no SDK is installed', async () => {
    expect(await readSdkModels('/nowhere/')).toBeUndefined();
  });
});

describe('the command fails', () => {
  const haiku = PRICED_MODELS.filter(({ id }) => id === 'claude-haiku-5-5');
  const differencesWith = (known: typeof KNOWN_DIFFERENCES): Parameters<typeof requireJudged>[0] => ({
    unknown_ids: [],
    comparisons: [{ source: 'cheap', differences: comparePrices(cheap, haiku, known) }],
  });

  it('on a difference that nobody has judged, or an id that is unknown', () => {
    expect(() => requireJudged(differencesWith([]))).toThrow(
      new CliError(
        'the price table needs a look: 9 new differences, 0 unknown ids. Correct core/prices or record the reason.',
      ),
    );
    expect(() => requireJudged({ unknown_ids: ['claude-opus-9'], comparisons: [] })).toThrow(
      /0 new .* 1 unknown id\./,
    );
  });
  it('and not on one that is judged', () => {
    const judged = differencesWith([{ source: 'cheap', id: 'claude-haiku-5-5', reason: 'because' }]);
    expect(() => requireJudged(judged)).not.toThrow();
  });
});
