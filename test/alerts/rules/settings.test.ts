// Settings: a wrong variable is named, with what to do; half of a channel is a fault; secrets stay hidden.

import { describe, expect, it } from '@jest/globals';
import { RULE_IDS, RULES } from '../../../alerts/rules/all-rules.ts';
import { CHANNEL_VARIABLES, configuredChannels } from '../../../alerts/rules/channel-settings.ts';
import { POLICY_VARIABLES, readAlertConfig } from '../../../alerts/rules/policy.ts';
import { validateRules } from '../../../alerts/rules/rule.ts';
import { defaultSettings, SettingError, SETTINGS, type Environment } from '../../../alerts/rules/setting.ts';
import { CATALOGUE } from '../../../signals/catalogue/index.ts';
import { BOT_TOKEN } from '../../fakes/telegram.ts';

/** A rule of one's own with a part that is wrong. */
function ownRule(part: object): Environment {
  const rule = { id: 'a', title: 'A', signal: 'cost', window: '1h', comparison: 'above', limit: 1, ...part };
  return { ALERT_RULES: JSON.stringify({ rules: [rule] }) };
}

function problemsOf(env: Environment): readonly string[] {
  try {
    readAlertConfig(env, RULE_IDS);
    return [];
  } catch (error) {
    if ((error as Error).name !== 'SettingError') throw error;
    return (error as SettingError).problems;
  }
}

