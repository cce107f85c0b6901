// Loki's own ruler and Prometheus Alertmanager, for people without Grafana: the rules as one LogQL
// expression each, and alertmanager.yml with the channels that are configured.

import { RULES } from './rules/all-rules.ts';
import { ruleOfOwn } from './rules/own-rule.ts';
import {
  configuredChannels,
  type ChannelName,
  type ChannelSettings,
  type EmailSettings,
} from './rules/channel-settings.ts';
import type { AlertConfig } from './rules/policy.ts';
import { guardsOf, settingInSignalUnit, type Rule } from './rules/rule.ts';
import type { SettingValues } from './rules/setting.ts';
import {
  displayScale,
  literalTemplate,
  noticeTemplate,
  SLACK_ESCAPES,
  subjectTemplate,
  summaryTemplate,
  TITLE_MARK,
} from './annotations.ts';
import { duration, LEAST_GROUP_MS, quietInterval } from './grafana.ts';
import { guardQuery, ruleQuery } from './rule-query.ts';
import { labelOf } from '../signals/to-logql.ts';
import type { YamlValue } from './yaml-value.ts';

const RECEIVER = 'tallyspan';
const QUIET_HOURS = 'quiet hours';

/** A rules file of the ruler. */
export function rulerRules(config: AlertConfig): YamlValue {
  const rules = [...RULES, ...config.own.map(ruleOfOwn)].filter(
    (rule) => !config.policy.disabled.includes(rule.id),
  );
  const intervals = [...new Set(rules.map((rule) => rule.everyMs))].toSorted((a, b) => a - b);
  return {
    groups: intervals.map((everyMs) => ({
      name: `every ${duration(everyMs)}`,
      interval: duration(everyMs),
      rules: rules.filter((rule) => rule.everyMs === everyMs).map((rule) => rulerRule(rule, config)),
    })),
  };
}

function rulerRule(rule: Rule, { settings, policy }: AlertConfig): YamlValue {
  return {
    alert: rule.id,
    expr: rulerExpression(rule, settings, policy.timezone),
    for: duration(rule.forMs),
    keep_firing_for: duration(rule.resolveAfterMs),
    labels: { severity: rule.severity },
    annotations: {
      title: literalTemplate(rule.title),
      summary: summaryTemplate(rule, settings, { value: '$value', labels: '$labels' }),
      subject: subjectTemplate(rule, { labels: '$labels' }),
      action: rule.action,
    },
  };
}

/** Has a series for each group that is past the threshold; its value is in the unit of people. */
export function rulerExpression(rule: Rule, settings: SettingValues, timezone: string): string {
  const sign = rule.comparison === 'above' ? '>' : '<';
  const threshold = settingInSignalUnit(rule.threshold, settings);
  const scale = displayScale(rule.unit);
  const value = `((${ruleQuery(rule, timezone)}) ${sign} ${threshold})`;
  const guards = guardsOf(rule).map((guard) => {
    const on = guard.isPerGroup && rule.by !== undefined ? labelOf(rule.by) : '';
    return ` and on (${on}) ((${guardQuery(rule, guard, timezone)}) >= ${settingInSignalUnit(guard.atLeast, settings)})`;
  });
  const met = `${value}${guards.join('')}`;
  return scale === 1 ? met : `(${met}) / ${scale}`;
}

/** Addresses that tests and installations of one's own change. */
export interface AlertmanagerOptions {
  readonly telegramApiUrl?: string;
  readonly groupWait?: string;
  readonly groupInterval?: string;
}

/** alertmanager.yml. Without a channel the receiver is empty: the alerts are then only in its page. */
export function alertmanagerConfig(config: AlertConfig, options: AlertmanagerOptions = {}): YamlValue {
  const { channels, policy } = config;
  const { quietHours } = policy;
  return {
    route: {
      receiver: RECEIVER,
      group_by: ['alertname'],
      group_wait: options.groupWait ?? '10s',
      group_interval: options.groupInterval ?? duration(Math.max(policy.groupMs, LEAST_GROUP_MS)),
      repeat_interval: duration(policy.renotifyMs),
      routes:
        quietHours === undefined
          ? undefined
          : [{ receiver: RECEIVER, matchers: ['severity = "warning"'], mute_time_intervals: [QUIET_HOURS] }],
    },
    time_intervals:
      quietHours === undefined
        ? undefined
        : [{ name: QUIET_HOURS, time_intervals: [quietInterval(quietHours, policy.timezone)] }],
    receivers: [
      {
        name: RECEIVER,
        ...Object.fromEntries(
          configuredChannels(channels).map((name) => [
            `${name}_configs`,
            [receiverConfig(name, channels, options)],
          ]),
        ),
      },
    ],
  };
}

const TITLE = `${TITLE_MARK} {{ .CommonAnnotations.title }}`;
const TEXT = noticeTemplate([]);
const SLACK_TEXT = noticeTemplate([], SLACK_ESCAPES);

function receiverConfig(
  name: ChannelName,
  channels: ChannelSettings,
  options: AlertmanagerOptions,
): YamlValue {
  const { telegram, email, slack, webhook, pagerduty } = channels;
  const common = { send_resolved: true };
  switch (name) {
    case 'telegram':
      return {
        ...common,
        bot_token: telegram?.botToken,
        // Alertmanager knows chats by number only.
        chat_id: Number(telegram?.chatId),
        api_url: options.telegramApiUrl ?? telegram?.apiUrl,
        // In HTML mode Alertmanager escapes what the labels hold.
        parse_mode: 'HTML',
        message: TEXT,
      };
    case 'email':
      return email === undefined ? null : { ...common, ...emailConfig(email) };
    case 'slack':
      // Its own fallback holds labels as they are.
      return { ...common, api_url: slack?.url, title: TITLE, fallback: TITLE, text: SLACK_TEXT };
    case 'webhook':
      return { ...common, url: webhook?.url };
    case 'pagerduty':
      return {
        ...common,
        routing_key: pagerduty?.routingKey,
        url: pagerduty?.url,
        severity: '{{ .CommonLabels.severity }}',
        description: TITLE,
      };
  }
}

function emailConfig({
  to,
  from,
  host,
  port,
  tls,
  user,
  password,
  caFile,
}: EmailSettings): Record<string, YamlValue> {
  return {
    to: to.join(', '),
    from,
    smarthost: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    // On port 465 Alertmanager speaks TLS from the first byte; elsewhere it asks for STARTTLS.
    require_tls: tls === 'starttls',
    auth_username: user,
    auth_password: password,
    tls_config: caFile === undefined ? undefined : { ca_file: caFile },
    headers: { Subject: TITLE },
    html: '',
    text: TEXT,
  };
}

/** What this path cannot do with the settings, a line for each by the name of the variable. */
export function rulerProblems({ channels }: AlertConfig): readonly string[] {
  const chatId = channels.telegram?.chatId;
  return chatId === undefined || /^-?\d+$/.test(chatId)
    ? []
    : [`TELEGRAM_CHAT_ID is "${chatId}": Alertmanager takes the number of a chat, not its name.`];
}
