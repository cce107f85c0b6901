// The table of alert rules: what each says now, since when and why, its limit, and what it told last.

import type { VNode } from 'preact';
import type { Notice } from '../../../../alerts/rules/notice.ts';
import { NO_DATA } from '../../../../core/text/format.ts';
import type { AlertLine, AlertOverview, RuleLine } from '../../../alerting/alert-overview.ts';
import { groupPath } from '../../../thing-path.ts';
import { fileColumn, momentColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { noticeAnchor } from './alert-notices.tsx';
import { KIND_WORDS, minuteText, waitText, type Clock } from './alert-texts.ts';

/** Groups of one rule, and notices of it, that its row shows. */
const GROUPS_SHOWN = 5;
const TOLD_SHOWN = 3;

export function AlertRules({ overview, clock }: { overview: AlertOverview; clock: Clock }): VNode {
  return (
    <Panel
      id="rules"
      title="Rules"
      sub={overview.disabled.length > 0 ? `switched off: ${overview.disabled.join(', ')}` : undefined}
    >
      <DataTable
        id="rules"
        name="alert rules"
        look="as-cards"
        rows={overview.rules.toSorted(byUrgency)}
        keyOf={({ id }) => id}
        rowAttributes={({ id }) => ({ id, 'data-row': id })}
        columns={ruleColumns(overview, clock)}
      />
    </Panel>
  );
}

/** What fires first, then what is about to; the others as they are. */
function byUrgency(a: RuleLine, b: RuleLine): number {
  return urgencyOf(a) - urgencyOf(b);
}

function urgencyOf({ alerts }: RuleLine): number {
  const phases = new Set(alerts.map(({ phase }) => phase));
  return phases.has('firing') ? 0 : phases.has('pending') ? 1 : 2;
}

function ruleColumns(overview: AlertOverview, clock: Clock): readonly DataColumn<RuleLine>[] {
  return [
    {
      id: 'rule',
      title: 'Rule',
      value: ({ title }) => title,
      cell: (rule) => (
        <RuleName
          rule={rule}
          notices={overview.notices.filter((notice) => notice.ruleId === rule.id)}
          clock={clock}
        />
      ),
      attributes: () => ({ class: 'wrap' }),
    },
    fileColumn('id', ({ id }) => id),
    {
      id: 'state',
      title: 'State',
      label: 'State',
      value: (rule) => stateText(rule),
      order: urgencyOf,
      cell: (rule) => (
        <>
          <RuleState rule={rule} />
          {shownAlerts(rule).map((alert) => (
            <Course key={alert.key} alert={alert} clock={clock} />
          ))}
        </>
      ),
      attributes: () => ({ class: 'wrap half' }),
    },
    {
      id: 'now',
      title: 'Now',
      label: 'Now',
      isNumber: true,
      value: ({ alerts }) =>
        alerts.map(({ key, value_text: text }) => (key === '' ? text : `${key}: ${text}`)).join('; ') || null,
      order: ({ alerts }) =>
        alerts.reduce<number | null>(
          (most, { value }) => (value === null ? most : Math.max(most ?? value, value)),
          null,
        ),
      cell: (rule) => <NowCell rule={rule} />,
      attributes: () => ({ class: 'wrap half' }),
    },
    textColumn('limit', 'Limit', (rule) => rule.threshold_text, {
      label: 'Limit',
      isNumber: true,
      order: ({ threshold }) => threshold,
    }),
    textColumn('severity', 'Severity', ({ severity }) => severity, {
      label: 'Severity',
    }),
    momentColumn('checked_at', 'Checked', (rule) => rule.checked_at, clock, { label: 'Checked' }),
  ];
}

function shownAlerts({ alerts }: RuleLine): readonly AlertLine[] {
  return alerts.slice(0, GROUPS_SHOWN);
}

function RuleName(props: { rule: RuleLine; notices: readonly Notice[]; clock: Clock }): VNode {
  const { rule, notices, clock } = props;
  return (
    <>
      <a class="strong" href={`/alerts/${rule.id}`}>
        {rule.title}
      </a>
      <span class="hint mono">{rule.id}</span>
      {rule.origin !== 'built_in' && <span class="hint">{rule.sentence}</span>}
      {rule.channels !== null && (
        <span class="hint">
          {rule.channels.length === 0 ? 'sent to no channel' : `sent to ${rule.channels.join(', ')}`}
        </span>
      )}
      {rule.silenced_until !== null && <span class="hint">silenced: nothing is sent</span>}
      {rule.fault !== null && <span class="why">could not be checked: {rule.fault}</span>}
      {notices.length > 0 && <Told notices={notices.slice(0, TOLD_SHOWN)} clock={clock} />}
    </>
  );
}

function NowCell({ rule }: { rule: RuleLine }): VNode {
  const shown = shownAlerts(rule);
  const rest = rule.alerts.length - shown.length;
  if (shown.length === 0) return <>{NO_DATA}</>;
  return (
    <>
      {shown.map((alert) => (
        <span key={alert.key} class="listed">
          <Group rule={rule} alert={alert} />
          {alert.value_text}
        </span>
      ))}
      {rest > 0 && <span class="hint">and {rest} more</span>}
    </>
  );
}

/** Newest first; what was told stands below in full. */
function Told({ notices, clock }: { notices: readonly Notice[]; clock: Clock }): VNode {
  return (
    <span class="hint">
      sent{' '}
      {notices.map((notice) => (
        <span key={notice.id} class="listed">
          <a href={`#${noticeAnchor(notice)}`}>
            {minuteText(notice.atMs, clock)} {KIND_WORDS[notice.kind]}
          </a>
        </span>
      ))}
    </span>
  );
}

function stateText(rule: RuleLine): string {
  const phases = new Set(rule.alerts.map((alert) => alert.phase));
  if (phases.has('firing')) return 'firing';
  if (phases.has('pending')) return 'pending';
  const [first] = rule.alerts;
  const isQuiet = first === undefined || first.status === 'met' || first.status === 'unmet';
  return isQuiet ? 'quiet' : first.status.replaceAll('_', ' ');
}

const STATE_LOOKS: Readonly<Record<string, string>> = { firing: 'failed', pending: 'warn' };

function RuleState({ rule }: { rule: RuleLine }): VNode {
  const text = stateText(rule);
  return <span class={`badge ${STATE_LOOKS[text] ?? ''}`.trim()}>{text}</span>;
}

/** Since when an alert fires, or is about to, and why it still does. */
function Course({ alert, clock }: { alert: AlertLine; clock: Clock }): VNode | null {
  if (alert.phase === 'quiet') return null;
  const wait = waitText(alert, clock);
  return (
    <span class="hint">
      {alert.key === '' ? '' : `${alert.key} `}
      {alert.phase === 'pending' ? 'pending ' : ''}since {minuteText(Date.parse(alert.since), clock)}
      {wait !== undefined && `; ${wait}`}
    </span>
  );
}

function Group({ rule, alert }: { rule: RuleLine; alert: AlertLine }): VNode | null {
  if (rule.by === null || alert.key === '') return null;
  const path = groupPath(rule.by, alert.key);
  return <>{path === undefined ? alert.key : <a href={path}>{alert.key}</a>}: </>;
}
