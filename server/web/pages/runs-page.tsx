// The list of runs: filtered, sorted, a page at a time.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatCount, formatDuration, formatTokens } from '../../../core/format.ts';
import type { RunSort, RunSummary } from '../../queries/list-runs.ts';
import { Moment, StatusBadge, linkTo, shortId } from '../cells.tsx';

export interface RunsView {
  readonly runs: readonly RunSummary[];
  readonly hasMore: boolean;
  readonly offset: number;
  readonly limit: number;
  /** The parameters of the address, as they were written. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly timezone: string;
  readonly now: number;
}

const SESSION_LENGTH = 14;
const STATUSES = ['ok', 'error', 'aborted', 'refused', 'max_turns', 'budget_exceeded', 'lost', 'running'];
const TIMES: readonly (readonly [string, string])[] = [
  ['1h', 'last hour'],
  ['24h', 'last 24 h'],
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
];
const SORTS: readonly (readonly [RunSort, string])[] = [
  ['newest', 'newest first'],
  ['slowest', 'slowest first'],
  ['dearest', 'dearest first'],
];

export function RunsPage({ view }: { view: RunsView }): VNode {
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <span class="grow" />
        <Filter view={view} />
      </div>
      <section class="panel" aria-label="Runs">
        {view.runs.length === 0 ? (
          <div class="empty">
            No run matches. <a href="/runs">Show all runs</a>, or see the <a href="/">overview</a> for how to
            send one.
          </div>
        ) : (
          <RunTable runs={view.runs} timezone={view.timezone} now={view.now} />
        )}
        <Pager view={view} />
      </section>
    </>
  );
}

function Filter({ view }: { view: RunsView }): VNode {
  const { params } = view;
  const since = params['since'];
  const isOther = since !== undefined && !TIMES.some(([value]) => value === since);
  const status = params['failed'] === 'true' ? 'failed' : params['status'];
  return (
    <form class="filter" method="get" action="/runs">
      <label>
        Status
        <select name="status">
          <option value="">any</option>
          <option value="failed" selected={status === 'failed'}>
            failed (any)
          </option>
          {STATUSES.map((one) => (
            <option key={one} value={one} selected={one === status}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Time
        <select name="since">
          <option value="">always</option>
          {TIMES.map(([value, name]) => (
            <option key={value} value={value} selected={value === since}>
              {name}
            </option>
          ))}
          {isOther && (
            <option value={since} selected>
              since {since.slice(0, 16).replace('T', ' ')}
            </option>
          )}
        </select>
      </label>
      {(['agent', 'user', 'task', 'session', 'error'] as const).map((name) => (
        <label key={name}>
          {name === 'error' ? 'Error has' : name[0]?.toUpperCase() + name.slice(1)}
          <input name={name} value={params[name] ?? ''} size={9} />
        </label>
      ))}
      <label>
        Order
        <select name="sort">
          {SORTS.map(([value, name]) => (
            <option key={value} value={value} selected={value === params['sort']}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {params['until'] !== undefined && <input type="hidden" name="until" value={params['until']} />}
      <button type="submit">Show</button>
    </form>
  );
}

/** Runs as a table, the columns that matter first. */
export function RunTable(props: { runs: readonly RunSummary[]; timezone: string; now: number }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Table of runs">
      <table>
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col">Run</th>
            <th scope="col">Agent</th>
            <th scope="col">User</th>
            <th scope="col">Task</th>
            <th scope="col">Session</th>
            <th scope="col">Status</th>
            <th scope="col" class="n">
              Turns
            </th>
            <th scope="col" class="n">
              Tools
            </th>
            <th scope="col" class="n">
              Tokens in
            </th>
            <th scope="col" class="n">
              out
            </th>
            <th scope="col" class="n">
              Time
            </th>
            <th scope="col" class="n">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {props.runs.map((run) => (
            <RunRow key={run['agent.run_id']} run={run} timezone={props.timezone} now={props.now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunRow({ run, timezone, now }: { run: RunSummary; timezone: string; now: number }): VNode {
  const session = run['gen_ai.conversation.id'];
  return (
    <tr>
      <td>
        <Moment at={run.started_at} timezone={timezone} now={now} />
      </td>
      <td>
        <a class="mono" href={`/runs/${encodeURIComponent(run['agent.run_id'])}`}>
          {shortId(run['agent.run_id'])}
        </a>
      </td>
      <td>{run['gen_ai.agent.name'] ?? NO_DATA}</td>
      <td>{run['user.id'] ?? NO_DATA}</td>
      <td>{run['agent.task_type'] ?? NO_DATA}</td>
      <td>
        {session === null ? (
          NO_DATA
        ) : (
          <a href={`/sessions/${encodeURIComponent(session)}`}>{session.slice(0, SESSION_LENGTH)}</a>
        )}
      </td>
      <td>
        <StatusBadge status={run['agent.status']} />
        {run['error.type'] !== null && <span class="why">{run['error.type']}</span>}
      </td>
      <td class="n">{formatCount(run['agent.turns'])}</td>
      <td class="n">{formatCount(run['agent.tool_calls'])}</td>
      <td class="n">{formatTokens(run['agent.tokens_in'])}</td>
      <td class="n">{formatTokens(run['agent.tokens_out'])}</td>
      <td class="n">{formatDuration(run.duration_ms)}</td>
      <td class="n">{formatCost(run['agent.cost_nano_usd'])}</td>
    </tr>
  );
}

function Pager({ view }: { view: RunsView }): VNode | null {
  const { offset, limit, hasMore, params } = view;
  if (offset === 0 && !hasMore) return null;
  const at = (next: number): string => linkTo('/runs', { ...params, offset: next === 0 ? undefined : next });
  return (
    <div class="pager">
      <span class="soft">
        {formatCount(offset + 1)}–{formatCount(offset + view.runs.length)}
      </span>
      {offset > 0 && (
        <a class="button" href={at(Math.max(0, offset - limit))}>
          ← Before
        </a>
      )}
      {hasMore && (
        <a class="button" href={at(offset + limit)}>
          Next →
        </a>
      )}
    </div>
  );
}
