// The table as data: complete, dated without gaps, sourced, and plausible.

import { describe, expect, it } from '@jest/globals';
import { readSdkModels } from '../../../cli/prices/sdk-models.ts';
import { resolveModelId } from '../../../core/pricing/model-id.ts';
import { usdPerMTok, type PricedModel, type RateCard } from '../../../core/prices/price-row.ts';
import {
  findModel,
  findRow,
  isListedModel,
  PRICE_TABLE_VERSION,
  PRICED_MODELS,
  UNPRICED_MODELS,
} from '../../../core/prices/table.ts';
import { SOURCES } from '../../../core/prices/sources.ts';

const ROWS = PRICED_MODELS.flatMap((model) => model.rows.map((row) => ({ model, row })));

const idsWithout = (has: (model: PricedModel) => boolean): string[] =>
  PRICED_MODELS.filter((model) => !has(model)).map(({ id }) => id);

function cardsOf({ row }: (typeof ROWS)[number]): RateCard[] {
  const fast = typeof row.fast === 'object' ? [row.fast] : [];
  const long = row.longPrompt
    ? [row.longPrompt.rates, ...(row.longPrompt.fast ? [row.longPrompt.fast] : [])]
    : [];
  return [row.rates, ...fast, ...long];
}

describe('the price table', () => {
  it('knows every model of the installed SDK, priced or listed with the reason why not', async () => {
    const sdk = await readSdkModels(import.meta.url);
    // It drops models that are retired.
    expect(sdk?.ids.length).toBeGreaterThan(10);
    expect(sdk?.ids.filter((id) => 'reason' in resolveModelId(id))).toEqual([]);
  });

  it('holds no id twice, and no id that is also listed as unpriced', () => {
    const names = PRICED_MODELS.flatMap(({ id, aliases = [] }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => Object.hasOwn(UNPRICED_MODELS, name))).toEqual([]);
    for (const name of names) expect(findModel(name)?.id).toBeDefined();
    for (const id of Object.keys(UNPRICED_MODELS)) expect(isListedModel(id)).toBe(true);
  });

  it('says why for each model that it does not price', () => {
    for (const reason of Object.values(UNPRICED_MODELS)) expect(reason).toMatch(/^Limited .+\.$/);
  });

  it.each(PRICED_MODELS.map((model) => [model.id, model] as const))(
    '%s: rows follow each other without gap or overlap',
    (_id, model) => {
      for (const [index, row] of model.rows.entries()) {
        expect(row.validFrom).toMatch(/^\d{4}-\d\d-\d\d$/);
        expect(row.validTo).toBe(model.rows[index + 1]?.validFrom ?? null);
        expect(row.validTo === null || row.validTo > row.validFrom).toBe(true);
      }
      expect(Date.parse(model.rows[0]?.validFrom ?? '')).toBeLessThanOrEqual(Date.parse(model.released));
    },
  );

  it('has a source with its day and confidence on every row, and on every fast rate from elsewhere', () => {
    for (const { row } of ROWS) {
      for (const source of [row.source, row.fastSource ?? row.source]) {
        expect(source.url).toMatch(/^https:\/\//);
        expect(source.retrievedAt).toMatch(/^20\d\d-\d\d-\d\d$/);
        expect(['official', 'quoted', 'secondary', 'inferred']).toContain(source.confidence);
      }
      expect(row.fastSource === undefined || row.fast !== undefined).toBe(true);
    }
    const used = new Set(ROWS.flatMap(({ row }) => [row.source, row.fastSource]));
    for (const source of Object.values(SOURCES)) expect(used).toContain(source);
  });

  it('has plausible rates: whole micro-dollars; reads below input below writes below output', () => {
    for (const row of ROWS) {
      for (const card of cardsOf(row)) {
        for (const rate of Object.values(card)) expect(Number.isSafeInteger(rate)).toBe(true);
        expect(card.cacheRead).toBeGreaterThan(0);
        expect(card.cacheRead).toBeLessThan(card.input);
        expect(card.input).toBeLessThan(card.cacheWrite5m);
        expect(card.cacheWrite5m).toBeLessThan(card.cacheWrite1h);
        expect(card.cacheWrite1h).toBeLessThan(card.output);
      }
    }
  });

  it('writes an hour of cache at twice the input, and five minutes at five quarters but for Haiku 3', () => {
    for (const row of ROWS) {
      for (const card of cardsOf(row)) {
        expect(card.cacheWrite1h).toBe(card.input * 2);
        const writeRatio = row.model.id === 'claude-3-haiku' ? 1.2 : 1.25;
        expect(card.cacheWrite5m).toBe(card.input * writeRatio);
      }
    }
  });

  it('surcharges residency from 4.6 on and regions from 4.5 on', () => {
    const old = [
      'claude-opus-4-1',
      'claude-opus-4',
      'claude-3-opus',
      'claude-sonnet-4',
      'claude-3-7-sonnet',
      'claude-3-5-sonnet',
    ];
    const oldHaiku = ['claude-3-5-haiku', 'claude-3-haiku'];
    expect(idsWithout((model) => model.hasRegionalPrice)).toEqual([...old, ...oldHaiku]);
    expect(idsWithout((model) => model.hasGeoPrice)).toEqual([
      'claude-opus-4-5',
      ...old.slice(0, 3),
      'claude-sonnet-4-5',
      ...old.slice(3),
      'claude-haiku-4-5',
      ...oldHaiku,
    ]);
  });

  it('has a version that is a day', () => {
    expect(PRICE_TABLE_VERSION).toMatch(/^20\d\d-\d\d-\d\d\.\d+$/);
    expect(Number.isNaN(Date.parse(PRICE_TABLE_VERSION.slice(0, 10)))).toBe(false);
  });

  it('finds nothing for an id it does not hold', () => {
    expect(findModel('claude-opus-9')).toBeUndefined();
    expect(isListedModel('claude-opus-9')).toBe(false);
    expect(isListedModel('toString')).toBe(false);
    const model = { ...PRICED_MODELS[0], id: 'claude-opus-9' } as PricedModel;
    expect(findRow(model, Date.parse('2026-11-21'))).toBeUndefined();
  });

  it('reads prices as they are printed', () => {
    expect(usdPerMTok(0.1, 0.125, 0.2, 0.01, 0.5)).toEqual({
      input: 100_000,
      cacheWrite5m: 125_000,
      cacheWrite1h: 200_000,
      cacheRead: 10_000,
      output: 500_000,
    });
  });
});
