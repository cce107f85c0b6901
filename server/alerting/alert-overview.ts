// The overview: rules, states, channels and the last notices as one JSON value, for the page, the API
// and the command.

import { RULES } from '../../alerts/rules/all-rules.ts';
import type { AlertPhase, AlertState } from '../../alerts/rules/alert-state.ts';
import type { JudgementStatus } from '../../alerts/rules/judgement.ts';
import type { Notice } from '../../alerts/rules/notice.ts';
import type { AlertConfig } from '../../alerts/rules/policy.ts';
import {
  settingInSignalUnit,
  settingOf,
  type ThresholdSide,
  type Rule,
  type Severity,
} from '../../alerts/rules/rule.ts';
import { formatValue, type ShownUnit } from '../../alerts/rules/value-format.ts';
import type { Dimension } from '../../core/schema.ts';
import type { ChannelName } from '../../alerts/rules/channel-settings.ts';
import { ruleSentence } from '../../alerts/rules/rule-words.ts';
import type { AlertChanges } from './alert-changes.ts';
import type { KeptRule, OwnRules } from './own-rules.ts';
import type { ChannelTest } from './channel-tests.ts';
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
  /** On a firing alert that is not met any more: since when, ISO 8601 UTC. */
  readonly unmet_since: string | null;
  /** When that has lasted long enough to be "back to normal", ISO 8601 UTC: at the first check from then on. */
  readonly resolves_at: string | null;
}

export interface RuleLine {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** What the groups are; null when the rule has none. */
  readonly by: Dimension | null;
  readonly unit: ShownUnit;
  readonly comparison: ThresholdSide;
  readonly threshold: number;
  readonly threshold_text: string;
  /** The rule in a sentence. */
  readonly sentence: string;
  /** Whether it was made on the page, or is of ALERT_RULES, or comes with the program. */
  readonly origin: 'built_in' | 'page' | 'environment';
  /** When and from which address it was made or changed; null where it was not on the page. */
  readonly made: { readonly at: string; readonly by: string } | null;
  /** Where its notices go; null is every channel. */
  readonly channels: readonly ChannelName[] | null;
  /** When and from which address that was chosen. */
  readonly channels_changed: { readonly at: string; readonly by: string } | null;
  /** Variable of the environment that sets the limit; null of a rule of one's own. */
  readonly limit_variable: string | null;
  /** Whether it is set there. */
  readonly limit_fixed: boolean;
  /** When and from which address the limit was changed on the page; null where it was not. */
  readonly limit_changed: { readonly at: string; readonly by: string } | null;
  /** Until when nothing is sent, ISO 8601 UTC. */
  readonly silenced_until: string | null;
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
  /** How the last test of each channel went, newest first. */
  readonly tests: readonly ChannelTest[];
  /** Address of the pages, with which their links in notices begin; null where no server runs. */
  readonly page_url: string | null;
  /** Newest first. */
  readonly notices: readonly Notice[];
}

export interface OverviewInput {
  readonly config: Pick<AlertConfig, 'settings' | 'policy'>;
  readonly states: readonly AlertState[];
  /** Limits and silences of the page. */
  readonly changes?: AlertChanges;
  readonly own?: OwnRules;
  readonly notices: readonly Notice[];
  readonly health: readonly ChannelHealth[];
  /** Last check of a rule, Unix ms. */
  readonly checkedMs?: ReadonlyMap<string, number>;
  readonly faults?: ReadonlyMap<string, string>;
  readonly tests?: readonly ChannelTest[];
  readonly pageUrl?: string;
}

/** The overview of the rules that are switched on. */
export function overviewOf(input: OverviewInput): AlertOverview {
  const { settings, policy } = input.config;
  const own = input.own?.all() ?? [];
  const rules = [...RULES, ...own.map(({ rule }) => rule)].filter(
    (rule) => !policy.disabled.includes(rule.id),
  );
  return {
    rules: rules.map((rule) => {
      const threshold = settingInSignalUnit(rule.threshold, settings);
      const checkedMs = input.checkedMs?.get(rule.id);
      const states = input.states.filter((state) => state.ruleId === rule.id);
      return {
        id: rule.id,
        title: rule.title,
        severity: rule.severity,
        by: rule.by ?? null,
        unit: rule.unit,
        comparison: rule.comparison,
        threshold,
        threshold_text: formatValue(threshold, rule.unit),
        sentence: ruleSentence(rule, settings),
        ...originOf(own.find((kept) => kept.own.id === rule.id)),
        limit_variable: settingOf(rule.threshold)?.env ?? null,
        ...changesOf(rule, input.changes),
        checked_at: checkedMs === undefined ? null : new Date(checkedMs).toISOString(),
        fault: input.faults?.get(rule.id) ?? null,
        alerts: states.map((state) => lineOf(state, rule)),
      };
    }),
    disabled: policy.disabled,
    firing: input.states.filter((state) => state.phase === 'firing').length,
    channels: input.health,
    has_channel: input.health.length > 0,
    tests: input.tests ?? [],
    page_url: input.pageUrl ?? null,
    notices: input.notices.toReversed(),
  };
}

function changesOf(
  rule: Rule,
  changes: AlertChanges | undefined,
): Pick<RuleLine, 'limit_fixed' | 'limit_changed' | 'silenced_until' | 'channels' | 'channels_changed'> {
  const limit = changes?.limitOf(rule.threshold);
  const silence = changes?.silenceOf(rule.id, Date.now());
  const channels = changes?.channelsOf(rule.id);
  return {
    channels: channels?.names ?? rule.channels ?? null,
    channels_changed: changeOf(channels),
    limit_fixed: changes?.isFixed(rule.threshold) ?? true,
    limit_changed: changeOf(limit),
    silenced_until: silence === undefined ? null : new Date(silence.untilMs).toISOString(),
  };
}

function changeOf(
  change: { readonly atMs?: number; readonly by?: string } | undefined,
): { readonly at: string; readonly by: string } | null {
  const { atMs, by } = change ?? {};
  return atMs === undefined || by === undefined ? null : { at: new Date(atMs).toISOString(), by };
}

function originOf(kept: KeptRule | undefined): Pick<RuleLine, 'origin' | 'made'> {
  if (kept === undefined) return { origin: 'built_in', made: null };
  return { origin: kept.by === undefined ? 'environment' : 'page', made: changeOf(kept) };
}

function lineOf(state: AlertState, rule: Rule): AlertLine {
  const { unmetSinceMs } = state;
  return {
    key: state.key,
    phase: state.phase,
    since: new Date(state.sinceMs).toISOString(),
    status: state.status,
    value: state.value,
    value_text: formatValue(state.value, rule.unit),
    unmet_since: unmetSinceMs === undefined ? null : new Date(unmetSinceMs).toISOString(),
    resolves_at:
      unmetSinceMs === undefined ? null : new Date(unmetSinceMs + rule.resolveAfterMs).toISOString(),
  };
}
