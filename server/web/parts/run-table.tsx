// Tables of runs: the same cells wherever runs are listed; pages choose the columns.

import type { ComponentChildren, VNode } from 'preact';
import { formatCost, formatCount, formatDuration, formatTokens } from '../../../core/text/format.ts';
import { isAscendingOrder, type RunSort } from '../../queries/runs/run-order.ts';
import type { RunSummary } from '../../queries/runs/run-summary.ts';
import {
  ListValue,
  Missing,
  Money,
  CostDoubts,
  Moment,
  Name,
  StatusBadge,
  linkTo,
  shortId,
} from './cells.tsx';
import { thingPath } from '../../thing-path.ts';
import { fileColumn } from './data-columns.tsx';
import { DataTable, type DataColumn } from './data-table.tsx';
import { Scroll, type PartLabel } from './panel.tsx';
import { RUN_SHEET_COLUMNS, type RunColumnId } from './run-sheet.ts';

const TAGS_SHOWN = 3;

/** A run that is known to have called no model costs 0. */
const NO_CALL_SEEN = 'No model call was seen: its cost is not known';

/** Why a run has no cost. */
function costlessText({ unpriced_calls: unpriced, ...run }: RunSummary): string {
  if (unpriced > 0) return 'Unpriced: no price is known for its calls';
  if (run['agent.turns'] !== 0) return 'Not recorded';
  return run['agent.status'] === 'running' ? 'No model call yet' : NO_CALL_SEEN;
}

interface Clock {
  readonly timezone: string;
  readonly now: number;
}

interface RunColumn {
  readonly title: string;
  /** What the list is sorted by where the heading is chosen. */
  readonly sort?: RunSort;
  readonly isNumber?: true;
  cell(run: RunSummary, clock: Clock): ComponentChildren;
}

const RUN_COLUMNS = {
  started: {
    title: 'Started',
    sort: 'newest',
    cell: (run, clock) => <Moment at={run.started_at} timezone={clock.timezone} now={clock.now} />,
  },
  run: {
    title: 'Run',
    cell: (run) => (
      <span class="pick">
        <input
          type="checkbox"
          name="run"
          value={run['agent.run_id']}
          aria-label={`Choose run ${shortId(run['agent.run_id'])} to compare`}
        />{' '}
        <a class="mono" href={`/runs/${encodeURIComponent(run['agent.run_id'])}`}>
          {shortId(run['agent.run_id'])}
        </a>
      </span>
    ),
  },
  agent: {
    title: 'Agent',
    sort: 'agent',
    cell: (run) => (
      <>
        <Name text={run['gen_ai.agent.name']} href={thingPath('agent', run['gen_ai.agent.name'])} />
        {run['agent.version'] !== null && (
          <span class="hint">
            <Name text={run['agent.version']} href={thingPath('version', run['agent.version'])} />
          </span>
        )}
      </>
    ),
  },
  user: {
    title: 'User',
    sort: 'user',
    cell: (run) => <Name text={run['user.id']} href={thingPath('user', run['user.id'])} />,
  },
  task: {
    title: 'Task',
    sort: 'task',
    cell: (run) => (
      <>
        <Name text={run['agent.task_type']} href={thingPath('task', run['agent.task_type'])} />
        <Tags tags={run['agent.tags']} most={TAGS_SHOWN} />
      </>
    ),
  },
  session: {
    title: 'Session',
    sort: 'session',
    cell: (run) => (
      <Name text={run['gen_ai.conversation.id']} href={thingPath('session', run['gen_ai.conversation.id'])} />
    ),
  },
  status: {
    title: 'Status',
    sort: 'status',
    cell: (run) => (
      <>
        <StatusBadge status={run['agent.status']} />
        {run['error.type'] !== null && (
          <span class="why">
            <Name text={run['error.type']} />
          </span>
        )}
      </>
    ),
  },
  time: {
    title: 'Time',
    sort: 'slowest',
    isNumber: true,
    cell: (run, clock) =>
      run.ended_at === null ? (
        <>
          {formatDuration(Math.max(0, clock.now - Date.parse(run.started_at)))}{' '}
          <span class="hint">so far</span>
        </>
      ) : run.duration_ms === null ? (
        <Missing why="Not recorded" />
      ) : (
        formatDuration(run.duration_ms)
      ),
  },
  cost: {
    title: 'Cost',
    sort: 'most-expensive',
    isNumber: true,
    cell: (run) => (
      <>
        <Money of={run['agent.cost_nano_usd']} why={costlessText(run)} isListed />{' '}
        {run.nested_runs > 0 && (
          <span class="hint">{formatCost(run.cost_with_nested_nano_usd)} with nested</span>
        )}
        <ListValue cost={run['agent.cost_nano_usd']} part={run.list_value_nano_usd} />
        <CostDoubts unpriced={run.unpriced_calls} estimated={run.estimated_calls} />
      </>
    ),
  },
  turns: { title: 'Turns', sort: 'turns', isNumber: true, cell: (run) => formatCount(run['agent.turns']) },
  tools: {
    title: 'Tools',
    sort: 'tools',
    isNumber: true,
    cell: (run) => formatCount(run['agent.tool_calls']),
  },
  tokensIn: {
    title: 'Tokens in',
    sort: 'tokens-in',
    isNumber: true,
    cell: (run) => formatTokens(run['agent.tokens_in']),
  },
  tokensOut: {
    title: 'Tokens out',
    sort: 'tokens-out',
    isNumber: true,
    cell: (run) => formatTokens(run['agent.tokens_out']),
  },
} as const satisfies Record<RunColumnId, RunColumn>;

