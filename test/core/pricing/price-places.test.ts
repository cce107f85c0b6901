// Where and how fast a call ran: residency, regions, fast mode, and the row that tells.
// $1 per million tokens is 1,000 nano-USD a token.

import { describe, expect, it } from '@jest/globals';
import { costNanoUsd, price, rawUsage, TURN } from './price-request.ts';

describe('data residency', () => {
  const us = { ...TURN, inference_geo: 'us' };
  it('adds 10 % on every token bucket from 4.6 on', () => {
    // 91,300,000 × 1.1 and 54,780,000 × 1.1
    expect(costNanoUsd({ model: 'claude-opus-4-6', usage: us })).toBe(100_430_000);
    expect(costNanoUsd({ model: 'claude-sonnet-4-6', usage: us })).toBe(60_258_000);
  });
  it('adds 10 % on the Claude Platform on AWS too', () => {
    expect(costNanoUsd({ model: 'claude-opus-4-6', usage: us, platform: 'aws' })).toBe(100_430_000);
  });
  it.each(['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5', 'claude-opus-4-1'])(
    'adds nothing on %s, which is older',
    (model) => {
      expect(costNanoUsd({ model, usage: us })).toBe(costNanoUsd({ model, usage: TURN }));
    },
  );
  it.each(['global', 'not_available', null, ''])('adds nothing for %p', (inference_geo) => {
    const cost = price({ model: 'claude-opus-5-5', usage: { ...TURN, inference_geo } });
    expect(cost).toMatchObject({ status: 'priced', costNanoUsd: 63_040_000 });
  });
  it('is an estimate at the base price for a place that has no rule', () => {
    const cost = price({ model: 'claude-opus-5-5', usage: { ...TURN, inference_geo: 'eu' } });
    expect(cost).toMatchObject({
      status: 'estimated',
      reason: 'inference_geo_unknown',
      costNanoUsd: 63_040_000,
    });
  });
  it('does not exist on Bedrock and Google Cloud, whose regions have their own rule', () => {
    expect(costNanoUsd({ model: 'global.anthropic.claude-opus-5-5', usage: us })).toBe(63_040_000);
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: us, platform: 'vertex', region: 'global' })).toBe(
      63_040_000,
    );
  });
  it.each([
    ['the served residency', { inference_geo: 'us' }, undefined],
    ['us', {}, 'us'],
    ['US Data Zone Standard', {}, 'US Data Zone Standard'],
    ['datazone-us', {}, 'datazone-us'],
    ['DataZoneStandard', {}, 'DataZoneStandard'],
    ['us - data - zone', {}, 'us - data - zone'],
  ])('adds 10 %% in the US data zone of Foundry, told by %s', (_name, extra, region) => {
    // 63,040,000 × 1.1
    const call = {
      model: 'claude-opus-5-5',
      usage: { ...TURN, ...extra },
      platform: 'foundry',
      region,
    } as const;
    expect(costNanoUsd(call)).toBe(69_344_000);
  });
  it.each([undefined, '', 'global', 'eastus2', 'eu-datazone', 'eu datazone standard'])(
    'adds nothing on Foundry in %p',
    (region) => {
      expect(costNanoUsd({ model: 'claude-opus-5-5', usage: TURN, platform: 'foundry', region })).toBe(
        63_040_000,
      );
    },
  );
  it('adds nothing on Foundry for a model before 4.6', () => {
    expect(costNanoUsd({ model: 'claude-opus-4-5', usage: TURN, platform: 'foundry', region: 'us' })).toBe(
      91_300_000,
    );
  });
  it('ignores the data zone words anywhere but on Foundry', () => {
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: TURN, region: 'us' })).toBe(63_040_000);
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: TURN, platform: 'aws', region: 'us' })).toBe(
      63_040_000,
    );
  });
});

