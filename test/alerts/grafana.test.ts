// The provisioning files against Grafana's file format: a file that it would refuse keeps it from starting.

import { describe, expect, it } from '@jest/globals';
import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  dictionary,
  integer,
  letrec,
  oneof,
  property,
  string,
  type Arbitrary,
} from 'fast-check';
import { parse } from 'yaml';
import {
  grafanaContactPoints,
  grafanaMuteTimes,
  grafanaRules,
  GRAFANA_TEMPLATES,
} from '../../alerts/grafana.ts';
import { RULE_PANELS } from '../../alerts/rule-board.ts';
import { RULE_IDS, RULES } from '../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { alertmanagerConfig, rulerRules } from '../../alerts/ruler.ts';
import { DEFAULT_LINKS } from '../../alerts/stack-files.ts';
import type { YamlValue } from '../../alerts/yaml-value.ts';
import { BOARD_UIDS } from '../../dashboards/board-ids.ts';
import { tilesOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { BOT_TOKEN } from '../fakes/telegram.ts';

const ALL_CHANNELS = {
  TELEGRAM_BOT_TOKEN: BOT_TOKEN,
  TELEGRAM_CHAT_ID: '-1001',
  SMTP_HOST: 'smtp.example.com:587',
  SMTP_USER: 'u@example.com',
  SMTP_PASSWORD: 'p$HOME$',
  ALERT_EMAIL: 'a@example.com, b@example.com',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/$T/B/x',
  WEBHOOK_URL: 'https://example.com/hook',
  WEBHOOK_SECRET: 's$ecret',
  PAGERDUTY_KEY: '0123456789abcdef0123456789abcdef',
  ALERT_QUIET_HOURS: '22:00-07:00',
  TIMEZONE: 'Europe/Berlin',
};
const FULL = readAlertConfig(ALL_CHANNELS, RULE_IDS);
const BARE = readAlertConfig({}, RULE_IDS);

/** Keys that the provisioning reader knows, from its types of rule files. */
// prettier-ignore
const RULE_KEYS = new Set([
  'uid', 'title', 'condition', 'data', 'dashboardUid', 'panelId', 'noDataState', 'execErrState', 'for',
  'keepFiringFor', 'missing_series_evals_to_resolve', 'annotations', 'labels', 'isPaused', 'notification_settings',
  'record',
]);
const SETTINGS_KEYS = new Set([
  'receiver',
  'group_by',
  'group_wait',
  'group_interval',
  'repeat_interval',
  'mute_time_intervals',
]);
const STATES = ['OK', 'NoData', 'Alerting', 'KeepLast'];

interface Step {
  refId: string;
  datasourceUid: string;
  queryType?: string;
  relativeTimeRange: { from: number; to: number };
  model: Record<string, unknown>;
}
interface FileRule {
  uid: string;
  title: string;
  condition: string;
  data: Step[];
  noDataState: string;
  execErrState: string;
  for: string;
  keepFiringFor: string;
  dashboardUid: string;
  panelId: number;
  annotations: Record<string, string>;
  labels: Record<string, string>;
  notification_settings?: { receiver: string; group_by: string[]; mute_time_intervals?: string[] };
}
interface RuleFile {
  apiVersion: number;
  groups: { orgId: number; name: string; folder: string; interval: string; rules: FileRule[] }[];
}

function readBack(value: YamlValue): unknown {
  return parse(JSON.stringify(value));
}

/** Steps that a step reads. */
function referencesOf({ model }: Step): readonly string[] {
  const expression = typeof model['expression'] === 'string' ? model['expression'] : '';
  if (model['type'] === 'reduce') return [expression];
  return [...expression.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? '');
}

function secondsOf(text: string): number {
  const match = /^(\d+)(s|m|h)$/.exec(text);
  if (match === null) throw new Error(`${text} is no duration`);
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] as 's' | 'm' | 'h'];
}

