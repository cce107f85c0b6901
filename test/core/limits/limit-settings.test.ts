// What may be written as a limit, and whom it holds for.

import { describe, expect, it } from '@jest/globals';
import { findImpossibleLimits } from '../../../core/limits/impossible-limits.ts';
import { parsePriceOverrides } from '../../../core/pricing/price-overrides.ts';
import { matchesPattern, rulesFor } from '../../../core/limits/limit.ts';
import { parseAmount, parseLimitsFile, readLimitSettings } from '../../../core/limits/limit-settings.ts';

describe('amounts', () => {
  it.each([
    ['$0.50', 500_000_000],
    ['0.5', 500_000_000],
    [' 5 usd', 5_000_000_000],
    [2, 2_000_000_000],
    ['$.05', 50_000_000],
  ])('%s is money', (text, nanoUsd) => {
    expect(parseAmount(text, 'run')).toBe(nanoUsd);
  });

  it.each(['', 'abc', '-1', '$-1', '1e3', 'NaN', '0', '$0.0000001', '99999999999', null, true])(
    '%s is none, and it is said why',
    (text) => {
      expect(typeof parseAmount(text, 'user_day')).toBe('string');
    },
  );

  it.each([
    ['25', 25],
    ['200k', 200_000],
    ['1.5M', 1_500_000],
  ])('%s is a count', (text, count) => {
    expect(parseAmount(text, 'tokens_run')).toBe(count);
  });

  it.each(['0', '2.5', '$1', '-3'])('%s is no count', (text) => {
    expect(typeof parseAmount(text, 'turns')).toBe('string');
  });
});

describe('limit settings', () => {
  it('are none where none is set', () => {
    expect(readLimitSettings({ TALLYSPAN_LOG: 'off', TALLYSPAN_LIMIT_RUN: ' ' }, [])).toBeUndefined();
  });

  it.each([
    ['TALLYSPAN_LIMIT_LOOP', 'stopp', 'report, stop. Using report.'],
    ['TALLYSPAN_LIMIT_UNPRICED', 'block', 'warn, refuse. Using warn.'],
    ['TALLYSPAN_LIMIT_WITHOUT_SERVER', 'deny', 'allow, refuse. Using allow.'],
    ['TALLYSPAN_LIMIT_ON_FAULT', 'deny', 'allow, refuse. Using allow.'],
    ['TALLYSPAN_LIMIT_SHORTEN', 'yes', 'on, off. Using off.'],
  ])('%s=%s is said and not in force', (name, value, words) => {
    const problems: string[] = [];
    readLimitSettings({ TALLYSPAN_LIMIT_RUN: '$1', [name]: value }, problems);
    expect(problems).toEqual([`${name}=${value} is not valid; it is one of ${words}`]);
  });

  it('a limit that is not understood, or that would refuse everything, is said and not in force', () => {
    const problems: string[] = [];
    const settings = readLimitSettings(
      { TALLYSPAN_LIMIT_RUN: 'a lot', TALLYSPAN_LIMIT_TURNS: '0', TALLYSPAN_LIMIT_USER_DAY: '$5' },
      problems,
    );
    expect(settings?.rules.map(({ name }) => name)).toEqual(['TALLYSPAN_LIMIT_USER_DAY']);
    expect(problems).toEqual([
      'TALLYSPAN_LIMIT_RUN=a lot is not an amount in dollars; write $0.50. This limit is not in force.',
      'TALLYSPAN_LIMIT_TURNS=0 would refuse every request: it allows no turn. This limit is not in force.',
    ]);
  });
});

const rulesOf = (entries: unknown) => {
  const parsed = parseLimitsFile(JSON.stringify({ limits: entries }), 'limits.json');
  if ('errors' in parsed) throw new Error(parsed.errors.join('; '));
  return parsed.rules;
};