describe('regional endpoints', () => {
  it.each([
    ['global.anthropic.claude-opus-5-5', undefined, 63_040_000],
    ['us.anthropic.claude-opus-5-5', undefined, 69_344_000],
    ['eu.anthropic.claude-opus-5-5', undefined, 69_344_000],
    ['jp.anthropic.claude-opus-5-5', undefined, 69_344_000],
    ['au.anthropic.claude-opus-5-5', undefined, 69_344_000],
    ['apac.anthropic.claude-opus-4-6-v1', undefined, 100_430_000],
    ['us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0', undefined, 60_258_000],
    // Without a profile the call stays in its region.
    ['anthropic.claude-haiku-4-5-20251001-v1:0', undefined, 20_086_000],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'eu-central-1', 20_086_000],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'global', 18_260_000],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', '', 20_086_000],
    // The profile says more than the region of the client.
    ['global.anthropic.claude-opus-5-5', 'eu-central-1', 63_040_000],
  ])('Bedrock %s in %s', (model, region, expected) => {
    expect(costNanoUsd({ model, usage: TURN, region })).toBe(expected);
  });
  it.each(['us.anthropic.claude-opus-4-1-20250805-v1:0', 'anthropic.claude-opus-4-1-20250805-v1:0'])(
    'cost nothing more on Bedrock before 4.5: %s',
    (model) => {
      expect(costNanoUsd({ model, usage: TURN })).toBe(273_900_000);
    },
  );
  it.each([
    ['claude-sonnet-4-5@20250929', undefined, 54_780_000],
    ['claude-sonnet-4-5@20250929', 'global', 54_780_000],
    ['claude-sonnet-4-5@20250929', ' Global ', 54_780_000],
    ['claude-sonnet-4-5@20250929', '', 54_780_000],
    ['claude-sonnet-4-5@20250929', 'us-east5', 60_258_000],
    ['claude-sonnet-4-5@20250929', 'eu', 60_258_000],
    ['claude-opus-4-1@20250805', 'us-east5', 273_900_000],
    ['claude-3-5-sonnet-v2@20241022', 'europe-west1', 54_780_000],
  ])('Google Cloud %s in %s', (model, region, expected) => {
    expect(costNanoUsd({ model, usage: TURN, region })).toBe(expected);
  });
  it('Google Cloud names new models without a date, so the platform must be told', () => {
    // 1,826,000 × 1.1
    const call = { model: 'claude-haiku-5-5', usage: TURN, region: 'us-east5' };
    expect(costNanoUsd({ ...call, platform: 'vertex' })).toBe(2_008_600);
    expect(costNanoUsd(call)).toBe(1_826_000);
  });
  it('Bedrock answers with the plain id: the profile is in the requested one', () => {
    const call = { model: 'claude-opus-5-5', usage: TURN, platform: 'bedrock', region: 'eu-west-1' } as const;
    expect(costNanoUsd({ ...call, requestedModel: 'global.anthropic.claude-opus-5-5' })).toBe(63_040_000);
    expect(costNanoUsd({ ...call, requestedModel: 'eu.anthropic.claude-opus-5-5' })).toBe(69_344_000);
    expect(costNanoUsd(call)).toBe(69_344_000);
    expect(costNanoUsd({ ...call, region: undefined })).toBe(63_040_000);
  });
  it('the answering id may name the scope when the requested one does not', () => {
    const call = { requestedModel: 'anthropic.claude-opus-5-5', usage: TURN };
    expect(costNanoUsd({ ...call, model: 'global.anthropic.claude-opus-5-5' })).toBe(63_040_000);
  });
  it('an opaque profile may be global or regional: an estimate by the region of the client', () => {
    const call = {
      model: 'claude-opus-5-5',
      requestedModel: 'arn:aws:bedrock:eu-west-1:1:application-inference-profile/a',
      usage: TURN,
      platform: 'bedrock',
    } as const;
    const doubt = { status: 'estimated', reason: 'profile_scope_unknown' };
    expect(price({ ...call, region: 'eu-west-1' })).toMatchObject({ ...doubt, costNanoUsd: 69_344_000 });
    expect(price({ ...call, region: 'global' })).toMatchObject({ ...doubt, costNanoUsd: 63_040_000 });
  });
  it('an id that nobody knows says nothing about the place of the model that answered', () => {
    const call = { model: 'claude-opus-5-5', requestedModel: 'claude-opus-newest', usage: TURN };
    expect(price(call)).toMatchObject({ status: 'priced', costNanoUsd: 63_040_000 });
  });
  it('stack with batch', () => {
    // 63,040,000 × 0.55
    const usage = { ...TURN, service_tier: 'batch' };
    expect(costNanoUsd({ model: 'us.anthropic.claude-opus-5-5', usage })).toBe(34_672_000);
  });
});

