// The list of runs: filtered, sorted, a page at a time.

import type { VNode } from 'preact';
import { RUN_STATUSES } from '../../../queries/runs/run-filter.ts';
import type { RunSort } from '../../../queries/runs/run-order.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { HowToSend } from '../../parts/cells.tsx';
import { Pager } from '../../parts/pager.tsx';
import { stretchParam } from '../../runs-address.ts';
import { Panel } from '../../parts/panel.tsx';
import { ALL_RUN_COLUMNS, RunTable } from '../../parts/run-table.tsx';

export interface RunsView {
  readonly runs: readonly RunSummary[];
  readonly hasMore: boolean;
  readonly offset: number;
  readonly limit: number;
  /** The parameters of the address, as they were written. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Beginning and end of the time as the form writes them, in the zone of the page; empty where open. */
  readonly from: string;
  readonly to: string;
  readonly isFiltered: boolean;
  readonly timezone: string;
  readonly now: number;
}

const TIMES: readonly (readonly [string, string])[] = [
  ['1h', 'last hour'],
  ['24h', 'last 24 h'],
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
];
const TEXTS: readonly (readonly [string, string])[] = [
  ['agent', 'Agent'],
  ['user', 'User'],
  ['task', 'Task'],
  ['tag', 'Tag'],
  ['model', 'Model'],
  ['tool', 'Tool'],
  ['session', 'Session'],
  ['error', 'Error has'],
];
const SORTS: readonly (readonly [RunSort, string])[] = [
  ['newest', 'newest first'],
  ['slowest', 'slowest first'],
  ['most-expensive', 'most expensive first'],
];

const NOT_ON_A_PHONE = ['agent', 'task', 'session', 'turns', 'tools', 'tokensIn', 'tokensOut'] as const;

export function RunsPage({ view }: { view: RunsView }): VNode {
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <span class="grow" />
        <Filter view={view} />
      </div>
      <Panel label="Runs">
        {view.runs.length === 0 ? (
          <NoRun isFiltered={view.isFiltered} />
        ) : (
          <RunTable
            runs={view.runs}
            columns={ALL_RUN_COLUMNS}
            optional={NOT_ON_A_PHONE}
            label="Table of runs"
            timezone={view.timezone}
            now={view.now}
          />
        )}
        <Pager
          path="/runs"
          params={view.params}
          offset={view.offset}
          limit={view.limit}
          count={view.runs.length}
          hasMore={view.hasMore}
        />
      </Panel>
    </>
  );
}

function NoRun({ isFiltered }: { isFiltered: boolean }): VNode {
  if (isFiltered)
    return (
      <div class="empty">
        No run matches. <a href="/runs">Show all runs</a>.
      </div>
    );
  return (
    <div class="empty">
      No run yet. <HowToSend />
    </div>
  );
}

function Filter({ view }: { view: RunsView }): VNode {
  const { params } = view;
  const since = view.from === '' ? params['since'] : undefined;
  const status = params['failed'] === 'true' ? 'failed' : params['status'];
  const isStretch = view.from !== '' || view.to !== '';
  return (
    <form class="filter" method="get" action="/runs">
      <label>
        Status
        <select name="status">
          <option value="">any</option>
          <option value="failed" selected={status === 'failed'}>
            failed (any)
          </option>
          {RUN_STATUSES.map((one) => (
            <option key={one} value={one} selected={one === status}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Time
        <select name="since">
          <option value="">{isStretch ? 'from – to' : 'always'}</option>
          {TIMES.map(([value, name]) => (
            <option key={value} value={value} selected={value === since}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {isStretch && <input type="hidden" name="shown" value={stretchParam(view.from, view.to)} />}
      <label>
        or from
        <input type="datetime-local" name="from" value={view.from} />
      </label>
      <label>
        to
        <input type="datetime-local" name="to" value={view.to} />
      </label>
      {TEXTS.map(([name, label]) => (
        <label key={name}>
          {label}
          <input name={name} value={params[name] ?? ''} size={9} />
        </label>
      ))}
      <label>
        Price
        <select name="unpriced">
          <option value="">any</option>
          <option value="true" selected={params['unpriced'] === 'true'}>
            unpriced
          </option>
        </select>
      </label>
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
      <button type="submit">Show</button>
    </form>
  );
}
