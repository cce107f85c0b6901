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
import { readAlertConfig } from './rules/policy.ts';
import { readVariable, SettingError, type Environment } from './rules/setting.ts';
import { alertmanagerConfig, rulerProblems, rulerRules } from './ruler.ts';
import { toYaml } from './yaml.ts';

export const DEFAULT_LINKS: GrafanaLinks = {
  grafanaUrl: 'http://127.0.0.1:3000',
  boardUid: 'tallyspan-overview',
};

export interface StackFile {
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

/**
 * Every file of alerting for this environment.
 * Throws a SettingError that names each variable with a wrong value.
 */
export function renderStackFiles(env: Environment, options: StackFileOptions): readonly StackFile[] {
  const config = readAlertConfig(env, RULE_IDS);
  const problems = [...portProblems(env), ...(options.withRuler ? rulerProblems(config) : [])];
  if (problems.length > 0) throw new SettingError(problems);
  const grafanaUrl = (readVariable(env, 'GRAFANA_URL') ?? DEFAULT_LINKS.grafanaUrl).replace(/\/+$/, '');
  const contactPoints = grafanaContactPoints(config);
  const muteTimes = grafanaMuteTimes(config);
  return [
    open('grafana/alerting/rules.yaml', toYaml(grafanaRules(config, { ...DEFAULT_LINKS, grafanaUrl }))),
    open('grafana/alerting/templates.yaml', toYaml(GRAFANA_TEMPLATES)),
    ...(contactPoints === undefined
      ? []
      : [secret('grafana/alerting/contact-points.yaml', toYaml(contactPoints))]),
    ...(muteTimes === undefined ? [] : [open('grafana/alerting/mute-times.yaml', toYaml(muteTimes))]),
    ...(options.withRuler
      ? [
          open(`loki/rules/${LOKI_TENANT}/tallyspan.yaml`, toYaml(rulerRules(config))),
          secret('alertmanager/alertmanager.yml', toYaml(alertmanagerConfig(config))),
        ]
      : []),
  ];
}

/** Grafana and Alertmanager want the port of the mail server; the embedded server knows the usual one. */
function portProblems(env: Environment): readonly string[] {
  const host = readVariable(env, 'SMTP_HOST');
  return host === undefined || /:\d+$/.test(host)
    ? []
    : [`SMTP_HOST is "${host}": the stack needs the port as well, such as ${host}:587.`];
}

function open(path: string, content: string): StackFile {
  return { path, content, isSecret: false };
}

function secret(path: string, content: string): StackFile {
  return { path, content, isSecret: true };
}