describe.each([
  ['with every channel', FULL],
  ['with none', BARE],
])('rules file %s', (_name, config) => {
  const file = readBack(grafanaRules(config, DEFAULT_LINKS)) as RuleFile;
  const rules = file.groups.flatMap((group) => group.rules);

  it('has every rule once, with a uid that Grafana takes', () => {
    expect(file.apiVersion).toBe(1);
    expect(rules.map((rule) => rule.uid).toSorted()).toEqual(
      RULES.map((rule) => `tallyspan-${rule.id}`).toSorted(),
    );
    for (const rule of rules) expect(rule.uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
    expect(new Set(rules.map((rule) => rule.title)).size).toBe(rules.length);
  });

  it('has intervals of whole tens of seconds and durations that hold whole intervals', () => {
    for (const group of file.groups) {
      expect(secondsOf(group.interval) % 10).toBe(0);
      for (const rule of group.rules) expect(secondsOf(rule.for) % secondsOf(group.interval)).toBe(0);
    }
  });

  it('has only keys and states of the file format', () => {
    for (const rule of rules) {
      expect(Object.keys(rule).filter((key) => !RULE_KEYS.has(key))).toEqual([]);
      expect(Object.keys(rule.notification_settings ?? {}).filter((key) => !SETTINGS_KEYS.has(key))).toEqual(
        [],
      );
      expect(STATES).toContain(rule.noDataState);
      expect([...STATES, 'Error']).toContain(rule.execErrState);
      expect(secondsOf(rule.keepFiringFor)).toBeGreaterThanOrEqual(0);
    }
  });

  it('has steps whose references exist and come before', () => {
    for (const { data, condition, uid } of rules) {
      const ids = data.map((step) => step.refId);
      expect([uid, new Set(ids).size]).toEqual([uid, ids.length]);
      expect(data.map((step) => step.model['refId'])).toEqual(ids);
      const forward = data.flatMap((step, index) =>
        referencesOf(step).filter((reference) => !ids.slice(0, index).includes(reference)),
      );
      expect([uid, forward, ids.includes(condition)]).toEqual([uid, [], true]);
    }
  });

  it('asks Loki instant queries over a time that has a length', () => {
    const queries = rules.flatMap((rule) => rule.data).filter((step) => step.datasourceUid !== '__expr__');
    expect(new Set(queries.map((step) => step.datasourceUid))).toEqual(new Set(['loki']));
    for (const { queryType, model, relativeTimeRange } of queries) {
      expect([queryType, model['queryType']]).toEqual(['instant', 'instant']);
      expect(relativeTimeRange.from).toBeGreaterThan(relativeTimeRange.to);
    }
  });

  it('names values in its texts that are steps', () => {
    for (const { data, annotations, uid } of rules) {
      const ids = new Set(data.map((step) => step.refId));
      for (const [, name = ''] of Object.values(annotations)
        .join()
        .matchAll(/\$values\.(\w+)\.Value/g)) {
        expect([uid, ids.has(name)]).toEqual([uid, true]);
      }
    }
  });

  const textOf = (id: string, name: 'board' | 'subject'): string =>
    rules.find(({ uid }) => uid === `tallyspan-${id}`)?.annotations[name] ?? '';

  it('marks the time axis of a panel of a board, each rule of its own', () => {
    const panels = new Map(
      BOARDS.map((board) => [
        BOARD_UIDS[board.name] as string,
        new Map(tilesOf(board).map(({ panel }) => [panel.id, panel.type])),
      ]),
    );
    expect(rules.map(({ uid }) => uid.replace('tallyspan-', '')).sort()).toEqual(
      Object.keys(RULE_PANELS).sort(),
    );
    for (const { uid, dashboardUid, panelId } of rules)
      expect([uid, panels.get(dashboardUid)?.get(panelId)]).toEqual([uid, 'timeseries']);
  });

  it('leads to the user or the session that it is about, encoded, and else to the board of its panel', () => {
    const base = DEFAULT_LINKS.grafanaUrl;
    expect(textOf('user-day-cost', 'board')).toBe(
      `${base}/d/tallyspan-users?var-user={{ urlquery $labels.user_id }}&from=now-24h&to=now`,
    );
    expect(textOf('conversation-cost', 'board')).toContain(
      '?var-session={{ urlquery $labels.gen_ai_conversation_id }}&',
    );
    expect(textOf('tool-failures', 'board')).toBe(`${base}/d/tallyspan-tools?from=now-24h&to=now`);
  });

  it('says what is back to normal, and for whom', () => {
    expect(textOf('tool-failures', 'subject')).toBe(
      'Failed calls in 15 minutes of {{ $labels.gen_ai_tool_name }}',
    );
    expect(textOf('cost-spike', 'subject')).toBe('Cost today');
  });

  it('names a receiver only where there is one', () => {
    const hasContactPoint = grafanaContactPoints(config) !== undefined;
    expect(rules.every((rule) => (rule.notification_settings !== undefined) === hasContactPoint)).toBe(true);
    const groupings = rules.flatMap((rule) => rule.notification_settings?.group_by.toSorted().join() ?? []);
    expect(new Set(groupings)).toEqual(new Set(hasContactPoint ? ['alertname,grafana_folder'] : []));
  });

  it('holds no dollar in labels and no braced one in annotations, where Grafana would expand it', () => {
    for (const rule of rules) {
      expect(Object.values(rule.labels).join()).not.toContain('$');
      expect(Object.values(rule.annotations).join()).not.toContain('${');
    }
  });
});

describe("rules of one's own in the rules file", () => {
  const own = { signal: 'cost', window: '1h', comparison: 'above', limit: 1 };
  const taken = RULES[0]?.title ?? '';
  const given = [
    { ...own, id: `x${'y'.repeat(59)}`, title: 'Costs > $5 ${HOME}' },
    { ...own, id: `x${'y'.repeat(58)}z`, title: taken },
    { ...own, id: 'short', title: taken },
  ];
  const config = readAlertConfig({ ALERT_RULES: JSON.stringify(given) }, RULE_IDS);
  const file = readBack(grafanaRules(config, DEFAULT_LINKS)) as RuleFile;
  const rules = file.groups.flatMap((group) => group.rules);

  it('have uids and titles with which Grafana starts', () => {
    expect(rules).toHaveLength(RULES.length + given.length);
    for (const { uid } of rules) expect(uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
    expect(new Set(rules.map(({ title }) => title)).size).toBe(rules.length);
    for (const { title } of rules) expect(title.length).toBeLessThanOrEqual(190);
    expect(rules.map(({ title }) => title)).toContain('Costs > $$5 $${HOME}');
  });
});

describe('contact points', () => {
  interface PointFile {
    contactPoints: {
      name: string;
      receivers: { uid: string; type: string; settings: Record<string, unknown> }[];
    }[];
  }
  const file = readBack(grafanaContactPoints(FULL) ?? {}) as PointFile;
  const receivers = file.contactPoints[0]?.receivers ?? [];
  const settingsOf = (type: string) => receivers.find((receiver) => receiver.type === type)?.settings ?? {};

  it('have what each type of receiver requires', () => {
    expect(receivers.map((receiver) => receiver.type)).toEqual([
      'telegram',
      'email',
      'slack',
      'webhook',
      'pagerduty',
    ]);
    expect(settingsOf('telegram')).toMatchObject({
      bottoken: BOT_TOKEN,
      chatid: '-1001',
      parse_mode: 'None',
    });
    expect(settingsOf('email')).toMatchObject({ addresses: 'a@example.com;b@example.com' });
    expect(settingsOf('pagerduty')).toMatchObject({ integrationKey: ALL_CHANNELS.PAGERDUTY_KEY });
  });

  it('double every dollar of a setting, which Grafana would expand otherwise', () => {
    expect(settingsOf('slack')['url']).toBe('https://hooks.slack.com/services/$$T/B/x');
    expect(settingsOf('webhook')['hmacConfig']).toMatchObject({ secret: 's$$ecret' });
    expect(JSON.stringify(GRAFANA_TEMPLATES)).not.toContain('$');
  });

  it('are not written when no channel is set: an empty token would keep Grafana from starting', () => {
    expect(grafanaContactPoints(BARE)).toBeUndefined();
    expect(grafanaMuteTimes(BARE)).toBeUndefined();
  });

  it('quiet hours that pass midnight are two stretches in the zone', () => {
    expect(readBack(grafanaMuteTimes(FULL) ?? {})).toMatchObject({
      muteTimes: [
        {
          time_intervals: [
            {
              times: [
                { start_time: '22:00', end_time: '24:00' },
                { start_time: '00:00', end_time: '07:00' },
              ],
              location: 'Europe/Berlin',
            },
          ],
        },
      ],
    });
  });
});

describe("a rule of one's own in the rules of the ruler", () => {
  it('has a title that is no template, whatever stands in it', () => {
    const rule = {
      id: 'a',
      title: 'Cost {{ high $5',
      signal: 'cost',
      window: '1h',
      comparison: 'above',
      limit: 1,
    };
    const config = readAlertConfig({ ALERT_RULES: JSON.stringify([rule]) }, RULE_IDS);
    expect(JSON.stringify(rulerRules(config))).toContain(
      JSON.stringify('Cost {{ "{{" }} high {{ "$" }}5').slice(1, -1),
    );
  });
});

describe('ruler and Alertmanager', () => {
  interface RulerFile {
    groups: { interval: string; rules: { alert: string; for: string }[] }[];
  }
  interface AlertmanagerFile {
    receivers: Record<string, unknown>[];
    route: { routes: unknown[] };
  }

  it('the rules file has every rule with the times of the definition', () => {
    const { groups } = readBack(rulerRules(FULL)) as RulerFile;
    const rules = groups.flatMap((group) =>
      group.rules.map((rule) => ({ ...rule, everyMs: secondsOf(group.interval) * 1000 })),
    );
    for (const rule of RULES) {
      const written = rules.find((one) => one.alert === rule.id);
      expect([rule.id, written?.everyMs, secondsOf(written?.for ?? '')]).toEqual([
        rule.id,
        rule.everyMs,
        rule.forMs / 1000,
      ]);
    }
  });

  it('alertmanager.yml keeps warnings back in quiet hours and has a receiver for each channel', () => {
    const config = readBack(alertmanagerConfig(FULL)) as AlertmanagerFile;
    expect(Object.keys(config.receivers[0] ?? {})).toEqual([
      'name', 'telegram_configs', 'email_configs', 'slack_configs', 'webhook_configs', 'pagerduty_configs',
    ]); // prettier-ignore
    expect(config.route.routes).toHaveLength(1);
  });
});

describe('YAML text', () => {
  const value = letrec<{ value: YamlValue }>((tie) => ({
    value: oneof(
      { maxDepth: 4 },
      string({ unit: 'grapheme' }),
      constantFrom(
        'yes',
        'null',
        '1m',
        '- x',
        'a: b',
        '#',
        ' lead',
        'trail ',
        '',
        '0x1F',
        '2026-01-01',
        '~',
        '{{ x }}',
      ),
      integer(),
      boolean(),
      constant(null),
      array(tie('value'), { maxLength: 4 }),
      dictionary(
        string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        tie('value'),
        { maxKeys: 4 },
      ),
    ) as Arbitrary<YamlValue>,
  })).value;

  it('means to a YAML reader what was written', () => {
    assert(
      property(value, (one) => expect(parse(JSON.stringify(one)) as YamlValue).toEqual(one)),
      { numRuns: 300 },
    );
  });
});
