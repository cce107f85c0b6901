// A breakdown: one row per tool, model, user, task, agent or session, most expensive first.

import type { VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTokens,
} from '../../../../core/format.ts';
import { dateText } from '../../../queries/signals/read-cost.ts';
import type { ToolTax } from '../../../queries/diagnosis/read-unused-tools.ts';
import { HowToSend, Name, Share, linkTo } from '../../parts/cells.tsx';
import { momentText } from '../../parts/moment-text.ts';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { Trend } from '../../parts/trend.tsx';
import { WindowSelect } from '../../parts/window-select.tsx';
import { Pager } from '../../parts/pager.tsx';
import { ROWS_SHOWN } from './breakdown-data.ts';
import type {
  BreakdownColumn,
  BreakdownData,
  BreakdownKind,
  BreakdownRow,
  BreakdownUnit,
} from './breakdown-data.ts';

export interface BreakdownView {
  readonly kind: BreakdownKind;
  readonly data: BreakdownData;
  /** The window as it is written in the address, such as `7d`. */
  readonly windowText: string;
  readonly timezone: string;
  readonly now: number;
  /** On the page of tools. */
  readonly toolTax?: ToolTax | undefined;
}

export function BreakdownPage({ view }: { view: BreakdownView }): VNode {
  const { kind, data, windowText } = view;
  return (
    <>
      <div class="head">
        <h1>{kind.title}</h1>
        <span class="soft">
          total{' '}
          <span data-signal="cost" data-value={data.totalNanoUsd ?? ''}>
            {formatCost(data.totalNanoUsd)}
          </span>
        </span>
        <span class="grow" />
        <form class="filter" method="get" action={kind.path}>
          <WindowSelect selected={windowText} />
          <button type="submit">Show</button>
        </form>
      </div>
      <Panel label={kind.title} sub={kind.remark}>
        {data.rows.length === 0 ? (
          <div class="empty">
            {kind.empty} Choose a longer time. No run at all? <HowToSend />
          </div>
        ) : (
          <BreakdownTable view={view} />
        )}
        <Pager
          path={kind.path}
          params={{ window: windowText }}
          offset={data.offset}
          limit={ROWS_SHOWN}
          count={data.rows.length}
          total={data.groups}
          hasMore={data.groups > data.offset + data.rows.length}
        />
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

function UnusedTools({ tax }: { tax: ToolTax }): VNode {
  return (
    <Panel
      id="unused"
      title="Defined and never used"
      sub={`all tool definitions cost ${formatCost(tax.cost_nano_usd)} in this time (estimated); leaving these out saves their share`}
    >
      <Scroll label="Table of tools that were never used">
        <table>
          <thead>
            <tr>
              <th scope="col">Tool</th>
              <th scope="col" class="n">
                Cost (estimated)
              </th>
              <th scope="col" class="n">
                Definition
              </th>
              <th scope="col" class="n">
                Runs that sent it
              </th>
            </tr>
          </thead>
          <tbody>
            {tax.unused.map((tool) => (
              <tr key={tool.tool}>
                <td>{tool.tool}</td>
                <td class="n">{formatCost(tool.cost_nano_usd)}</td>
                <td class="n">{formatTokens(tool.tokens)} tokens</td>
                <td class="n">{formatCount(tool.runs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function BreakdownTable({ view }: { view: BreakdownView }): VNode {
  const { kind, data, windowText, timezone, now } = view;
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
      <table>
        <thead>
          <tr>
            <th scope="col">{kind.title.replace(/s$/, '')}</th>
            <th scope="col" class="n">
              Cost
            </th>
            <th scope="col">Share</th>
            <th scope="col" class="n" title="The same length of time just before">
              Before
            </th>
            {kind.trends.map((trend) => (
              <th key={trend.signal} scope="col" title={`${trend.help}, by ${data.step}`}>
                {trend.title} by {data.step}
              </th>
            ))}
            {kind.columns.map((column) => (
              <th key={column.signal} scope="col" class="n" title={column.help}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <tr key={row.name} id={row.name ?? undefined} data-row={row.name ?? ''}>
              <td>
                <GroupName kind={kind} row={row} windowText={windowText} />
              </td>
              <td class="n" data-signal={kind.cost} data-value={row.costNanoUsd ?? ''}>
                {formatCost(row.costNanoUsd)}
              </td>
              <td>
                <Share share={row.share} />
              </td>
              <td class="n soft" data-signal="before" data-value={row.costBeforeNanoUsd ?? ''}>
                {formatCost(row.costBeforeNanoUsd)}
              </td>
              {kind.trends.map((trend, index) => (
                <td key={trend.signal}>
                  <Trend
                    name={`${trend.title} by ${data.step}`}
                    points={row.trends[index]}
                    format={(value) => formatValue(trend.unit, value)}
                    formatTime={formatTime}
                  />
                </td>
              ))}
              {kind.columns.map((column, index) => (
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

function GroupName(props: { kind: BreakdownKind; row: BreakdownRow; windowText: string }): VNode {
  const { kind, row, windowText } = props;
  if (row.name === null) return <span>{NO_DATA}</span>;
  if (kind.path === '/sessions')
    return <Name text={row.name} href={`/sessions/${encodeURIComponent(row.name)}`} />;
  // What is no tool but the rest of what calls carry has no runs of its own.
  if (kind.dimension === 'tool' && row.name.startsWith('(')) return <Name text={row.name} />;
  return <Name text={row.name} href={linkTo('/runs', { [kind.runsParam]: row.name, since: windowText })} />;
}

/** Calls without a price lead to the runs that they are in. */
function Value(props: {
  column: BreakdownColumn;
  row: BreakdownRow;
  value: number | null;
  view: BreakdownView;
}): VNode {
  const { column, row, value, view } = props;
  const text = formatValue(column.unit, value);
  if (column.signal !== 'unpriced_calls' || row.name === null || !value) return <>{text}</>;
  const params = { [view.kind.runsParam]: row.name, since: view.windowText, unpriced: 'true' };
  return <a href={linkTo('/runs', params)}>{text}</a>;
}

function formatValue(unit: BreakdownUnit, value: number | null): string {
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
