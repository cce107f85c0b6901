// Grafana's provisioning files: the rules, the contact point with the channels that are configured,
// the text of a message, and quiet hours. Grafana stops at the first wrong file, so nothing is
// written that is not complete.

import { createHash } from 'node:crypto';
import { RULES } from './rules/all-rules.ts';
import { ruleOfOwn } from './rules/own-rule.ts';
import { configuredChannels, type ChannelName, type ChannelSettings } from './rules/channel-settings.ts';
import type { AlertConfig, QuietHours } from './rules/policy.ts';
import {
  guardsOf,
  settingInSignalUnit,
  windowLengthMs,
  type NoDataMeaning,
  type Rule,
} from './rules/rule.ts';
import type { SettingValues } from './rules/setting.ts';
import {
  displayScale,
  noticeTemplate,
  SLACK_ESCAPES,
  subjectTemplate,
  summaryTemplate,
  TITLE_MARK,
} from './annotations.ts';
import { boardUrlTemplate, rulePanel } from './rule-board.ts';
import { guardQuery, ruleQuery, signalQuery } from './rule-query.ts';
import type { YamlValue } from './yaml-value.ts';

export const LOKI_UID = 'loki';
const EXPRESSION_UID = '__expr__';
const FOLDER = 'tallyspan alerts';
const RECEIVER = 'tallyspan';
const QUIET_HOURS = 'tallyspan quiet hours';
const ORG = 1;
const DAYS_READ_BY_DAY_RULES = 9;
const DAY_SECONDS = 86_400;
/** An interval of nothing is refused. */
export const LEAST_GROUP_MS = 60_000;

/** Where links in the alerts lead. */
export interface GrafanaLinks {
  /** Address of Grafana, without a slash at the end. */
  readonly grafanaUrl: string;
}

const NO_DATA: Record<NoDataMeaning, string> = { ok: 'OK', keep: 'KeepLast', alert: 'Alerting' };

/** What a step asks: `expr` of Loki, or `expression` over other steps. */
export interface GrafanaModel {
  readonly refId: string;
  readonly type?: 'reduce' | 'math';
  readonly expr?: string;
  readonly expression?: string;
  readonly [key: string]: YamlValue;
}

/** One step of a rule: a query of Loki, or an expression over other steps. */
export interface GrafanaStep {
  readonly refId: string;
  readonly datasourceUid: string;
  readonly queryType?: string;
  readonly relativeTimeRange: { readonly from: number; readonly to: number };
  readonly model: GrafanaModel;
}

/** The rules that are switched on, in groups of the same interval. */
export function grafanaRules(config: AlertConfig, links: GrafanaLinks): YamlValue {
  const rules = [...RULES, ...config.own.map(ruleOfOwn)].filter(
    (rule) => !config.policy.disabled.includes(rule.id),
  );
  const intervals = [...new Set(rules.map((rule) => rule.everyMs))].toSorted((a, b) => a - b);
  const titles = titlesOf(rules);
  return {
    apiVersion: 1,
    groups: intervals.map((everyMs) => ({
      orgId: ORG,
      name: `every ${duration(everyMs)}`,
      folder: FOLDER,
      interval: duration(everyMs),
      rules: rules
        .filter((rule) => rule.everyMs === everyMs)
        .map((rule) => ({ ...grafanaRule(rule, config, links), title: titles.get(rule.id) })),
    })),
  };
}

/** By the id of the rule. Grafana refuses to start with two rules of one title, and expands a dollar in it. */
function titlesOf(rules: readonly Rule[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    rules.map(({ id, title }) => {
      const own = taken.has(title) ? `${title} (${id})` : title;
      taken.add(own);
      return [id, own.replaceAll('$', '$$$$')];
    }),
  );
}

/** Grafana refuses to start with a longer one. */
const UID_LIMIT = 40;
const HASH_DIGITS = 10;

function uidOf({ id }: Rule): string {
  const uid = `tallyspan-${id}`;
  if (uid.length <= UID_LIMIT) return uid;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH_DIGITS);
  return `${uid.slice(0, UID_LIMIT - HASH_DIGITS - 1)}-${hash}`;
}

