// The page of limits: what is spent, reserved and left of the limits that processes share, where they lead by the end
// of the day, and whom limits refused.

import type { VNode } from 'preact';
import { formatCount, formatNoteText, formatPercent, NO_DATA } from '../../../../core/text/format.ts';
import {
  ACTIONS_SHOWN,
  type LimitActionRow,
  type LimitsOverview,
  type LimitState,
} from '../../../limits/read-limits.ts';
import { Money, Moment, Name, linkTo, shortId } from '../../parts/cells.tsx';
import type { Stretch } from '../../../questions/stretch.ts';
import { stretchText } from '../../../../core/text/moment-text.ts';
import { TimePicker } from '../../parts/time-picker.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { TableHead } from '../../parts/table-head.tsx';

/** The time of the page without one in its address. */
export const LIMITS_TIME = '24h';

export interface LimitsView {
  readonly overview: LimitsOverview;
  /** Requests that limits refused and streams that they ended, of the window; the list may be shorter. */
  readonly refused: number;
  readonly stretch: Stretch;
  /** Zone of the server. */
  readonly zone: string;
  readonly now: number;
}

export function LimitsPage({ view }: { view: LimitsView }): VNode {
  const { limits, actions } = view.overview;
  return (
    <>
      <div class="head">
        <h1>Limits</h1>
        <span class="grow" />
        <TimePicker stretch={view.stretch} path="/limits" fallback={LIMITS_TIME} zone={view.zone} />
      </div>
      <Panel
        id="limits-today"
        title="Limits of the day"
        sub="days in UTC; shared by all processes that name this server"
      >
        {limits.length === 0 ? (
          <div class="empty">
            No process shares a limit through this server today. Start one with{' '}
            <code>TALLYSPAN_LIMIT_USER_DAY='$5' TALLYSPAN_LIMIT_SERVER=http://…</code>
          </div>
        ) : (
          <LimitTable limits={limits} />
        )}
      </Panel>
      <Panel id="limits-actions" title="Refused and warned" sub={actionsText(view)}>
        {actions.length === 0 ? (
          <div class="empty">No limit was reached.</div>
        ) : (
          <ActionTable actions={actions} view={view} />
        )}
      </Panel>
    </>
  );
}

/** `in the last 24h`, `yesterday`. */
function timeText({ name, params, from, to, timezone }: Stretch): string {
  const { time = LIMITS_TIME } = params;
  if (name === undefined) return stretchText(from, to, timezone);
  return /^\d/.test(time) ? `in the last ${time}` : name;
}

/** Says, too, where the list is cut. */
function actionsText({ overview, refused, stretch }: LimitsView): string {
  const isCut = overview.actions.length === ACTIONS_SHOWN;
  return `${formatCount(refused)} refused ${timeText(stretch)}; ${isCut ? `the newest ${ACTIONS_SHOWN} are listed` : 'newest first'}`;
}

const SCOPES: Readonly<Record<string, string>> = {
  run: 'Run',
  session: 'Session',
  user_day: 'User, day',
  agent_day: 'Agent, day',
  process_day: 'Process, day',
  tool_run: 'Tool in a run',
  turns: 'Turns',
  tokens_run: 'Tokens of a run',
  code: 'Set in code',
  loop: 'Loop',
  unpriced: 'Without a price',
  fault: 'Not checked',
};

function scopeName(scope: string): string {
  return SCOPES[scope] ?? scope;
}

function LimitTable({ limits }: { limits: readonly LimitState[] }): VNode {
  return (
    <Scroll label={{ headingId: 'limits-today' }}>
      <table>
        <TableHead
          of={[
            'Scope',
            'Whose',
            'Set by',
            { n: 'Limit' },
            { n: 'Spent' },
            { n: 'Reserved' },
            { n: 'Left' },
            { n: 'Used' },
            { n: 'By the end of the day' },
            { n: 'Processes' },
          ]}
        />
        <tbody>
          {limits.map((limit) => (
            <tr key={`${limit.scope} ${limit.rule} ${limit.key}`}>
              <td>{scopeName(limit.scope)}</td>
              <td>
                <Name text={limit.key} href={keyLink(limit)} />
              </td>
              <td>
                <Name text={limit.rule} />
              </td>
              <td class="n">
                <Money of={limit.limit_nano_usd} />
              </td>
              <td class="n">
                <Money of={limit.spent_nano_usd} />
              </td>
              <td class="n">
                <Money of={limit.reserved_nano_usd} />
              </td>
              <td class="n">
                <Money of={limit.left_nano_usd} />
              </td>
              <td class="n">
                <UsedRatio ratio={limit.spent_nano_usd / limit.limit_nano_usd} />
              </td>
              <td class="n" title={limit.forecast_nano_usd === null ? 'The day has just begun' : undefined}>
                <Money of={limit.forecast_nano_usd} />
              </td>
              <td class="n">{formatCount(limit.processes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const NEARLY = 0.8;

function UsedRatio({ ratio }: { ratio: number }): VNode {
  if (ratio < NEARLY) return <>{formatPercent(ratio)}</>;
  return <span class={`badge ${ratio < 1 ? 'warn' : 'failed'}`}>{formatPercent(ratio)}</span>;
}

function keyLink({ scope, key }: LimitState): string | undefined {
  if (scope === 'user_day') return linkTo('/runs', { user: key });
  return scope === 'agent_day' ? linkTo('/runs', { agent: key }) : undefined;
}

const LOOKS: Readonly<Record<string, string>> = { refused: 'failed', stopped: 'failed', warned: 'warn' };

function ActionTable({ actions, view }: { actions: readonly LimitActionRow[]; view: LimitsView }): VNode {
  return (
    <Scroll label={{ headingId: 'limits-actions' }}>
      <table>
        <TableHead of={['When', 'What', 'Limit', 'Whose', 'Run', 'Agent', 'User', 'Model', 'Figures']} />
        <tbody>
          {actions.map((action, index) => (
            <tr key={`${action.at} ${index}`}>
              <td>
                <Moment at={action.at} timezone={view.stretch.timezone} now={view.now} />
              </td>
              <td>
                <span class={`badge ${LOOKS[action.action] ?? ''}`}>{action.action}</span>
              </td>
              <td title={action.rule}>{scopeName(action.scope)}</td>
              <td>
                <Name text={action.key} />
              </td>
              <td>
                {action.run_id === null ? (
                  NO_DATA
                ) : (
                  <a href={`/runs/${encodeURIComponent(action.run_id)}`}>{shortId(action.run_id)}</a>
                )}
              </td>
              <td>
                <Name text={action.agent} />
              </td>
              <td>
                <Name text={action.user} />
              </td>
              <td>
                <Name text={action.model} />
              </td>
              <td>{figuresOf(action)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function figuresOf(action: LimitActionRow): string {
  const text = formatNoteText({
    limit_nano_usd: action.limit_nano_usd,
    limit_spent_nano_usd: action.spent_nano_usd,
    limit_needed_nano_usd: action.needed_nano_usd,
    limit_count: action.limit_count,
    limit_spent_count: action.spent_count,
  });
  if (text !== undefined) return text;
  return action.tool === null ? '' : `${action.tool}, ${formatCount(action.spent_count)} times`;
}
