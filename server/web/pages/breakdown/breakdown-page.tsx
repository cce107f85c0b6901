// A breakdown: one row per tool, model, user, task, agent or session, most expensive first.

import type { VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatPercent,
  formatTokens,
} from '../../../../core/text/format.ts';
import { dateText } from '../../../queries/signals/read-cost.ts';
import type { ToolTax } from '../../../queries/diagnosis/read-unused-tools.ts';
import { HowToSend, ListValue, Money, Name, Share, linkTo, type LinkParams } from '../../parts/cells.tsx';
import { momentText } from '../../../../core/text/moment-text.ts';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { Trend } from '../../parts/trend.tsx';
import { ColumnPicker, columnsText } from '../../parts/column-picker.tsx';
import { Pager } from '../../parts/pager.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { tableCursorText } from '../../../queries/signals/signal-table.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { filterTextOf } from '../../../questions/filter-text.ts';
import { thingPath } from '../../../thing-path.ts';
import { isPseudoTool, ownerName } from '../../../../core/attribution/owner-names.ts';
import {
  optionalColumns,
  type BreakdownColumn,
  type BreakdownData,
  type BreakdownKind,
  type BreakdownOrder,
  type BreakdownRow,
  type BreakdownUnit,
} from './breakdown-data.ts';
import { countColumn, moneyColumn, nameColumn, tokensColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';

export interface BreakdownView {
  readonly kind: BreakdownKind;
  readonly data: BreakdownData;
  readonly stretch: Stretch;
  readonly order: BreakdownOrder;
  /** Zone of the server. */
  readonly zone: string;
  readonly now: number;
  /** On the page of tools. */
  readonly toolTax?: ToolTax | undefined;
  /** Of the columns that can be left out, those that are shown; undefined where nobody chose. */
  readonly columns?: readonly string[] | undefined;
}

/** The time of the page without one in its address. */
export const BREAKDOWN_TIME = '7d';

export function BreakdownPage({ view }: { view: BreakdownView }): VNode {
  const { kind, data, stretch } = view;
  const known = optionalColumns(kind);
  const params = { ...stretch.params, ...lookParams(view) };
  return (
    <>
      <div class="head">
        <h1>{kind.title}</h1>
        <p class="sums">
          <strong>{formatCountOf(data.things, kind.noun)}</strong>
          {' · '}
          <strong data-signal="cost" data-value={data.totalNanoUsd ?? ''}>
            {formatCost(data.totalNanoUsd)}
          </strong>
          <ListValue cost={data.totalNanoUsd} part={data.listValueNanoUsd} />
          {' · '}
          <span data-signal={kind.counted} data-value={data.counted ?? ''}>
            {formatCountOf(data.counted ?? 0, COUNTED[kind.counted])}
          </span>
        </p>
        <span class="grow" />
        <TimePicker
          stretch={stretch}
          path={kind.path}
          params={lookParams(view)}
          fallback={BREAKDOWN_TIME}
          zone={view.zone}
        />
      </div>
      <Panel label={kind.title} sub={kind.remark}>
        {data.rows.length === 0 ? (
          <div class="empty">
            {kind.empty} Choose a longer time. No run at all? <HowToSend />
          </div>
        ) : (
          <BreakdownTable view={view} />
        )}
        {data.rows.filter((row) => row.name !== null).length > 1 && (
          <form id="ticked" class="ticked" method="get" action="/compare/groups">
            {Object.entries(stretch.params).map(([name, value]) => (
              <input key={name} type="hidden" name={name} value={String(value)} />
            ))}
            <button type="submit">Compare the two that are ticked</button>
          </form>
        )}
        <Pager
          position={data.position}
          count={data.rows.length}
          total={data.groups}
          previous={data.previous && linkTo(kind.path, { ...params, at: tableCursorText(data.previous) })}
          next={data.next && linkTo(kind.path, { ...params, at: tableCursorText(data.next) })}
          first={data.position > 0 ? linkTo(kind.path, params) : undefined}
        >
          <ColumnPicker
            path={kind.path}
            params={params}
            columns={known}
            shown={view.columns ?? known.map(([id]) => id)}
          />
          <a href={linkTo(kind.path, { ...params, format: 'csv' })} download>
            CSV
          </a>
          <a href={linkTo(kind.path, { ...params, format: 'json' })} download>
            JSON
          </a>
        </Pager>
        {data.unattributedNanoUsd > 0 && (
          <div class="empty">
            {formatCost(data.unattributedNanoUsd)} more was paid by calls that do not report what was in their
            context.
          </div>
        )}
      </Panel>
      {view.toolTax !== undefined && view.toolTax.unused.length > 0 && <UnusedTools tax={view.toolTax} />}
    </>
  );
}

const COUNTED = { run_count: 'run', model_calls: 'model call', tool_calls: 'tool call' } as const;

const COST_FIRST: BreakdownOrder = { by: 'cost', isAscending: false };

/** The most expensive first needs no parameter. */
export function orderParams({ by, isAscending }: BreakdownOrder): { sort?: string; order?: string } {
  return {
    ...(by === COST_FIRST.by ? {} : { sort: by }),
    ...(isAscending ? { order: 'ascending' } : {}),
  };
}

/** The order and the columns, as an address holds them. */
function lookParams({ kind, order, columns }: BreakdownView): LinkParams {
  const known = optionalColumns(kind).map(([id]) => id);
  return { ...orderParams(order), columns: columnsText(columns, known) };
}

function UnusedTools({ tax }: { tax: ToolTax }): VNode {
  const columns: readonly DataColumn<ToolTax['unused'][number]>[] = [
    nameColumn('tool', 'Tool', ({ tool }) => tool, { hrefOf: ({ tool }) => thingPath('tool', tool) }),
    moneyColumn('cost_usd', 'Cost (estimated)', (each) => each.cost_nano_usd),
    tokensColumn('definition_tokens', 'Definition', ({ tokens }) => tokens, {
      cell: ({ tokens }) => `${formatTokens(tokens)} tokens`,
    }),
    countColumn('runs', 'Runs that sent it', ({ runs }) => runs),
  ];
  return (
    <Panel
      id="unused"
      title="Defined and never used"
      sub={`all tool definitions cost ${formatCost(tax.cost_nano_usd)} in this time (estimated); leaving these out saves their share`}
    >
      <DataTable
        id="unused"
        name="tools that were never used"
        rows={tax.unused}
        keyOf={({ tool }) => tool}
        columns={columns}
      />
    </Panel>
  );
}

/** A heading that sorts the table; chosen again it turns the order. */
function Heading(props: {
  view: BreakdownView;
  by: string;
  title: string;
  help?: string | undefined;
  isNumber?: boolean;
}): VNode {
  const { view, by, title, help, isNumber = true } = props;
  const isSorted = view.order.by === by;
  const isAscending = isSorted ? !view.order.isAscending : !isNumber;
  const look = view.order.isAscending ? 'ascending' : 'descending';
  return (
    <th scope="col" class={isNumber ? 'n' : undefined} title={help} aria-sort={isSorted ? look : undefined}>
      <a
        class="sort"
        href={linkTo(view.kind.path, {
          ...view.stretch.params,
          ...lookParams(view),
          ...orderParams({ by, isAscending }),
        })}
      >
        {title}
        {isSorted && <span aria-hidden="true">{view.order.isAscending ? ' ▲' : ' ▼'}</span>}
      </a>
    </th>
  );
}

function BreakdownTable({ view }: { view: BreakdownView }): VNode {
  const { kind, data, now } = view;
  const { timezone } = view.stretch;
  const isShown = (id: string): boolean => view.columns === undefined || view.columns.includes(id);
  const trends = kind.trends.map((trend, index) => ({ trend, index }));
  const shownTrends = trends.filter(({ trend }) => isShown(`${trend.signal}_over_time`));
  const columns = kind.columns.map((column, index) => ({ column, index }));
  const shownColumns = columns.filter(({ column }) => isShown(column.signal));
  // All rows have the same steps.
  const texts = new Map<number, string>();
  const formatTime = (atMs: number): string => {
    const known = texts.get(atMs);
    if (known !== undefined) return known;
    const text =
      data.step === 'hour' ? momentText(atMs, timezone, now).replace(/:00$/, '') : dateText(atMs, timezone);
    texts.set(atMs, text);
    return text;
  };
  return (
    <Scroll label={`Table of ${kind.title.toLowerCase()}`}>
      <table class="breakdown">
        <thead>
          <tr>
            <Heading view={view} by="name" title={kind.title.replace(/s$/, '')} isNumber={false} />
            <Heading view={view} by="cost" title={kind.dimension === 'tool' ? 'Context cost' : 'Cost'} />
            {isShown('share') && <th scope="col">Share</th>}
            {isShown('before') && (
              <Heading view={view} by="before" title="Before" help="The same length of time just before" />
            )}
            {shownTrends.map(({ trend }) => (
              <th key={trend.signal} scope="col" title={`${trend.help}, by ${data.step}`}>
                {trend.title} by {data.step}
              </th>
            ))}
            {shownColumns.map(({ column }) => (
              <Heading
                key={column.signal}
                view={view}
                by={column.signal}
                title={column.title}
                help={column.help}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <tr key={row.name} id={row.name ?? undefined} data-row={row.name ?? ''}>
              <td>
                <GroupName view={view} row={row} />
              </td>
              <td class="n" data-signal={kind.cost} data-value={row.costNanoUsd ?? ''}>
                <Money of={row.costNanoUsd} isListed />
                <ListValue cost={row.costNanoUsd} part={row.listValueNanoUsd} />
              </td>
              {isShown('share') && (
                <td>
                  <Share share={row.share} />
                </td>
              )}
              {isShown('before') && (
                <td class="n soft" data-signal="before" data-value={row.costBeforeNanoUsd ?? ''}>
                  <Money of={row.costBeforeNanoUsd} isListed />
                </td>
              )}
              {shownTrends.map(({ trend, index }) => (
                <td key={trend.signal}>
                  <Trend
                    name={`${trend.title} by ${data.step}`}
                    points={row.trends[index]}
                    format={(value) => formatBreakdownValue(trend.unit, value)}
                    formatTime={formatTime}
                  />
                </td>
              ))}
              {shownColumns.map(({ column, index }) => (
                <td
                  key={column.signal}
                  class="n"
                  data-signal={column.signal}
                  data-value={row.values[index] ?? ''}
                >
                  <Value column={column} row={row} value={row.values[index] ?? null} view={view} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function GroupName({ view, row }: { view: BreakdownView; row: BreakdownRow }): VNode {
  const { kind, stretch } = view;
  if (row.name === null) return <span title="Not given">{NO_DATA}</span>;
  if (kind.dimension === 'tool' && isPseudoTool(row.name))
    return (
      <>
        {ownerName(row.name)} <span class="badge">part of the prompt</span>
      </>
    );
  const path = thingPath(kind.dimension, row.name);
  return (
    <>
      <input
        type="checkbox"
        class="tick"
        name="pick"
        form="ticked"
        value={filterTextOf([[kind.dimension, row.name]])}
        aria-label={`Compare ${row.name}`}
      />
      <Name text={row.name} href={path && linkTo(path, { ...stretch.params })} />
    </>
  );
}

/** Calls without a price lead to the runs that they are in. */
function Value(props: {
  column: BreakdownColumn;
  row: BreakdownRow;
  value: number | null;
  view: BreakdownView;
}): VNode {
  const { column, row, value, view } = props;
  const text = formatBreakdownValue(column.unit, value);
  if (column.signal !== 'unpriced_calls' || row.name === null || !value) return <>{text}</>;
  const time = view.stretch.name === undefined ? {} : { time: BREAKDOWN_TIME };
  const params = { ...time, ...view.stretch.params, [view.kind.dimension]: row.name, unpriced: 'true' };
  return <a href={linkTo('/runs', params)}>{text}</a>;
}

export function formatBreakdownValue(unit: BreakdownUnit, value: number | null): string {
  switch (unit) {
    case 'cost':
      return formatCost(value);
    case 'ms':
      return formatDuration(value);
    case 'ratio':
      return formatPercent(value);
    case 'chars':
      return formatTokens(value === null ? null : Math.round(value));
    case 'count':
      return value === null || Number.isInteger(value) ? formatCount(value) : value.toFixed(1);
  }
}
