// The list of runs: filtered, sorted, a page at a time, with what all of them sum to above it.

import type { VNode } from 'preact';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatPercent,
  formatStatus,
} from '../../../../core/text/format.ts';
import type { ListedRuns, RunSums } from '../../../queries/runs/list-runs.ts';
import type { Facet, FacetValue } from '../../../queries/runs/read-facets.ts';
import { RUN_STATUSES } from '../../../queries/runs/run-filter.ts';
import { cursorText, type RunSort } from '../../../queries/runs/run-order.ts';
import { filterParams, filterTextOf } from '../../../questions/filter-text.ts';
import { EXCLUDES } from '../../../questions/query-params.ts';
import { HowToSend, ListValue, linkTo, shownName, visibleText, type LinkParams } from '../../parts/cells.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Panel } from '../../parts/panel.tsx';
import { ColumnPicker, columnsText } from '../../parts/column-picker.tsx';
import { ALL_RUN_COLUMNS, RUN_COLUMN_TITLES, RunTable } from '../../parts/run-table.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { RUNS_TIME, type RunsAddress } from '../../runs-address.ts';
import type { SavedView } from '../../saved-views.ts';

export interface RunsView {
  readonly address: RunsAddress;
  readonly page: ListedRuns;
  readonly sums: RunSums;
  /** Undefined until somebody asks to narrow the list. */
  readonly facets: ReadonlyMap<Facet, readonly FacetValue[]> | undefined;
  readonly saved: readonly SavedView[];
  /** Zone of the server. */
  readonly zone: string;
  readonly now: number;
}

const SORTS: readonly (readonly [RunSort, string])[] = [
  ['newest', 'newest first'],
  ['slowest', 'slowest first'],
  ['most-expensive', 'most expensive first'],
];

const NOT_ON_A_PHONE = ['agent', 'task', 'session', 'turns', 'tools', 'tokensIn', 'tokensOut'] as const;

export function RunsPage({ view }: { view: RunsView }): VNode {
  const { address, page } = view;
  const { stretch, asked } = address;
  const params = addressParams(address);
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <Sums sums={view.sums} />
        <span class="grow" />
        <TimePicker
          stretch={stretch}
          path="/runs"
          params={{ ...filterParams(asked), ...orderParams(address) }}
          fallback={RUNS_TIME}
          zone={view.zone}
        />
      </div>
      <Filters view={view} />
      <Panel label="Runs">
        {page.runs.length === 0 ? (
          <NoRun isFiltered={asked.length > 0 || stretch.from !== 0} />
        ) : (
          <RunTable
            runs={page.runs}
            columns={address.columns ?? ALL_RUN_COLUMNS}
            optional={NOT_ON_A_PHONE}
            label="Table of runs"
            timezone={stretch.timezone}
            now={view.now}
            sorting={{
              sort: (address.sort ?? 'newest') as RunSort,
              isReversed: address.isReversed,
              hrefOf: (sort, isReversed) =>
                linkTo('/runs', {
                  ...filterParams(asked),
                  ...stretch.params,
                  sort: sort === 'newest' ? undefined : sort,
                  order: isReversed ? 'reversed' : undefined,
                  columns: columnsText(address.columns, ALL_RUN_COLUMNS),
                }),
            }}
          />
        )}
        <Pager
          position={page.position}
          count={page.runs.length}
          total={view.sums.runs}
          previous={page.previous && linkTo('/runs', { ...params, at: cursorText(page.previous) })}
          next={page.next && linkTo('/runs', { ...params, at: cursorText(page.next) })}
          first={page.position > 0 ? linkTo('/runs', params) : undefined}
        >
          <ColumnPicker
            path="/runs"
            params={params}
            columns={RUN_COLUMN_TITLES}
            shown={address.columns ?? ALL_RUN_COLUMNS}
          />
          <a href={linkTo('/runs', { ...params, format: 'csv' })} download>
            CSV
          </a>
          <a href={linkTo('/runs', { ...params, format: 'json' })} download>
            JSON
          </a>
        </Pager>
      </Panel>
    </>
  );
}

/** Everything that is asked for, but the place in the list. */
export function addressParams(address: RunsAddress): LinkParams {
  return { ...filterParams(address.asked), ...address.stretch.params, ...orderParams(address) };
}

function orderParams({ sort, isReversed, columns }: RunsAddress): LinkParams {
  return {
    sort,
    order: isReversed ? 'reversed' : undefined,
    columns: columnsText(columns, ALL_RUN_COLUMNS),
  };
}

