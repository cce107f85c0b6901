// Texts of an alert in the template language of Grafana and of Alertmanager: what the embedded server
// composes in code. How a value is reached differs, the words do not.

import { NANO_USD_PER_USD } from '../core/money.ts';
import { labelOf } from '../signals/to-logql.ts';
import { settingInSignalUnit, type Rule } from './rules/rule.ts';
import type { SettingValues } from './rules/setting.ts';
import { formatValue, type ShownUnit } from './rules/value-format.ts';

export interface TemplateNames {
  /** The value in the unit of people: USD, seconds, percent; a count as it is. */
  readonly value: string;
  /** Labels of the series, as the start of a path. */
  readonly labels: string;
  /** The amount in USD beside a ratio; absent where the evaluator has only one value. */
  readonly shown?: string;
}

/** Number that a value is divided by to be in the unit of people. */
export function displayScale(unit: ShownUnit): number {
  switch (unit) {
    case 'usd':
      return NANO_USD_PER_USD;
    case 'duration':
      return 1000;
    case 'ratio':
      return 0.01;
    default:
      return 1;
  }
}

/** The text as it stands: a rule of one's own may hold what looks like a template, or like a variable, which Grafana expands. */
export function literalTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}').replaceAll('$', '{{ "$" }}');
}

/** What the alert is about: "Cost today of user-3". */
export function subjectTemplate(rule: Rule, { labels }: Pick<TemplateNames, 'labels'>): string {
  const subject = literalTemplate(rule.subject);
  return rule.by === undefined ? subject : `${subject} of {{ ${labels}.${labelOf(rule.by)} }}`;
}

/** Headline of the alert. */
export function summaryTemplate(rule: Rule, settings: SettingValues, names: TemplateNames): string {
  const limit = formatValue(settingInSignalUnit(rule.threshold, settings), rule.unit);
  const subject = subjectTemplate(rule, names);
  const value = valueTemplate(names.value, rule.unit);
  if (rule.shown !== undefined && names.shown !== undefined) {
    return `${subject} ${valueTemplate(names.shown, 'usd')}, ${value} ${rule.shown.baseline} (limit ${limit})`;
  }
  return `${subject} ${value} (limit ${limit})`;
}

function valueTemplate(value: string, unit: ShownUnit): string {
  switch (unit) {
    case 'usd':
      // The dollar stands inside: `${` in an annotation is a variable to newer Grafanas.
      return `{{ if lt ${value} 1.0 }}{{ printf "$%.4f" ${value} }}{{ else }}{{ printf "$%.2f" ${value} }}{{ end }}`;
    case 'ratio':
      return `{{ printf "%.1f" ${value} }} %`;
    case 'times':
      return `{{ printf "%.1f" ${value} }} ×`;
    case 'duration':
      return `{{ printf "%.1f" ${value} }} s`;
    case 'count':
      return `{{ printf "%.4g" ${value} }}`;
  }
}

/** Alerts of one rule that a notice spells out. */
const SPELLED_OUT = 10;

/**
 * Lines of a notice: each alert that fires, how many more, what to do, and what is back to normal. `lines` follow
 * each that fires; `.` is the alert there. `escapes` are pipes that the names of others go through. No variables: Grafana would take their dollar for one of its own.
 */
export function noticeTemplate(lines: readonly string[], escapes = ''): string {
  const firing = [`${SEVERITY_MARK} {{ .Annotations.summary${escapes} }}`, ...lines].join('\n');
  return [
    firstOf('.Alerts.Firing', firing, ''),
    '{{ if gt (len .Alerts.Firing) 0 }}{{ with index .Alerts.Firing 0 }}Do: {{ .Annotations.action }}\n{{ end }}{{ end }}',
    firstOf('.Alerts.Resolved', `✅ Back to normal: {{ .Annotations.subject${escapes} }}`, ' back to normal'),
  ].join('');
}

function firstOf(alerts: string, line: string, more: string): string {
  const each = (some: string): string => `{{ range ${some} }}${line}\n{{ end }}`;
  const first = each(`(slice ${alerts} 0 ${SPELLED_OUT})`);
  const rest = `and {{ len (slice ${alerts} ${SPELLED_OUT}) }} more${more}\n`;
  return `{{ if gt (len ${alerts}) ${SPELLED_OUT} }}${first}${rest}{{ else }}${each(alerts)}{{ end }}`;
}

/** Slack asks for these three characters. */
export const SLACK_ESCAPES =
  ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"';

const SEVERITY_MARK = '{{ if eq .Labels.severity "critical" }}🔴{{ else }}🟠{{ end }}';

/** Mark of a notice as a whole, by the severity of its rule. */
export const TITLE_MARK =
  '{{ if eq .Status "firing" }}{{ if eq .CommonLabels.severity "critical" }}🔴{{ else }}🟠{{ end }}{{ else }}✅ Back to normal:{{ end }}';
