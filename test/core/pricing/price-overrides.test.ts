// The override file: what it changes, that it wins over the table, and what its errors say.

import { describe, expect, it } from '@jest/globals';
import { PRICE_TABLE_VERSION } from '../../../core/pricing/cost.ts';
import {
  describeOverrideError,
  parsePriceOverrides,
  type PriceOverrides,
} from '../../../core/pricing/price-overrides.ts';
import { costNanoUsd, price, rawUsage, reasonOf } from './price-request.ts';

const RATES = { input: 3.6, output: 18, cacheRead: 0.18, cacheWrite5m: 4.5, cacheWrite1h: 7.2 };

function overridesOf(file: unknown): PriceOverrides {
  const parsed = parsePriceOverrides(JSON.stringify(file));
  if ('errors' in parsed)
    throw new Error(parsed.errors.map((error) => describeOverrideError('f', error)).join('\n'));
  return parsed;
}

function errorsOf(text: string): string[] {
  const parsed = parsePriceOverrides(text);
  return 'errors' in parsed ? parsed.errors.map((error) => describeOverrideError('prices.json', error)) : [];
}

describe('contract rates', () => {
  const overrides = overridesOf({ models: { 'claude-opus-5-5': RATES } });
  const usage = rawUsage({ input: 1000, read: 1000, write5m: 1000, write1h: 1000, output: 1000 });

  it('win over the table', () => {
    // 1,000 × (3,600 + 180 + 4,500 + 7,200 + 18,000)
    expect(price({ model: 'claude-opus-5-5', usage }, overrides)).toMatchObject({
      status: 'priced',
      costNanoUsd: 33_480_000,
      row: 'override/claude-opus-5-5',
      table: `${PRICE_TABLE_VERSION}+${overrides.version}`,
    });
  });

  it('are charged as written: no batch, residency, region, fast rate or multiplier changes them', () => {
    const all = overridesOf({ multiplier: 0.5, models: { 'claude-opus-5-5': RATES } });
    const served = { ...usage, service_tier: 'batch', inference_geo: 'us', speed: 'fast' };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: served }, all)).toBe(33_480_000);
    expect(costNanoUsd({ model: 'us.anthropic.claude-opus-5-5', usage }, all)).toBe(33_480_000);
  });

  it('apply to every form of the id, and to nothing else', () => {
    expect(costNanoUsd({ model: 'claude-opus-5-5[1m]', usage }, overrides)).toBe(33_480_000);
    // list: 1,000 × (5,000 + 500 + 6,250 + 10,000 + 25,000)
    expect(costNanoUsd({ model: 'claude-opus-5', usage }, overrides)).toBe(46_750_000);
  });

  it('can be those of one platform form alone', () => {
    const bedrock = overridesOf({ models: { 'us.anthropic.claude-opus-5-5': RATES } });
    expect(costNanoUsd({ model: 'us.anthropic.claude-opus-5-5', usage }, bedrock)).toBe(33_480_000);
    // list: 1,000 × (4,000 + 200 + 5,000 + 8,000 + 20,000)
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage }, bedrock)).toBe(37_200_000);
  });

  it('price ids that the table cannot: unpriced models, gateways, deployments', () => {
    for (const model of ['claude-mythos-5-2', 'anthropic/claude-opus-5.5', 'my-deployment']) {
      expect(costNanoUsd({ model, usage }, overridesOf({ models: { [model]: RATES } }))).toBe(33_480_000);
    }
  });

  it('may stand in a file that begins with a byte order mark', () => {
    const marked = parsePriceOverrides('\uFEFF{"multiplier": 0.5}');
    expect(marked).toMatchObject({ multiplierMillionths: 500_000 });
  });

  it('of a requested id that says no model hold whatever model answered', () => {
    for (const requestedModel of ['anthropic/claude-opus-5.5', 'my-deployment']) {
      const gateway = overridesOf({ models: { [requestedModel]: RATES } });
      expect(costNanoUsd({ model: 'claude-sonnet-5-5', requestedModel, usage }, gateway)).toBe(33_480_000);
    }
    // an id that says its model leaves the answering one to count: 1,000 × (2,000 + 100 + 2,500 + 4,000 + 10,000)
    const call = { model: 'claude-sonnet-5-5', requestedModel: 'claude-opus-5-5', usage };
    expect(costNanoUsd(call, overrides)).toBe(18_600_000);
  });

  it('hold from their first day to before their last, and the table outside', () => {
    const dated = overridesOf({
      models: { 'claude-opus-5-5': { ...RATES, from: '2026-10-01', to: '2026-11-01' } },
    });
    const at = (time: string): number => costNanoUsd({ model: 'claude-opus-5-5', usage, at: time }, dated);
    expect(at('2026-09-30T23:59:59Z')).toBe(37_200_000);
    expect(at('2026-10-01T00:00:00Z')).toBe(33_480_000);
    expect(at('2026-10-31T23:59:59Z')).toBe(33_480_000);
    expect(at('2026-11-01T00:00:00Z')).toBe(37_200_000);
  });

  it('may write one price for both cache lifetimes', () => {
    const one = overridesOf({
      models: { m: { input: 1, output: 1, cacheRead: 1, cacheWrite: 2, cacheWrite1h: 3 } },
    });
    // 1,000 × 2,000 + 1,000 × 3,000
    expect(costNanoUsd({ model: 'm', usage: rawUsage({ write5m: 1000, write1h: 1000 }) }, one)).toBe(
      5_000_000,
    );
  });

  it('do not make a priority call or a foreign bill ours', () => {
    const priority = { model: 'claude-opus-5-5', usage: { ...usage, service_tier: 'priority' } };
    expect(reasonOf(priority, overrides)).toBe('priority_tier');
    expect(reasonOf({ model: 'claude-opus-5-5', usage, billTo: 'user_profile' }, overrides)).toBe(
      'user_profile_billed',
    );
  });
});

