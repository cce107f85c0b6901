// The overview: rules, states, channels and the last notices as one JSON value, for the page, the API
// and the command.

import type { AlertPhase } from '../../alerts/rules/alert-state.ts';
import type { JudgementStatus } from '../../alerts/rules/judgement.ts';
import type { Notice } from '../../alerts/rules/notice.ts';
import type { Comparison, Severity } from '../../alerts/rules/rule.ts';
import type { ShownUnit } from '../../alerts/rules/value-format.ts';
import type { ChannelHealth } from './delivery.ts';

export interface AlertLine {
  /** Group; empty when the rule has none. */
  readonly key: string;
  readonly phase: AlertPhase;
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly status: JudgementStatus;
  /** In the unit of the signal; null is no data. */
  readonly value: number | null;
  readonly value_text: string;
}

export interface RuleLine {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly unit: ShownUnit;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly threshold_text: string;
  /** Last check, ISO 8601 UTC; null before the first. */
  readonly checked_at: string | null;
  /** Why it could not be checked. */
  readonly fault: string | null;
  /** Without groups the one state; with groups only those that are not quiet. */
  readonly alerts: readonly AlertLine[];
}

export interface AlertOverview {
  readonly rules: readonly RuleLine[];
  /** Ids of rules that are switched off. */
  readonly disabled: readonly string[];
  readonly firing: number;
  readonly channels: readonly ChannelHealth[];
  readonly has_channel: boolean;
  /** Newest first. */
  readonly notices: readonly Notice[];
}