describe('limits.json', () => {
  const nobody = { user: undefined, agent: undefined, task: undefined, model: 'm' };

  it('the first entry that fits counts; one for a model holds beside the others', () => {
    const rules = rulesOf([
      { user: 'premium-*', user_day: '$50' },
      { user: '*', user_day: '$2', turns: 20 },
      { model: 'claude-opus-*', user_day: '$1' },
    ]);
    const amounts = (user: string | undefined, model: string) =>
      rulesFor(rules, { ...nobody, user, model }).map(({ scope, amount }) => [scope, amount]);
    expect(amounts('premium-7', 'claude-haiku-5')).toEqual([
      ['user_day', 50e9],
      ['turns', 20],
    ]);
    expect(amounts('x', 'claude-opus-5')).toEqual([
      ['user_day', 2e9],
      ['turns', 20],
      ['user_day', 1e9],
    ]);
    // Who is not named is somebody, too.
    expect(amounts(undefined, 'm')).toHaveLength(2);
  });

  it('counts for an entry what it counted wherever it stands, however much it allows and for whom', () => {
    const before = rulesOf([{ user: '*', user_day: '$2' }]);
    const after = rulesOf([
      { model: 'claude-opus-*', user_day: '$1' },
      { user: 'ana', user_day: '$5' },
      { user_day: '$3' },
      { agent: 'report-*', user_day: '$1' },
      { user: 'ana', model: 'claude-opus-*', user_day: '$9' },
      { model: 'claude-opus-*', user_day: '$7' },
    ]);
    const setting = readLimitSettings({ TALLYSPAN_LIMIT_USER_DAY: '$1' }, [])?.rules ?? [];
    const [old = ''] = before.map(({ counts }) => counts);
    expect(after.map(({ counts }) => counts === old)).toEqual([false, true, true, false, false, false]);
    expect(new Set(after.map(({ counts }) => counts)).size).toBe(5);
    expect(setting.map(({ counts }) => counts)).toEqual([old]);
    // Of a run all is counted, whoever its user is.
    expect(new Set(rulesOf([{ user: 'a', run: '$1' }, { run: '$2' }]).map(({ counts }) => counts)).size).toBe(
      1,
    );
    const [long] = rulesOf([{ agent: 'x'.repeat(3_000), user_day: '$1' }]);
    expect(long?.counts.length).toBeLessThan(300);
  });

  it.each([
    ['no JSON', '{'],
    ['no list', '{"limits": 1}'],
    ['an unknown key', '{"limits": [{"usr_day": "$1"}]}'],
    ['an entry without a limit', '{"limits": [{"user": "a"}]}'],
    ['a wrong amount', '{"limits": [{"user": "a", "run": "much"}]}'],
    ['a limit beside the list', '{"limits": [{"turns": 5}], "loop": "stop"}'],
    ['a wrong pattern', '{"limits": [{"user": 1, "run": "$1"}]}'],
  ])('%s makes none of the file apply', (_name, text) => {
    expect(parseLimitsFile(text, 'limits.json')).toHaveProperty('errors');
  });

  it('may say what it is for', () => {
    expect(rulesOf([{ turns: 5 }])).toHaveLength(1);
    const text = '{"$schema": "./limits.schema.json", "comment": "of November", "limits": [{"turns": 5}]}';
    expect(parseLimitsFile(text, 'limits.json')).toMatchObject({ rules: [{ amount: 5 }] });
  });

  it.each([
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a.c', 'abc', false],
    ['*b*d', 'abcd', true],
    ['ab', 'abc', false],
  ])('%s fits %s: %s', (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });
});

const impossible = (output: number, more: unknown[] = []) => {
  const overrides = parsePriceOverrides(
    JSON.stringify({
      models: {
        'claude-sonnet-5-5': { input: 2, output, cacheRead: 0.2, cacheWrite5m: 2.5, cacheWrite1h: 4 },
      },
    }),
  );
  if ('errors' in overrides) throw new Error(JSON.stringify(overrides.errors));
  const rules =
    readLimitSettings({ TALLYSPAN_LIMIT_RUN: '$0.50', TALLYSPAN_LIMIT_TURNS: '5' }, [])?.rules ?? [];
  return findImpossibleLimits([...rules, ...rulesOf(more)], overrides, Date.UTC(2026, 10, 30));
};

function serverAndFaults(env: Readonly<Record<string, string>>): [string | undefined, readonly string[]] {
  const settings = readLimitSettings({ TALLYSPAN_LIMIT_USER_DAY: '$1', ...env }, []);
  return [settings?.serverUrl, settings?.faults ?? []];
}

describe('the server that shares limits out', () => {
  it('is that of TALLYSPAN_LIMIT_SERVER, else that of TALLYSPAN_URL, and a fault names the one that is wrong', () => {
    const [server, page] = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
    expect(serverAndFaults({ TALLYSPAN_LIMIT_SERVER: server, TALLYSPAN_URL: page })).toEqual([server, []]);
    expect(serverAndFaults({ TALLYSPAN_URL: page })).toEqual([page, []]);
    expect(serverAndFaults({ TALLYSPAN_URL: 'foo' })[1]).toEqual([
      expect.stringMatching(/^TALLYSPAN_URL=foo is not/),
    ]);
    expect(serverAndFaults({ TALLYSPAN_LIMIT_SERVER: 'foo', TALLYSPAN_URL: page })[1]).toEqual([
      expect.stringMatching(/^TALLYSPAN_LIMIT_SERVER=foo is not/),
    ]);
  });
});

describe('a price file with a slip', () => {
  it('is an error at start where a limit would refuse every call, and none where it would not', () => {
    expect(impossible(10)).toEqual([]);
    expect(impossible(10_000)).toEqual([
      expect.stringMatching(/^ERROR: by TALLYSPAN_PRICES a short request to claude-sonnet-5-5 costs \$2\.56/),
    ]);
    // Limits for calls of that model as well, and those for others not.
    const small = { user_day: '$0.001' };
    expect(impossible(10, [{ model: 'claude-sonnet-*', ...small }])).toHaveLength(1);
    expect(impossible(10, [{ model: 'claude-opus-*', ...small }])).toEqual([]);
  });
});