/** What all runs that match sum to, in one line. */
export function Sums({ sums }: { sums: RunSums }): VNode {
  const ended = sums.runs - sums.running;
  return (
    <p class="sums">
      <strong data-sum="runs" data-value={sums.runs}>
        {formatCountOf(sums.runs, 'run')}
      </strong>
      {' · '}
      <strong data-sum="cost" data-value={sums.costNanoUsd ?? ''}>
        {formatCost(sums.costNanoUsd)}
      </strong>
      <ListValue cost={sums.costNanoUsd} part={sums.listValueNanoUsd} />
      {' · '}
      <span data-sum="failed" data-value={sums.failed}>
        {ended === 0 ? 'none ended' : `${formatPercent(sums.failed / ended)} failed`}
      </span>
      {sums.running > 0 && ` · ${formatCount(sums.running)} running`}
    </p>
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

function Filters({ view }: { view: RunsView }): VNode {
  const { address } = view;
  const { asked, stretch } = address;
  const without = (index: number): string =>
    linkTo('/runs', {
      ...filterParams(asked.filter((_, at) => at !== index)),
      ...stretch.params,
      ...orderParams(address),
    });
  return (
    <section class="filters" aria-label="Filters">
      <form class="filter line suggests" method="get" action="/runs" data-suggest="filters">
        {Object.entries({ ...stretch.params, ...orderParams(address) }).map(
          ([name, value]) =>
            value !== undefined && <input key={name} type="hidden" name={name} value={value} />,
        )}
        <input
          class="wide"
          name="q"
          value={filterTextOf(asked)}
          placeholder="user:ana -tool:search status:failed cost>0.5 duration>10s"
          aria-label="Filters, as text"
          autocomplete="off"
          spellcheck={false}
        />
        <button type="submit">Filter</button>
      </form>
      <QuickFilter view={view} />
      {asked.length > 0 && (
        <ul class="chips" aria-label="Active filters">
          {asked.map(([name, value], index) => (
            <li key={`${name} ${value}`}>
              <a href={without(index)} title="Remove this filter">
                {name.replace(EXCLUDES, 'not ')}: <bdi>{shownName(value)}</bdi>{' '}
                <span aria-hidden="true">×</span>
                <span class="unseen"> remove</span>
              </a>
            </li>
          ))}
          <li>
            <a
              href={linkTo('/runs', {
                ...stretch.params,
                columns: columnsText(address.columns, ALL_RUN_COLUMNS),
              })}
            >
              clear all
            </a>
          </li>
        </ul>
      )}
      <Facets view={view} />
      <SavedViews view={view} />
    </section>
  );
}

function columnsPair({ columns }: RunsAddress): readonly (readonly [string, string])[] {
  const text = columnsText(columns, ALL_RUN_COLUMNS);
  return text === undefined ? [] : [['columns', text]];
}

/** What is asked for most, at hand. */
function QuickFilter({ view }: { view: RunsView }): VNode {
  const { address } = view;
  const others = address.asked.filter(([name]) => name !== 'status');
  const statuses = address.asked.filter(([name]) => name === 'status');
  const status = statuses[0]?.[1];
  // A choice of one would take the others away.
  const isOne = statuses.length < 2;
  return (
    <form class="filter auto" method="get" action="/runs">
      {[
        ...others,
        ...(isOne ? [] : statuses),
        ...Object.entries(address.stretch.params),
        ...columnsPair(address),
      ].map(([name, value]) => (
        <input key={`${name} ${String(value)}`} type="hidden" name={name} value={String(value)} />
      ))}
      {isOne && (
        <label>
          Status
          <select name="status">
            <option value="">any</option>
            <option value="failed" selected={status === 'failed'}>
              failed (any)
            </option>
            {RUN_STATUSES.map((one) => (
              <option key={one} value={one} selected={one === status}>
                {formatStatus(one)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Order
        <select name="sort">
          {SORTS.map(([value, name]) => (
            <option key={value} value={value} selected={value === address.sort}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="plain">
        Show
      </button>
    </form>
  );
}

function Facets({ view }: { view: RunsView }): VNode | null {
  const { address, facets } = view;
  if (facets === undefined)
    return (
      <a class="narrow" href={linkTo('/runs', { ...addressParams(address), narrow: '1' })}>
        Narrow by value
      </a>
    );
  if (facets.size === 0) return null;
  return (
    <details class="facets" open>
      <summary>Narrow by value</summary>
      <div class="facet-lists">
        {[...facets].map(([facet, values]) => (
          <div key={facet}>
            <h2>{facet.charAt(0).toUpperCase() + facet.slice(1)}</h2>
            <ul>
              {values.map(({ value, runs }) => (
                <li key={value}>
                  <a
                    href={linkTo('/runs', {
                      ...addressParams(address),
                      [facet]: value,
                    })}
                  >
                    <bdi>{facet === 'status' ? formatStatus(value) : shownName(value)}</bdi>
                  </a>{' '}
                  <span class="soft">{formatCount(runs)}</span>{' '}
                  <a class="without" href={linkTo('/runs', withPair(address, EXCLUDES + facet, value))}>
                    not
                    <span class="unseen"> {visibleText(value)}</span>
                  </a>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </details>
  );
}

/** The address with one filter more. */
function withPair(address: RunsAddress, name: string, value: string): LinkParams {
  return { ...addressParams(address), ...filterParams([...address.asked, [name, value]]) };
}

function SavedViews({ view }: { view: RunsView }): VNode {
  const { address, saved } = view;
  const here = linkTo('/runs', addressParams(address));
  return (
    <details class="facets">
      <summary>Saved views{saved.length > 0 && ` (${saved.length})`}</summary>
      <ul class="saved">
        {saved.map(({ name, path }) => (
          <li key={name}>
            <a href={path}>{name}</a>
            <form method="post" action="/views/remove">
              <input type="hidden" name="name" value={name} />
              <button type="submit" aria-label={`Remove the view ${name}`}>
                Remove
              </button>
            </form>
          </li>
        ))}
      </ul>
      <form class="filter" method="post" action="/views">
        <input type="hidden" name="path" value={here} />
        <label>
          Name for this view
          <input name="name" required maxLength={80} />
        </label>
        <button type="submit">Save this view</button>
      </form>
    </details>
  );
}
