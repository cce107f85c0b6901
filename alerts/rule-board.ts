// Where a rule is seen: the panel whose time axis carries its red marks, and the board that a notice opens, at
// what the alert is about.

import { BOARD_UIDS, panelIdOf, type BoardName } from '../dashboards/board-ids.ts';
import type { Dimension } from '../core/schema.ts';
import { labelOf } from '../signals/to-logql.ts';
import type { Rule } from './rules/rule.ts';

/** A panel by its board and its key. */
export interface RulePanel {
  readonly board: BoardName;
  readonly key: string;
}

const COST: RulePanel = { board: 'overview', key: 'cost-over-time' };
const ARRIVING: RulePanel = { board: 'health', key: 'arriving' };

/** By the id of the rule: the course of what it measures, or of what that changes. */
export const RULE_PANELS: Readonly<Record<string, RulePanel>> = {
  'cost-spike': COST,
  'cost-pace': COST,
  'user-day-cost': COST,
  'run-cost': COST,
  'conversation-cost': COST,
  findings: COST,
  'billing-coverage': COST,
  'billing-drift': COST,
  'cache-hit': { board: 'cost', key: 'cache-over-time' },
  'unpriced-calls': ARRIVING,
  'run-failures': { board: 'overview', key: 'success-over-time' },
  turns: { board: 'reliability', key: 'latency-over-time' },
  'run-latency': { board: 'overview', key: 'latency-over-time' },
  'lost-runs': { board: 'reliability', key: 'success-over-time' },
  silence: ARRIVING,
  'tool-failures': { board: 'tools', key: 'failures-over-time' },
  'tool-retries': { board: 'tools', key: 'calls-over-time' },
  'api-errors': { board: 'reliability', key: 'limits-over-time' },
  'telemetry-loss': ARRIVING,
  'limit-refusals': { board: 'users', key: 'refusals-over-time' },
  'limit-used': { board: 'users', key: 'refusals-over-time' },
};

/** Boards that show one value of a dimension, by the variable of the same name. */
const BOARDS_OF_ONE: Partial<Readonly<Record<Dimension, BoardName>>> = { user: 'users', session: 'users' };

/** A rule of one's own has its limit as a number: its marks are on the panel of what it measures. */
function ownPanel({ threshold, unit, signal }: Rule): RulePanel | undefined {
  if (typeof threshold !== 'number') return undefined;
  if (unit === 'usd') return COST;
  if (signal.startsWith('tool')) return { board: 'tools', key: 'calls-over-time' };
  if (unit === 'duration') return { board: 'overview', key: 'latency-over-time' };
  return unit === 'ratio' ? { board: 'overview', key: 'success-over-time' } : ARRIVING;
}

/** Uid of the board and id of the panel. Throws for a rule that has none: Grafana takes both or neither. */
export function rulePanel(rule: Rule): { readonly dashboardUid: string; readonly panelId: number } {
  const { id } = rule;
  const panel = RULE_PANELS[id] ?? ownPanel(rule);
  if (panel === undefined) throw new Error(`rule ${id} has no panel`);
  return { dashboardUid: BOARD_UIDS[panel.board], panelId: panelIdOf(panel.key) };
}

/**
 * Address of the board that a notice opens, from the last day up to now: of the user or the session that it is
 * about, whatever characters are in the name; else the board of the rule's panel.
 */
export function boardUrlTemplate(rule: Rule, grafanaUrl: string, labels: string): string {
  const { id, by } = rule;
  const time = 'from=now-24h&to=now';
  const ofOne = by === undefined ? undefined : BOARDS_OF_ONE[by];
  if (by === undefined || ofOne === undefined)
    return `${grafanaUrl}/d/${BOARD_UIDS[(RULE_PANELS[id] ?? ownPanel(rule))?.board ?? 'overview']}?${time}`;
  return `${grafanaUrl}/d/${BOARD_UIDS[ofOne]}?var-${by}={{ urlquery ${labels}.${labelOf(by)} }}&${time}`;
}