describe('the multiplier', () => {
  it('scales list prices, web searches too', () => {
    // (1,000×4,000 + 2×10,000,000) × 0.85
    const overrides = overridesOf({ multiplier: 0.85 });
    const usage = { ...rawUsage({ input: 1000 }), server_tool_use: { web_search_requests: 2 } };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage }, overrides)).toBe(20_400_000);
  });
  it('is exact to six decimals', () => {
    // 1,000,000×4,000 × 0.333333
    const overrides = overridesOf({ multiplier: 0.333333 });
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: rawUsage({ input: 1_000_000 }) }, overrides)).toBe(
      1_333_332_000,
    );
  });
  it('of an empty file is one', () => {
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: rawUsage({ input: 1 }) }, overridesOf({}))).toBe(
      4000,
    );
  });
});

describe('aliases and regions', () => {
  const arn = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc';
  const usage = rawUsage({ input: 1000 });

  it('an alias says which model an own id is, in the form of its platform', () => {
    const overrides = overridesOf({
      aliases: { [arn]: 'eu.anthropic.claude-opus-5-5', 'my-deployment': 'claude-opus-5-5' },
    });
    // 1,000×4,000×1.1 and 1,000×4,000
    expect(costNanoUsd({ model: arn, usage }, overrides)).toBe(4_400_000);
    expect(costNanoUsd({ model: 'my-deployment', usage, platform: 'foundry' }, overrides)).toBe(4_000_000);
    expect(reasonOf({ model: arn, usage })).toBe('opaque_inference_profile');
  });

  it('an alias may stand for contract rates', () => {
    const overrides = overridesOf({ models: { house: RATES }, aliases: { 'my-deployment': 'house' } });
    expect(costNanoUsd({ model: 'my-deployment', usage }, overrides)).toBe(3_600_000);
  });

  it('an alias counts for the requested id and for iterations', () => {
    const overrides = overridesOf({
      aliases: { [arn]: 'eu.anthropic.claude-opus-5-5', own: 'claude-sonnet-5-5' },
    });
    const call = { model: 'claude-opus-5-5', requestedModel: arn };
    expect(costNanoUsd({ ...call, usage }, overrides)).toBe(4_400_000);
    // 1,000×2,000×1.1
    const iterations = [{ type: 'advisor_message', model: 'own', ...usage }];
    expect(costNanoUsd({ ...call, usage: { ...rawUsage({}), iterations } }, overrides)).toBe(2_200_000);
  });

  it('a region says whether a location is regional', () => {
    const overrides = overridesOf({
      regions: { 'us-central1': 'global', anywhere: 'regional', global: 'regional' },
    });
    const at = (region: string): number =>
      costNanoUsd({ model: 'claude-opus-5-5', usage, platform: 'vertex', region }, overrides);
    expect([at('us-central1'), at('anywhere'), at('global'), at('europe-west1')]).toEqual([
      4_000_000, 4_400_000, 4_400_000, 4_400_000,
    ]);
  });
});

describe('the version of a file', () => {
  it('is the same for the same text and another for another', () => {
    expect(overridesOf({ multiplier: 0.5 }).version).toBe(overridesOf({ multiplier: 0.5 }).version);
    expect(overridesOf({ multiplier: 0.5 }).version).not.toBe(overridesOf({ multiplier: 0.6 }).version);
    expect(overridesOf({}).version).toMatch(/^override\.[0-9a-z]+$/);
  });
});