describe('fast mode', () => {
  const fast = { ...TURN, speed: 'fast' };
  it.each([
    // Fable 5.2: twice every rate
    ['claude-fable-5-2', 232_160_000],
    // Opus 5.5: 10×8,000 + 50,000×400 + 5,000×10,000 + 1,000×16,000 + 1,000×40,000
    ['claude-opus-5-5', 126_080_000],
    // Opus 5, 4.8: 10×10,000 + 50,000×1,000 + 5,000×12,500 + 1,000×20,000 + 1,000×50,000
    ['claude-opus-5', 182_600_000],
    ['claude-opus-4-8', 182_600_000],
    // Opus 4.6 now runs and is charged as standard
    ['claude-opus-4-6', 91_300_000],
  ])('%s', (model, expected) => {
    expect(price({ model, usage: fast })).toMatchObject({ status: 'priced', costNanoUsd: expected });
  });
  it('stacks with data residency', () => {
    // 126,080,000 × 1.1
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: { ...fast, inference_geo: 'us' } })).toBe(
      138_688_000,
    );
  });
  it.each([null, 'standard', undefined])('is not what speed %p says', (speed) => {
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: { ...TURN, speed } })).toBe(63_040_000);
  });
  it('is on Google Cloud for Fable 5.2 and on Foundry for Opus 5.5', () => {
    expect(costNanoUsd({ model: 'claude-fable-5-2', usage: fast, platform: 'vertex' })).toBe(232_160_000);
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: fast, platform: 'foundry' })).toBe(126_080_000);
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: fast, platform: 'aws' })).toBe(126_080_000);
  });
  it('was six times the price on Opus 4.7 and 4.6', () => {
    // 10×30,000 + 50,000×3,000 + 5,000×37,500 + 1,000×60,000 + 1,000×150,000
    expect(costNanoUsd({ model: 'claude-opus-4-7', usage: fast, at: '2026-05-01' })).toBe(547_800_000);
    expect(costNanoUsd({ model: 'claude-opus-4-6', usage: fast, at: '2026-05-01' })).toBe(547_800_000);
  });
  it('was twelve times the input price over 200,000 tokens while Opus 4.6 had that tier', () => {
    // 200,001×60,000 + 1,000×225,000
    const usage = { ...rawUsage({ input: 200_001, output: 1000 }), speed: 'fast' };
    expect(costNanoUsd({ model: 'claude-opus-4-6', usage, at: '2026-03-01' })).toBe(12_225_060_000);
  });
});

describe('the row of a call names platform, model, first day and what was applied', () => {
  const LONG = rawUsage({ input: 100_001 });
  it.each([
    [{ model: 'claude-opus-5-5', usage: TURN }, 'anthropic/claude-opus-5-5@2026-09-22'],
    [
      { model: 'claude-opus-5-5', usage: { ...TURN, speed: 'fast' } },
      'anthropic/claude-opus-5-5@2026-09-22+fast',
    ],
    [
      { model: 'claude-opus-4-6', usage: { ...TURN, speed: 'fast' } },
      'anthropic/claude-opus-4-6@2026-06-27+fast',
    ],
    [
      { model: 'claude-opus-5-5', usage: { ...TURN, speed: 'fast', inference_geo: 'us' }, platform: 'aws' },
      'aws/claude-opus-5-5@2026-09-22+fast+us',
    ],
    [
      { model: 'claude-opus-5-5', usage: { ...TURN, service_tier: 'batch', inference_geo: 'us' } },
      'anthropic/claude-opus-5-5@2026-09-22+us+batch',
    ],
    [{ model: 'us.anthropic.claude-opus-5-5', usage: TURN }, 'bedrock/claude-opus-5-5@2026-09-22+regional'],
    [{ model: 'global.anthropic.claude-opus-5-5', usage: TURN }, 'bedrock/claude-opus-5-5@2026-09-22'],
    [
      { model: 'claude-opus-5-5@default', usage: TURN, region: 'eu' },
      'vertex/claude-opus-5-5@2026-09-22+regional',
    ],
    [
      { model: 'claude-opus-5-5', usage: TURN, platform: 'foundry', region: 'us' },
      'foundry/claude-opus-5-5@2026-09-22+us',
    ],
    [{ model: 'claude-haiku-5-5', usage: LONG }, 'anthropic/claude-haiku-5-5@2026-10-07+over_100000'],
    [
      { model: 'us.anthropic.claude-haiku-5-5', usage: { ...LONG, service_tier: 'batch' } },
      'bedrock/claude-haiku-5-5@2026-10-07+over_100000+regional+batch',
    ],
  ] as const)('%j', (call, row) => {
    expect(price(call)).toHaveProperty('row', row);
  });
});
