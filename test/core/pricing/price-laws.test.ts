// Laws of money that hold for every usage, with no oracle: found by generated calls.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  addTokens,
  addWebSearches,
  createCharges,
  FACTOR_ONE,
  MULTIPLIER_ONE,
  roundCharges,
  type Charges,
} from '../../../core/pricing/charges.ts';
import { PRICED_MODELS } from '../../../core/prices/table.ts';
import { costNanoUsd, price, rawUsage } from './price-request.ts';

const tokens = fc.oneof(fc.nat(10), fc.nat(10_000_000));
const counts = fc.record({ input: tokens, read: tokens, write5m: tokens, write1h: tokens, output: tokens });
const rate = fc.nat(200_000_000);
const rates = fc.record({
  input: rate,
  cacheRead: rate,
  cacheWrite5m: rate,
  cacheWrite1h: rate,
  output: rate,
});
const factor = fc.constantFrom(20, 10, 22, 11);
const multiplier = fc.integer({ min: 1, max: 10 * MULTIPLIER_ONE });
const model = fc.constantFrom(...PRICED_MODELS.map(({ id }) => id));
const served = fc.record({
  service_tier: fc.constantFrom('standard', 'batch', null),
  inference_geo: fc.constantFrom('us', 'global', null),
  server_tool_use: fc.record({ web_search_requests: fc.nat(20) }),
});
const UNITS_PER_NANO = 1000n * BigInt(FACTOR_ONE) * BigInt(MULTIPLIER_ONE);

/** A charge in the unit of a big number. */
const exactly = (charge: number | bigint): bigint =>
  typeof charge === 'bigint' ? charge : BigInt(charge) * BigInt(MULTIPLIER_ONE);

const exactOf = (charges: Charges): bigint =>
  Object.values(charges).reduce<bigint>((sum, charge) => sum + exactly(charge), 0n);

const anyCharges = fc
  .tuple(counts, rates, factor, multiplier, fc.nat(1000))
  .map(([count, card, twentieths, millionths, searches]) => {
    const charges = createCharges();
    const usage = {
      input: count.input,
      cacheRead: count.read,
      cacheWrite5m: count.write5m,
      cacheWrite1h: count.write1h,
      output: count.output,
    };
    addTokens(charges, usage, card, twentieths, millionths);
    addWebSearches(charges, searches, 10_000, millionths);
    return charges;
  });

describe('the cost of a call', () => {
  it('is the sum of its buckets, to the nano-dollar', () => {
    fc.assert(
      fc.property(anyCharges, (charges) => {
        const { costNanoUsd: cost, buckets } = roundCharges(charges);
        expect(Object.values(buckets).reduce((sum, bucket) => sum + bucket, 0)).toBe(cost);
      }),
    );
  });

  it('is within half a nano-dollar of the exact charge, each bucket within one', () => {
    fc.assert(
      fc.property(anyCharges, (charges) => {
        const { costNanoUsd: cost, buckets } = roundCharges(charges);
        const error = BigInt(cost) * UNITS_PER_NANO - exactOf(charges);
        expect(2n * (error < 0n ? -error : error) <= UNITS_PER_NANO).toBe(true);
        for (const [bucket, charge] of Object.entries(charges)) {
          const bucketError = BigInt(buckets[bucket as keyof Charges]) * UNITS_PER_NANO - exactly(charge);
          expect((bucketError < 0n ? -bucketError : bucketError) < UNITS_PER_NANO).toBe(true);
          expect(exactly(charge) > 0n || buckets[bucket as keyof Charges] === 0).toBe(true);
        }
      }),
    );
  });

  it('of nothing is nothing, for every model and every day it had a price', () => {
    for (const { id, rows } of PRICED_MODELS) {
      for (const row of rows) {
        expect(price({ model: id, usage: rawUsage({}), at: row.validFrom })).toMatchObject({
          status: 'priced',
          costNanoUsd: 0,
          buckets: { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, webSearch: 0 },
        });
      }
    }
  });

  it('never falls when a bucket grows', () => {
    fc.assert(
      fc.property(model, counts, counts, served, (id, count, more, how) => {
        const larger = {
          input: count.input + more.input,
          read: count.read + more.read,
          write5m: count.write5m + more.write5m,
          write1h: count.write1h + more.write1h,
          output: count.output + more.output,
        };
        expect(costNanoUsd({ model: id, usage: { ...rawUsage(larger), ...how } })).toBeGreaterThanOrEqual(
          costNanoUsd({ model: id, usage: { ...rawUsage(count), ...how } }),
        );
      }),
    );
  });

  it('is the sum of the costs of its iterations, but for the one rounding', () => {
    const flat = model.filter((id) => id !== 'claude-haiku-5-5');
    fc.assert(
      fc.property(fc.array(fc.tuple(flat, counts), { minLength: 1, maxLength: 5 }), (steps) => {
        const iterations = steps.map(([id, count]) => ({
          type: 'advisor_message',
          model: id,
          ...rawUsage(count),
        }));
        const whole = costNanoUsd({ model: 'claude-opus-5-5', usage: { ...rawUsage({}), iterations } });
        const parts = steps.map(([id, count]) => costNanoUsd({ model: id, usage: rawUsage(count) }));
        const sum = parts.reduce((total, part) => total + part, 0);
        expect(Math.abs(whole - sum)).toBeLessThanOrEqual((steps.length + 1) / 2);
      }),
    );
  });

  it('scales: n times the tokens are n times the charge, n times the rate as well', () => {
    fc.assert(
      fc.property(counts, rates, fc.integer({ min: 1, max: 50 }), (count, card, n) => {
        const usage = {
          input: count.input,
          cacheRead: count.read,
          cacheWrite5m: count.write5m,
          cacheWrite1h: count.write1h,
          output: count.output,
        };
        const times = <T extends object>(value: T): T =>
          Object.fromEntries(Object.entries(value).map(([key, part]) => [key, (part as number) * n])) as T;
        const charge = (u: typeof usage, c: typeof card): bigint => {
          const charges = createCharges();
          addTokens(charges, u, c, FACTOR_ONE, MULTIPLIER_ONE);
          return exactOf(charges);
        };
        expect(charge(times(usage), card)).toBe(charge(usage, card) * BigInt(n));
        expect(charge(usage, times(card))).toBe(charge(usage, card) * BigInt(n));
      }),
    );
  });

  it('of a batch is half, of US residency eleven tenths, exactly', () => {
    fc.assert(
      fc.property(counts, (count) => {
        const plain = costNanoUsd({ model: 'claude-opus-5-5', usage: rawUsage(count) });
        const batch = costNanoUsd({
          model: 'claude-opus-5-5',
          usage: { ...rawUsage(count), service_tier: 'batch' },
        });
        const us = costNanoUsd({
          model: 'claude-opus-5-5',
          usage: { ...rawUsage(count), inference_geo: 'us' },
        });
        expect(Math.abs(2 * batch - plain)).toBeLessThanOrEqual(1);
        expect(Math.abs(10 * us - 11 * plain)).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('never throws, whatever comes as usage', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (usage, id) => {
        expect(['priced', 'estimated', 'partial', 'unpriced']).toContain(price({ model: id, usage }).status);
        expect(['priced', 'estimated', 'partial', 'unpriced']).toContain(
          price({ model: 'claude-opus-5-5', usage }).status,
        );
      }),
    );
  });
});