describe('settings', () => {
  it('have the published defaults without any variable', () => {
    const { settings, channels, policy } = readAlertConfig({}, RULE_IDS);
    expect(settings).toEqual(defaultSettings());
    expect(settings).toMatchObject({
      costSpikeTimes: 2,
      userDayCost: 5,
      runCost: 0.5,
      conversationCost: 0.5,
    });
    expect(settings).toMatchObject({
      runFailureRate: 0.2,
      cacheHitRatio: 0.6,
      turnsPerRun: 15,
      runLatencyP95: 10,
    });
    expect(settings).toMatchObject({
      toolFailureRate: 0.05,
      toolRetryRate: 0.3,
      apiErrorRate: 0.01,
      unpricedCalls: 0,
    });
    expect(configuredChannels(channels)).toEqual([]);
    expect(policy.timezone).toBe('UTC');
  });

  it('take an empty variable, as compose passes it, for none', () => {
    const names = [...Object.values(SETTINGS), ...CHANNEL_VARIABLES, ...POLICY_VARIABLES].map(
      ({ env }) => env,
    );
    const env = Object.fromEntries(names.map((name) => [name, ' ']));
    expect(readAlertConfig(env, RULE_IDS)).toEqual(readAlertConfig({}, RULE_IDS));
  });

  it.each(Object.values(SETTINGS))(
    '$env: a value that is no number of its range is named',
    ({ env, min, max }) => {
      for (const wrong of ['two', String(min - 1), String(max + 1), 'NaN']) {
        expect(problemsOf({ [env]: wrong })).toEqual([expect.stringContaining(`${env} is "${wrong}"`)]);
      }
    },
  );

  it.each([
    [{ TELEGRAM_BOT_TOKEN: BOT_TOKEN }, /^TELEGRAM_BOT_TOKEN is set but TELEGRAM_CHAT_ID is not: /],
    [{ TELEGRAM_CHAT_ID: '42' }, /^TELEGRAM_CHAT_ID is set but TELEGRAM_BOT_TOKEN is not: /],
    [
      { TELEGRAM_BOT_TOKEN: '', TELEGRAM_CHAT_ID: '42' },
      /^TELEGRAM_CHAT_ID is set but TELEGRAM_BOT_TOKEN is not: /,
    ],
    [{ TELEGRAM_BOT_TOKEN: 'xyz', TELEGRAM_CHAT_ID: '42' }, /^TELEGRAM_BOT_TOKEN is no bot token/],
    [{ TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_CHAT_ID: 'me' }, /^TELEGRAM_CHAT_ID is "me"/],
    [{ SMTP_HOST: 'mail.example.com' }, /^ALERT_EMAIL is not set/],
    [{ ALERT_EMAIL: 'a@example.com' }, /^SMTP_HOST is not set/],
    [{ SMTP_HOST: 'm:99999', ALERT_EMAIL: 'a@b.c' }, /^SMTP_HOST is "m:99999"/],
    [{ SMTP_HOST: 'm', ALERT_EMAIL: 'a@b.c, nobody' }, /^ALERT_EMAIL holds "nobody"/],
    [{ SMTP_HOST: 'm', ALERT_EMAIL: 'a@b.c', SMTP_USER: 'u' }, /^SMTP_USER is set but SMTP_PASSWORD is not/],
    [
      { SMTP_HOST: 'm', ALERT_EMAIL: 'a@b.c', SMTP_PASSWORD: 'p' },
      /^SMTP_PASSWORD is set but SMTP_USER is not/,
    ],
    [{ SMTP_HOST: 'm', ALERT_EMAIL: 'a@b.c', SMTP_TLS: 'maybe' }, /^SMTP_TLS is "maybe"/],
    [
      { SMTP_HOST: 'm', ALERT_EMAIL: 'a@b.c', SMTP_USER: 'u', SMTP_PASSWORD: 'p', SMTP_TLS: 'off' },
      /^SMTP_TLS is off while SMTP_USER is set/,
    ],
    [{ SLACK_WEBHOOK_URL: 'hooks.slack.com/x' }, /^SLACK_WEBHOOK_URL is no URL/],
    [{ SLACK_WEBHOOK_URL: 'http://hooks.slack.com/x' }, /^SLACK_WEBHOOK_URL is not encrypted/],
    [{ WEBHOOK_SECRET: 's' }, /^WEBHOOK_SECRET is set but WEBHOOK_URL is not/],
    [{ PAGERDUTY_KEY: 'short' }, /^PAGERDUTY_KEY is no integration key/],
    [{ TIMEZONE: 'Mars/Olympus' }, /^TIMEZONE is "Mars\/Olympus"/],
    [{ ALERT_QUIET_HOURS: '22-7' }, /^ALERT_QUIET_HOURS is "22-7"/],
    [{ ALERT_QUIET_HOURS: '22:00-22:00' }, /^ALERT_QUIET_HOURS/],
    [{ ALERT_DISABLED: 'cost-spyke' }, /^ALERT_DISABLED holds "cost-spyke"/],
    [{ TALLYSPAN_URL: 'example.com' }, /^TALLYSPAN_URL is "example.com"/],
    [ownRule({ title: 'half a \ud83d' }), /^ALERT_RULES: rule 1: title is a text/],
    [ownRule({ where: { user: 'a\u0000' } }), /^ALERT_RULES: rule 1: where: user is a text/],
  ] satisfies [Environment, RegExp][])('%j is told as one fault', (env, message) => {
    expect(problemsOf(env)).toEqual([expect.stringMatching(message)]);
  });

  it('name every fault at once', () => {
    expect(problemsOf({ TIMEZONE: 'x', ALERT_RUN_USD: '-1', PAGERDUTY_KEY: 'short' })).toHaveLength(3);
  });

  it('never repeat a secret in a message', () => {
    const secret = 'hunter2hunter2';
    const secrets = CHANNEL_VARIABLES.filter((variable) => variable.isSecret).map(({ env }) => [env, secret]);
    expect(problemsOf(Object.fromEntries(secrets) as Environment).join('\n')).not.toContain(secret);
  });
});

describe('rules', () => {
  it('are valid: every signal exists, every time is a multiple of the tick', () => {
    expect(
      validateRules(
        RULES,
        CATALOGUE.map((signal) => signal.id),
      ),
    ).toEqual([]);
  });

  it('each fault of a rule is found', () => {
    const [rule] = RULES;
    if (rule === undefined) throw new Error('there are no rules');
    const wrong = {
      ...rule,
      id: 'No',
      signal: 'nothing',
      everyMs: 7000,
      forMs: 100,
      resolveAfterMs: -1,
      subject: '',
    };
    expect(
      validateRules([wrong, wrong], [rule.signal]).map((line) => line.replace(/^rule No: /, '')),
    ).toEqual(
      expect.arrayContaining([
        'the id is not kebab-case',
        'the id is used twice',
        'every is no multiple of 10 s',
        'for is no multiple of every',
        'the time to resolve is negative',
        'there is no signal nothing',
        'a text is empty',
      ]),
    );
  });
});
