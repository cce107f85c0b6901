// Files that the stack reads and that depend on the user's environment: rendered before the servers
// start, because Grafana and Loki expand no variables in rules.

import {
  grafanaContactPoints,
  grafanaMuteTimes,
  grafanaRules,
  GRAFANA_TEMPLATES,
  type GrafanaLinks,
} from './grafana.ts';
import { RULE_IDS } from './rules/all-rules.ts';
import { ruleOfOwn } from './rules/own-rule.ts';
import { readAlertConfig, type AlertConfig } from './rules/policy.ts';
import { ruleQuery, UnsupportedRuleError } from './rule-query.ts';
import { readVariable, SettingError, type Environment } from './rules/setting.ts';
import { alertmanagerConfig, rulerProblems, rulerRules } from './ruler.ts';
import { stackProblems } from './stack-settings.ts';
import type { YamlValue } from './yaml-value.ts';

export const DEFAULT_LINKS: GrafanaLinks = {
  grafanaUrl: 'http://127.0.0.1:3000',
};

export interface AlertingFile {
  /** From the output folder. */
  readonly path: string;
  readonly content: string;
  /** Holds a token or a password. */
  readonly isSecret: boolean;
}

export interface StackFileOptions {
  /** Also for the overlay with Loki's ruler and Alertmanager. */
  readonly withRuler: boolean;
}

/** The tenant that Loki uses where authentication is off. */
const LOKI_TENANT = 'fake';
const SMTPS_PORT = 465;

/**
 * Every file of alerting for this environment.
 * Throws a SettingError that names each variable with a wrong value.
 */
export function renderStackFiles(env: Environment, options: StackFileOptions): readonly AlertingFile[] {
  const settings = stackProblems(env);
  const config = readWith(settings, () => readAlertConfig(env, RULE_IDS));
  const problems = [
    ...settings,
    ...mailProblems(config),
    ...ownProblems(config),
    ...(options.withRuler ? rulerProblems(config) : []),
  ];
  if (problems.length > 0) throw new SettingError(problems);
  const grafanaUrl = (readVariable(env, 'GRAFANA_URL') ?? DEFAULT_LINKS.grafanaUrl).replace(/\/+$/, '');
  const contactPoints = grafanaContactPoints(config);
  const muteTimes = grafanaMuteTimes(config);
  return [
    open('grafana/alerting/rules.yaml', yamlText(grafanaRules(config, { ...DEFAULT_LINKS, grafanaUrl }))),
    open('grafana/alerting/templates.yaml', yamlText(GRAFANA_TEMPLATES)),
    ...mailFiles(config),
    ...(contactPoints === undefined
      ? []
      : [secret('grafana/alerting/contact-points.yaml', yamlText(contactPoints))]),
    ...(muteTimes === undefined ? [] : [open('grafana/alerting/mute-times.yaml', yamlText(muteTimes))]),
    ...(options.withRuler
      ? [
          open(`loki/rules/${LOKI_TENANT}/tallyspan.yaml`, yamlText(rulerRules(config))),
          secret('alertmanager/alertmanager.yml', yamlText(alertmanagerConfig(config))),
        ]
      : []),
  ];
}

/** What is read; a fault in it is said together with those that are known, so that .env is fixed once. */
function readWith<Read>(known: readonly string[], read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new SettingError([...known, ...error.problems]);
  }
}

/** What Loki cannot be asked. */
function ownProblems({ own, policy }: AlertConfig): readonly string[] {
  return own.map(ruleOfOwn).flatMap((rule) => {
    try {
      ruleQuery(rule, policy.timezone);
      return [];
    } catch (error) {
      if (!(error instanceof UnsupportedRuleError)) throw error;
      return [`ALERT_RULES: ${rule.id} is for the embedded server only: ${error.message}.`];
    }
  });
}

/** Grafana and Alertmanager speak TLS from the first byte on port 465, and STARTTLS on every other. */
function mailProblems({ channels: { email } }: AlertConfig): readonly string[] {
  if (email === undefined || email.tls === 'off') return [];
  return (email.tls === 'implicit') === (email.port === SMTPS_PORT)
    ? []
    : [
        `SMTP_TLS is ${email.tls} on port ${email.port}: in the stack implicit TLS is port 465, and only that.`,
      ];
}

/** What Grafana needs to know about the mail server, each in a file that compose hands over by name. */
function mailFiles({ channels: { email } }: AlertConfig): readonly AlertingFile[] {
  const host = email?.host ?? 'localhost';
  return [
    open('grafana/mail/host', `${host.includes(':') ? `[${host}]` : host}:${email?.port ?? SMTPS_PORT}`),
    open('grafana/mail/from', email?.from ?? 'alerts@localhost'),
    open('grafana/mail/starttls-policy', email?.tls === 'off' ? 'NoStartTLS' : 'MandatoryStartTLS'),
  ];
}

function open(path: string, content: string): AlertingFile {
  return { path, content, isSecret: false };
}

function secret(path: string, content: string): AlertingFile {
  return { path, content, isSecret: true };
}

/** JSON is YAML, and written without a library: the init service has none. */
function yamlText(value: YamlValue): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