/** Every column, those that matter most first. */
export const ALL_RUN_COLUMNS = Object.keys(RUN_COLUMNS) as RunColumnId[];

/** Ids and titles of all columns. */
export const RUN_COLUMN_TITLES: readonly (readonly [RunColumnId, string])[] = ALL_RUN_COLUMNS.map((id) => [
  id,
  RUN_COLUMNS[id].title,
]);

export interface RunTableProps extends Clock {
  readonly runs: readonly RunSummary[];
  readonly columns: readonly RunColumnId[];
  /** Columns that a narrow screen leaves out. */
  readonly optional?: readonly RunColumnId[];
  readonly label: PartLabel;
  /** Where its headings sort the list; without it they sort what is shown. */
  readonly sorting?: RunSorting;
}

export interface RunSorting {
  readonly sort: RunSort;
  readonly isReversed: boolean;
  readonly hrefOf: (sort: RunSort, isReversed: boolean) => string;
}

export function RunTable(props: RunTableProps): VNode {
  const { runs, columns, sorting } = props;
  const table = sorting === undefined ? <FewRuns {...props} /> : <ListedRuns {...props} sorting={sorting} />;
  if (!columns.includes('run') || runs.length < 2) return table;
  return (
    <form method="get" action="/compare" class="compare-form">
      {table}
      <button type="submit">Compare two chosen runs</button>
    </form>
  );
}

/** A list that is read as it is sorted: of more runs than it shows. */
function ListedRuns(props: RunTableProps & { readonly sorting: RunSorting }): VNode {
  const { runs, columns, optional = [], label, timezone, now, sorting } = props;
  const shown = columns.map((id) => {
    const column: RunColumn = RUN_COLUMNS[id];
    const classes = [column.isNumber === true ? 'n' : '', optional.includes(id) ? 'optional' : ''];
    return { id, column, look: classes.filter((one) => one !== '').join(' ') || undefined };
  });
  return (
    <Scroll label={label}>
      <table class="runs as-cards">
        <thead>
          <tr>
            {shown.map(({ id, column, look }) => (
              <RunHeading key={id} column={column} look={look} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run['agent.run_id']} data-run={run['agent.run_id']}>
              {shown.map(({ id, column, look }) => (
                <td key={id} class={look} data-label={column.title}>
                  {column.cell(run, { timezone, now })}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The first few of a list, all of them here. */
function FewRuns({ runs, columns, optional = [], label, timezone, now }: RunTableProps): VNode {
  const id = typeof label === 'string' ? 'runs' : label.headingId;
  const shown = columns.flatMap((name): DataColumn<RunSummary>[] => {
    const column: RunColumn = RUN_COLUMNS[name];
    return RUN_SHEET_COLUMNS[name].map(([file, value], index, all) => {
      // Beside its end stands how long a run took: that is what people see.
      const isSeen = name === 'time' ? index === all.length - 1 : index === 0;
      if (!isSeen) return fileColumn(file, value);
      return {
        id: file,
        title: column.title,
        label: column.title,
        isNumber: column.isNumber === true,
        value,
        cell: (run) => column.cell(run, { timezone, now }),
        ...(optional.includes(name) && { look: 'optional' }),
      };
    });
  });
  return (
    <DataTable
      id={id}
      name="runs"
      label={label}
      look="runs as-cards"
      rows={runs}
      keyOf={(run) => run['agent.run_id']}
      rowAttributes={(run) => ({ 'data-run': run['agent.run_id'] })}
      columns={shown}
    />
  );
}

function RunHeading(props: { column: RunColumn; look: string | undefined; sorting: RunSorting }): VNode {
  const { column, look, sorting } = props;
  if (column.sort === undefined)
    return (
      <th scope="col" class={look}>
        {column.title}
      </th>
    );
  const { sort } = column;
  const isSorted = sorting.sort === sort;
  const isAscending = isAscendingOrder(sort, sorting.isReversed);
  return (
    <th
      scope="col"
      class={look}
      aria-sort={isSorted ? (isAscending ? 'ascending' : 'descending') : undefined}
    >
      <a class="sort" href={sorting.hrefOf(sort, isSorted && !sorting.isReversed)}>
        {column.title}
        {isSorted && <span aria-hidden="true">{isAscending ? ' ▲' : ' ▼'}</span>}
      </a>
    </th>
  );
}

/** Labels of a run, each a link to the runs that have it; of more than `most` the first. */
export function Tags({ tags, most = tags.length }: { tags: readonly string[]; most?: number }): VNode | null {
  if (tags.length === 0) return null;
  const rest = tags.slice(most);
  return (
    <span class="tags">
      {tags.slice(0, most).map((tag) => (
        <a key={tag} class="badge" href={linkTo('/runs', { tag })}>
          {tag}
        </a>
      ))}
      {rest.length > 0 && <span class="soft" title={rest.join(', ')}>{`+${rest.length}`}</span>}
    </span>
  );
}
