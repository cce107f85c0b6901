// The table of alert rules: what each says now, since when and why, its limit, and what it told last.

import type { VNode } from 'preact';
import type { Notice } from '../../../../alerts/rules/notice.ts';
import { NO_DATA } from '../../../../core/text/format.ts';
import type { AlertLine, AlertOverview, RuleLine } from '../../../alerting/alert-overview.ts';
import { groupPath } from '../../../thing-path.ts';
import { Moment } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { noticeAnchor } from './alert-notices.tsx';
import { KIND_WORDS, minuteText, waitText, type Clock } from './alert-texts.ts';
import { TableHead } from '../../parts/table-head.tsx';

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
      <Scroll label={{ headingId: 'rules' }}>
        <table class="as-cards">
          <TableHead of={['Rule', 'State', { n: 'Now' }, { n: 'Limit' }, 'Severity', 'Checked']} />
          <tbody>
            {overview.rules.toSorted(byUrgency).map((rule) => (
              <RuleRow
                key={rule.id}
                rule={rule}
                notices={overview.notices.filter((notice) => notice.ruleId === rule.id)}
                clock={clock}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
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

function RuleRow(props: { rule: RuleLine; notices: readonly Notice[]; clock: Clock }): VNode {
  const { rule, notices, clock } = props;
  const alerts = rule.alerts.slice(0, GROUPS_SHOWN);
  const rest = rule.alerts.length - alerts.length;
  return (
    <tr id={rule.id} data-row={rule.id}>
      <td class="wrap">
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
      </td>
      <td class="wrap half" data-label="State">
        <RuleState rule={rule} />
        {alerts.map((alert) => (
          <Course key={alert.key} alert={alert} clock={clock} />
        ))}
      </td>
      <td class="n wrap half" data-label="Now">
        {alerts.length === 0
          ? NO_DATA
          : alerts.map((alert) => (
              <span key={alert.key} class="listed">
                <Group rule={rule} alert={alert} />
                {alert.value_text}
              </span>
            ))}
        {rest > 0 && <span class="hint">and {rest} more</span>}
      </td>
      <td class="n" data-label="Limit">
        {rule.threshold_text}
      </td>
      <td data-label="Severity">{rule.severity}</td>
      <td data-label="Checked">
        <Moment at={rule.checked_at} timezone={clock.timezone} now={clock.now} />
      </td>
    </tr>
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

function RuleState({ rule }: { rule: RuleLine }): VNode {
  const phases = new Set(rule.alerts.map((alert) => alert.phase));
  if (phases.has('firing')) return <span class="badge failed">firing</span>;
  if (phases.has('pending')) return <span class="badge warn">pending</span>;
  const [first] = rule.alerts;
  const isQuiet = first === undefined || first.status === 'met' || first.status === 'unmet';
  return <span class="badge">{isQuiet ? 'quiet' : first.status.replaceAll('_', ' ')}</span>;
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