describe('an error names file, line, key and what to do', () => {
  it.each([
    ['{', /^prices\.json:1: the file is no JSON: /],
    ['{\n  "multiplier": 1,\n  oops\n}', /^prices\.json:3: the file is no JSON: /],
    ['[]', /^prices\.json:1: the file is \[\]; write an object$/],
    ['5', /^prices\.json:1: the file is 5; write an object$/],
    [
      '{\n "multiplyer": 1}',
      /^prices\.json:2: multiplyer is no key here; known ones are multiplier, models, aliases, regions$/,
    ],
    [
      '{"multiplier": 0}',
      /^prices\.json:1: multiplier is 0; write a number above 0 and at most 10 with at most six decimals$/,
    ],
    ['{"multiplier": 10.000001}', /multiplier is 10\.000001/],
    ['{"multiplier": 0.1234567}', /multiplier is 0\.1234567/],
    ['{"multiplier": "1"}', /multiplier is "1"/],
    ['{"multiplier": null, "models": null}', /models is null; write an object$/],
    ['{"models": {"m":\n\n 5}}', /^prices\.json:3: models\.m is 5; write an object$/],
    ['{"models": {"m": {"inputs": 5}}}', /models\.m\.inputs is no key here; known ones are input, output, /],
    [
      '{"models": {"m": {"input": -1, "output": 1, "cacheRead": 1, "cacheWrite": 1}}}',
      /^prices\.json:1: models\.m\.input is -1; write USD per million tokens, a number from 0 up with at most six decimals$/,
    ],
    [
      '{"models": {"m": {\n"input": 1,\n"output": "1", "cacheRead": 1, "cacheWrite": 1}}}',
      /^prices\.json:3: models\.m\.output is "1"/,
    ],
    [
      '{"models": {"m": {"input": 100000.1, "output": 1, "cacheRead": 1, "cacheWrite": 1}}}',
      /models\.m\.input is 100000\.1/,
    ],
    [
      '{\n"models": {\n"m": {"input": 1, "cacheRead": 1, "cacheWrite": 1}}}',
      /^prices\.json:3: models\.m\.output is missing; write USD per million tokens, for example 3\.6$/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite5m": 1}}}',
      /models\.m\.cacheWrite1h is missing/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "from": "soon"}}}',
      /models\.m\.from is "soon"; write a day such as "2026-11-21" \(UTC\)$/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "to": 2026}}}',
      /models\.m\.to is 2026/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "to": "2026-13-01"}}}',
      /models\.m\.to is/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "to": "2026-02-30"}}}',
      /models\.m\.to is "2026-02-30"; write a day/,
    ],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "from": "2026-02-01", "to": "2026-02-01"}}}',
      /models\.m\.to is not after "from"$/,
    ],
    [
      '{"aliases": {"a.b": "claude-opus-9"}}',
      /^prices\.json:1: aliases\.a\.b is "claude-opus-9", which has no price; write a Claude model id or a key of models$/,
    ],
    ['{"aliases": {"a": "claude-mythos-5-2"}}', /claude-mythos-5-2", which has no price/],
    ['{"aliases": {"a": 5}}', /aliases\.a is 5, which has no price/],
    ['{"aliases": []}', /aliases is \[\]; write an object$/],
    ['{"regions": []}', /^prices\.json:1: regions is \[\]; write an object$/],
    [
      '{"models": {"m": {"input": 1, "output": 1, "cacheRead": 1, "cacheWrite": 1, "to": ["2026-01-01"]}}}',
      /models\.m\.to is \["2026-01-01"\]/,
    ],
    ['{"multiplier": 1e999}', /multiplier is null/],
    ['{"regions": {"eu": "local"}}', /regions\.eu is "local"; write "global" or "regional"$/],
    ['{"multiplier": 1,\n"multiplier": 2}', /^prices\.json:2: multiplier is there twice; keep one$/],
  ])('%j', (text, message) => {
    expect(errorsOf(text)[0]).toMatch(message);
  });

  it('is told once, without the ones that only follow from it', () => {
    expect(errorsOf('{"models": {"m": 5}}')).toHaveLength(1);
    expect(errorsOf('{"models": {"m": {"inputs": 1}}}')).toHaveLength(1);
  });

  it('finds all of them at once', () => {
    expect(
      errorsOf('{"multiplier": 0,\n"regions": {"a": 1,\n"b": 2}}').map((error) => error.slice(0, 14)),
    ).toEqual(['prices.json:2:', 'prices.json:3:', 'prices.json:1:']);
  });

  it('takes a null multiplier, no keys and a rate of zero as they are', () => {
    expect(errorsOf('{"multiplier": null}')).toEqual([]);
    expect(errorsOf('{}')).toEqual([]);
    expect(errorsOf('{"multiplier": 10}')).toEqual([]);
    expect(
      errorsOf('{"models": {"m": {"input": 0, "output": 100000, "cacheRead": 0.000001, "cacheWrite": 1}}}'),
    ).toEqual([]);
  });
});