function grafanaRule(
  rule: Rule,
  config: AlertConfig,
  links: GrafanaLinks,
): { readonly [key: string]: YamlValue } {
  const { settings, policy, channels } = config;
  const hasChannel = configuredChannels(channels).length > 0;
  const isQuietAtNight = policy.quietHours !== undefined && rule.severity !== 'critical';
  const shown = rule.shown === undefined ? {} : { shown: '$values.Shown.Value' };
  return {
    uid: uidOf(rule),
    title: rule.title,
    condition: 'Condition',
    data: grafanaSteps(rule, settings, policy.timezone) as unknown as YamlValue,
    noDataState: NO_DATA[rule.noData],
    // Its red marks are on this panel: Grafana shows a mark where the rule says so, and nowhere else.
    ...rulePanel(rule),
    // When Loki cannot be asked, one rule speaks of it and not all.
    execErrState: rule.noData === 'alert' ? 'Alerting' : 'KeepLast',
    for: duration(rule.forMs),
    keepFiringFor: duration(rule.resolveAfterMs),
    annotations: {
      summary: summaryTemplate(rule, settings, { value: '$values.Value.Value', labels: '$labels', ...shown }),
      subject: subjectTemplate(rule, { labels: '$labels' }),
      action: rule.action,
      board: boardUrlTemplate(rule, links.grafanaUrl, '$labels'),
    },
    labels: { severity: rule.severity, rule: rule.id },
    isPaused: false,
    notification_settings: hasChannel
      ? {
          receiver: RECEIVER,
          group_by: ['grafana_folder', 'alertname'],
          group_wait: '10s',
          group_interval: duration(Math.max(policy.groupMs, LEAST_GROUP_MS)),
          repeat_interval: duration(policy.renotifyMs),
          mute_time_intervals: isQuietAtNight ? [QUIET_HOURS] : undefined,
        }
      : undefined,
  };
}

/** Queries, their last values, the comparison with every guard, and the values that the text shows. */
export function grafanaSteps(rule: Rule, settings: SettingValues, timezone: string): readonly GrafanaStep[] {
  const seconds =
    rule.window === 'day' ? DAYS_READ_BY_DAY_RULES * DAY_SECONDS : windowLengthMs(rule.window) / 1000;
  const steps: GrafanaStep[] = [query('A', ruleQuery(rule, timezone), seconds), reduce('LastA', 'A')];
  const sign = rule.comparison === 'above' ? '>' : '<';
  const conditions = [`$LastA ${sign} ${settingInSignalUnit(rule.threshold, settings)}`];
  const guards = guardsOf(rule).map((guard, index) => ({ guard, refId: `G${index + 1}` }));
  for (const { guard, refId } of guards) {
    steps.push(query(refId, guardQuery(rule, guard, timezone), seconds), reduce(`Last${refId}`, refId));
    conditions.push(`$Last${refId} >= ${settingInSignalUnit(guard.atLeast, settings)}`);
  }
  if (rule.shown !== undefined) {
    const { signal, window } = rule.shown;
    // The floor is mostly the same number: it is not asked twice.
    const same = guards.find(
      ({ guard }) => guard.signal === signal && guard.window === window && !guard.offsetMs,
    );
    const refId = same?.refId ?? 'S';
    if (same === undefined) {
      steps.push(query(refId, signalQuery(signal, window, timezone), seconds), reduce(`Last${refId}`, refId));
    }
    steps.push(math('Shown', `$Last${refId} / ${displayScale('usd')}`));
  }
  steps.push(math('Value', `$LastA / ${displayScale(rule.unit)}`));
  steps.push(
    math(
      'Condition',
      conditions.length === 1 ? conditions.join('') : conditions.map((one) => `(${one})`).join(' && '),
    ),
  );
  return steps;
}

function query(refId: string, expr: string, seconds: number): GrafanaStep {
  return {
    refId,
    queryType: 'instant',
    datasourceUid: LOKI_UID,
    relativeTimeRange: { from: seconds, to: 0 },
    model: {
      refId,
      datasource: { type: 'loki', uid: LOKI_UID },
      editorMode: 'code',
      expr,
      queryType: 'instant',
    },
  };
}

function reduce(refId: string, expression: string): GrafanaStep {
  return step(refId, { type: 'reduce', expression, reducer: 'last', settings: { mode: 'dropNN' } });
}

function math(refId: string, expression: string): GrafanaStep {
  return step(refId, { type: 'math', expression });
}

function step(refId: string, model: Omit<GrafanaModel, 'refId'>): GrafanaStep {
  return {
    refId,
    datasourceUid: EXPRESSION_UID,
    relativeTimeRange: { from: 0, to: 0 },
    model: { refId, datasource: { type: EXPRESSION_UID, uid: EXPRESSION_UID }, ...model },
  };
}

