// The page of limits: what is spent, reserved and left of the limits that processes share, where they lead by the end
// of the day, and whom limits refused.

import type { VNode } from 'preact';
import { formatCount, formatNoteText, formatPercent, NO_DATA } from '../../../../core/text/format.ts';
import {
  ACTIONS_SHOWN,
  LIMITS_SHOWN,
  usedRatioOf,
  type LimitActionRow,
  type LimitsOverview,
  type LimitState,
} from '../../../limits/read-limits.ts';
import { shortId } from '../../parts/cells.tsx';
import { countColumn, momentColumn, moneyColumn, nameColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { thingPath } from '../../../thing-path.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { stretchText } from '../../../../core/text/moment-text.ts';
import { TimePicker } from '../../parts/time-picker.tsx';
import { Panel } from '../../parts/panel.tsx';

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
        sub={`days in UTC; shared by all processes that name this server${limits.length > LIMITS_SHOWN ? `; the ${LIMITS_SHOWN} most used of ${formatCount(limits.length)}` : ''}`}
      >
        {limits.length === 0 ? (
          <div class="empty">
            No process shares a limit through this server today. Start one with{' '}
            <code>TALLYSPAN_LIMIT_USER_DAY='$5' TALLYSPAN_LIMIT_SERVER=http://…</code>
          </div>
        ) : (
          <LimitTable limits={limits.slice(0, LIMITS_SHOWN)} />
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
  const columns: readonly DataColumn<LimitState & { readonly index: number }>[] = [
    textColumn('scope', 'Scope', ({ scope }) => scopeName(scope)),
    nameColumn('whose', 'Whose', ({ key }) => key, { hrefOf: keyLink }),
    nameColumn('set_by', 'Set by', ({ rule }) => rule),
    moneyColumn('limit_usd', 'Limit', (limit) => limit.limit_nano_usd),
    moneyColumn('spent_usd', 'Spent', (limit) => limit.spent_nano_usd),
    moneyColumn('reserved_usd', 'Reserved', (limit) => limit.reserved_nano_usd),
    moneyColumn('left_usd', 'Left', (limit) => limit.left_nano_usd),
    {
      id: 'used',
      title: 'Used',
      isNumber: true,
      value: usedRatioOf,
      cell: (limit) => <UsedRatio ratio={usedRatioOf(limit)} />,
    },
    moneyColumn('forecast_usd', 'By the end of the day', (limit) => limit.forecast_nano_usd, {
      why: 'The day has just begun',
    }),
    countColumn('processes', 'Processes', ({ processes }) => processes),
  ];
  return (
    <DataTable
      id="limits-today"
      name="limits of the day"
      rows={limits.map((limit, index) => ({ ...limit, index }))}
      keyOf={({ scope, rule, key, index }) => `${scope} ${rule} ${key} ${index}`}
      columns={columns}
    />
  );
}

const NEARLY = 0.8;

function UsedRatio({ ratio }: { ratio: number }): VNode {
  if (ratio < NEARLY) return <>{formatPercent(ratio)}</>;
  return <span class={`badge ${ratio < 1 ? 'warn' : 'failed'}`}>{formatPercent(ratio)}</span>;
}

function keyLink({ scope, key }: LimitState): string | undefined {
  if (scope === 'user_day') return thingPath('user', key);
  return scope === 'agent_day' ? thingPath('agent', key) : undefined;
}

const LOOKS: Readonly<Record<string, string>> = { refused: 'failed', stopped: 'failed', warned: 'warn' };

function ActionTable({ actions, view }: { actions: readonly LimitActionRow[]; view: LimitsView }): VNode {
  const columns: readonly DataColumn<LimitActionRow & { readonly index: number }>[] = [
    momentColumn('at', 'When', ({ at }) => at, { timezone: view.stretch.timezone, now: view.now }),
    {
      id: 'action',
      title: 'What',
      value: ({ action }) => action,
      cell: ({ action }) => <span class={`badge ${LOOKS[action] ?? ''}`}>{action}</span>,
    },
    {
      id: 'limit',
      title: 'Limit',
      value: ({ scope }) => scopeName(scope),
      cell: ({ scope }) => scopeName(scope),
      attributes: ({ rule }) => ({ title: rule }),
    },
    nameColumn('whose', 'Whose', ({ key }) => key),
    {
      id: 'run',
      title: 'Run',
      value: (action) => action.run_id,
      cell: ({ run_id: run }) =>
        run === null ? NO_DATA : <a href={`/runs/${encodeURIComponent(run)}`}>{shortId(run)}</a>,
    },
    nameColumn('agent', 'Agent', ({ agent }) => agent, { hrefOf: ({ agent }) => thingPath('agent', agent) }),
    nameColumn('user', 'User', ({ user }) => user, { hrefOf: ({ user }) => thingPath('user', user) }),
    nameColumn('model', 'Model', ({ model }) => model, { hrefOf: ({ model }) => thingPath('model', model) }),
    textColumn('figures', 'Figures', figuresOf),
  ];
  return (
    <DataTable
      id="limits-actions"
      name="what limits refused and warned of"
      rows={actions.map((action, index) => ({ ...action, index }))}
      keyOf={({ at, index }) => `${at} ${index}`}
      columns={columns}
    />
  );
}

function figuresOf(action: LimitActionRow): string {
  const text = formatNoteText({
    'limit.action': action.action,
    limit_nano_usd: action.limit_nano_usd,
    limit_reserved_nano_usd: action.reserved_nano_usd,
    limit_spent_nano_usd: action.spent_nano_usd,
    limit_needed_nano_usd: action.needed_nano_usd,
    limit_count: action.limit_count,
    limit_spent_count: action.spent_count,
  });
  if (text !== undefined) return text;
  return action.tool === null ? '' : `${action.tool}, ${formatCount(action.spent_count)} times`;
}
