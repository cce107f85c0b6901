// Texts of an alert in the template language of Grafana and of Alertmanager: what the embedded server
// composes in code. How a value is reached differs, the words do not.

import { NANO_USD_PER_USD } from '../core/money.ts';
import { labelOf } from '../signals/to-logql.ts';
import { settingInSignalUnit, type Rule } from './rules/rule.ts';
import type { SettingValues } from './rules/setting.ts';
import { formatValue, type ShownUnit } from './rules/value-format.ts';

export interface TemplateNames {
  /** The value in the unit of people: USD, seconds; ratio and count as they are. */
  readonly value: string;
  /** Labels of the series, as the start of a path. */
  readonly labels: string;
  /** The amount in USD beside a ratio; absent where the evaluator has only one value. */
  readonly shown?: string;
}

/** Number that a value is divided by to be in the unit of people. */
export function displayScale(unit: ShownUnit): number {
  return unit === 'usd' ? NANO_USD_PER_USD : unit === 'duration' ? 1000 : 1;
}

/** Headline of the alert. */
export function summaryTemplate(rule: Rule, settings: SettingValues, names: TemplateNames): string {
  const limit = formatValue(settingInSignalUnit(rule.threshold, settings), rule.unit);
  const of = rule.by === undefined ? '' : ` of {{ ${names.labels}.${labelOf(rule.by)} }}`;
  const value = valueTemplate(names.value, rule.unit);
  if (rule.shown !== undefined && names.shown !== undefined) {
    return `${rule.subject}${of} ${valueTemplate(names.shown, 'usd')}, ${value} ${rule.shown.baseline} (limit ${limit})`;
  }
  return `${rule.subject}${of} ${value} (limit ${limit})`;
}

function valueTemplate(value: string, unit: ShownUnit): string {
  switch (unit) {
    case 'usd':
      // The dollar stands inside: `${` in an annotation is a variable to newer Grafanas.
      return `{{ printf "$%.2f" ${value} }}`;
    case 'ratio':
      return `{{ humanizePercentage ${value} }}`;
    case 'times':
      return `{{ printf "%.1f" ${value} }} ×`;
    case 'duration':
      return `{{ humanizeDuration ${value} }}`;
    case 'count':
      return `{{ printf "%.4g" ${value} }}`;
  }
}

/** Events to look at, as a LogQL query for Explore: each line links to its trace. */
export function evidenceQuery(rule: Rule, settings: SettingValues): string {
  switch (rule.runs) {
    case 'failed':
      return '{event_name="agent.run"} | agent_status!="ok"';
    case 'lost':
      return '{event_name="agent.run"} | agent_status="lost"';
    case 'duration':
      return `{event_name="agent.run"} | duration_ms > ${settings.runLatencyP95 * 1000}`;
    case 'turns':
      return `{event_name="agent.run"} | agent_turns > ${settings.turnsPerRun}`;
    case 'cost':
      return `{event_name="agent.run"} | label_format cost_with_nested=\`{{ add .agent_cost_nano_usd .agent_nested_cost_nano_usd }}\` | cost_with_nested > ${settingInSignalUnit('runCost', settings)}`;
    case 'none':
      return rule.by === 'tool'
        ? '{event_name="agent.tool_call"} | tool_ok="false"'
        : '{event_name="agent.model_call"}';
  }
}

/** Address of Explore with a query over the last day. */
export function exploreUrl(grafanaUrl: string, logql: string): string {
  const pane = {
    datasource: 'loki',
    queries: [{ refId: 'A', expr: logql, datasource: { type: 'loki', uid: 'loki' } }],
    range: { from: 'now-24h', to: 'now' },
  };
  return `${grafanaUrl}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify({ a: pane }))}`;
}