/** The contact point with what is configured; undefined when nothing is, so that no file is written. */
export function grafanaContactPoints({ channels }: Pick<AlertConfig, 'channels'>): YamlValue | undefined {
  const names = configuredChannels(channels);
  if (names.length === 0) return undefined;
  return {
    apiVersion: 1,
    contactPoints: [
      {
        orgId: ORG,
        name: RECEIVER,
        receivers: names.map((name) => ({
          uid: `tallyspan-${name}`,
          type: name,
          settings: escapeDollars(receiverSettings(name, channels)),
          disableResolveMessage: false,
        })),
      },
    ],
  };
}

const MESSAGE = '{{ template "tallyspan.message" . }}';
/** Slack would take a name such as `<!channel>` for a word of its own. */
const SLACK_MESSAGE = '{{ template "tallyspan.slack" . }}';
const TITLE = '{{ template "tallyspan.title" . }}';

function receiverSettings(name: ChannelName, channels: ChannelSettings): Record<string, YamlValue> {
  const { telegram, email, slack, webhook, pagerduty } = channels;
  switch (name) {
    case 'telegram':
      return {
        bottoken: telegram?.botToken,
        chatid: telegram?.chatId,
        message: MESSAGE,
        // Plain text: a label with < or & would make Telegram refuse the message.
        parse_mode: 'None',
        disable_web_page_preview: true,
      };
    case 'email':
      return { addresses: email?.to.join(';'), singleEmail: true, subject: TITLE, message: MESSAGE };
    case 'slack':
      return { url: slack?.url, title: TITLE, text: SLACK_MESSAGE };
    case 'webhook':
      return {
        url: webhook?.url,
        httpMethod: 'POST',
        title: TITLE,
        message: MESSAGE,
        hmacConfig:
          webhook?.secret === undefined
            ? undefined
            : {
                secret: webhook.secret,
                header: 'X-Tallyspan-Signature',
                timestampHeader: 'X-Tallyspan-Timestamp',
              },
      };
    case 'pagerduty':
      return {
        integrationKey: pagerduty?.routingKey,
        severity: '{{ .CommonLabels.severity }}',
        summary: TITLE,
      };
  }
}

/** Grafana expands `$NAME` in these settings; a doubled dollar is one. */
function escapeDollars(settings: Record<string, YamlValue>): Record<string, YamlValue> {
  return JSON.parse(JSON.stringify(settings).replaceAll('$', '$$$$')) as Record<string, YamlValue>;
}

const LOOK = 'Look: {{ .Annotations.board }}';

/** Text of a message, one phone screen. It holds no dollar sign, which Grafana would expand. */
export const GRAFANA_TEMPLATES: YamlValue = {
  apiVersion: 1,
  templates: [
    {
      orgId: ORG,
      name: 'tallyspan',
      template: [
        `{{ define "tallyspan.title" }}${TITLE_MARK} {{ .CommonLabels.alertname }}{{ end }}`,
        `{{ define "tallyspan.message" }}${noticeTemplate([LOOK])}{{ end }}`,
        `{{ define "tallyspan.slack" }}${noticeTemplate([LOOK], SLACK_ESCAPES)}{{ end }}`,
      ].join('\n'),
    },
  ],
};

/** Quiet hours as a mute timing; undefined when there are none. */
export function grafanaMuteTimes({ policy }: Pick<AlertConfig, 'policy'>): YamlValue | undefined {
  if (policy.quietHours === undefined) return undefined;
  return {
    apiVersion: 1,
    muteTimes: [
      { orgId: ORG, name: QUIET_HOURS, time_intervals: [quietInterval(policy.quietHours, policy.timezone)] },
    ],
  };
}

/** Times of one day each: what passes midnight is two. */
export function quietInterval({ fromMinute, toMinute }: QuietHours, timezone: string): YamlValue {
  const endOfDay = 24 * 60;
  const stretches =
    fromMinute < toMinute
      ? [[fromMinute, toMinute]]
      : [
          [fromMinute, endOfDay],
          [0, toMinute],
        ].filter(([from, to]) => from !== to);
  return {
    times: stretches.map(([from = 0, to = 0]) => ({ start_time: clockText(from), end_time: clockText(to) })),
    location: timezone,
  };
}

function clockText(minutes: number): string {
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** As Grafana and Loki write durations: `90s`, `5m`, `4h`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds === 0) return '0s';
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
