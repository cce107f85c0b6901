// The steps of a run as a tree with a waterfall. A failed tool call and the model call that read its result point at
// each other; a nested run stands below the tool call that started it; repeated steps stand as one row.

import type { VNode } from 'preact';
import { formatCount } from '../../../../../core/text/format.ts';
import { Panel, Scroll } from '../../../parts/panel.tsx';
import { SheetLinks } from '../../../parts/sheet-links.tsx';
import type { CriticalPath } from '../critical-path.ts';
import { ROWS_PER_PAGE } from '../outline-rows.ts';
import { runLink } from '../run-address.ts';
import { RunFailedSteps } from '../run-failed-steps.tsx';
import { StepFilter } from '../run-filter.tsx';
import type { RunView } from '../run-view.ts';
import { stepKey, toolNamesBySpan } from './step-facts.ts';
import { GroupRow, NestedRow, StepRow } from './step-rows.tsx';
import { stepSheet } from './step-sheet.ts';
import { Axis, TimeLine, runStretchOf, type RunStretch } from '../time-line.tsx';

export function RunSteps({
  view,
  lengthMs,
  path,
}: {
  view: RunView;
  lengthMs: number;
  path: CriticalPath;
}): VNode {
  const { outline, page, stepsByRun } = view.data;
  const stretch = runStretchOf(view, lengthMs);
  const tools = toolNamesBySpan([outline.steps, ...stepsByRun.values()].flat());
  return (
    <Panel
      id="steps"
      title="Steps"
      legend={
        <>
          <span>
            <i class="kind" />
            model call (pale: until the first chunk)
          </span>
          <span>
            <i class="kind tool" />
            tool call
          </span>
          <span>
            <i class="kind note" />
            note
          </span>
          <span>
            <i class="kind critical" />
            critical path
          </span>
        </>
      }
    >
      <RunFailedSteps view={view} />
      {outline.steps.length === 0 && outline.nested.length === 0 ? (
        <div class="empty">Nothing but the start of this run has arrived.</div>
      ) : (
        <>
          <TimeLine view={view} lengthMs={lengthMs} path={path} />
          <StepFilter view={view} />
          {view.data.isContentCut && (
            <p class="hint">
              The text was looked for in the content of the first calls only: reading all of it takes too
              long.
            </p>
          )}
          {page.total === 0 ? (
            <div class="empty">No step matches.</div>
          ) : (
            <>
              <Scroll label={{ headingId: 'steps' }}>
                <StepTable view={view} stretch={stretch} path={path} tools={tools} />
              </Scroll>
              <SheetLinks table="steps" name="steps" sheet={() => stepSheet(page.rows, outline.started_at)} />
            </>
          )}
          <StepPager view={view} />
        </>
      )}
    </Panel>
  );
}

interface TableProps {
  readonly view: RunView;
  readonly stretch: RunStretch;
  readonly path: CriticalPath;
  readonly tools: ReadonlyMap<string, string>;
}

function StepTable({ view, stretch, path, tools }: TableProps): VNode {
  return (
    <table class={view.data.shown === undefined ? 'steps' : 'steps narrow'}>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col" class="line" aria-label="Time line">
            <Axis {...stretch} />
          </th>
          <th scope="col" class="n">
            Time
          </th>
          <th scope="col" class="n x" title="Uncached input tokens">
            In
          </th>
          <th scope="col" class="n x" title="Tokens read from the cache">
            Cache read
          </th>
          <th scope="col" class="n x" title="Tokens written to the cache, both lifetimes">
            written
          </th>
          <th scope="col" class="n x" title="Output tokens, thinking included">
            Out
          </th>
          <th scope="col" class="n" title="Cost of this step">
            Cost
          </th>
          <th
            scope="col"
            class="n x"
            title="Share of this step's cost that kept calls and results of tools in the context (estimated)"
          >
            Context
          </th>
          <th scope="col" class="n x" title="Cost of the run up to here">
            So far
          </th>
        </tr>
      </thead>
      <tbody>
        {view.data.page.rows.map((row, index) => {
          if (row.kind === 'group') return <GroupRow key={row.key} view={view} row={row} stretch={stretch} />;
          if (row.kind === 'run')
            return <NestedRow key={row.run['agent.run_id']} view={view} row={row} stretch={stretch} />;
          return (
            <StepRow
              key={stepKey(row.step) ?? index}
              view={view}
              row={row}
              stretch={stretch}
              isCritical={path.steps.has(row.step)}
              tools={tools}
            />
          );
        })}
      </tbody>
    </table>
  );
}

function StepPager({ view }: { view: RunView }): VNode | null {
  const { page, outline } = view.data;
  const { offset, total, rows } = page;
  if (total <= ROWS_PER_PAGE) return null;
  const at = (next: number): string =>
    runLink(outline['agent.run_id'], view.address, { offset: Math.max(0, next) });
  return (
    <nav class="pager" aria-label="Pages of steps">
      <span class="soft">
        {formatCount(offset + 1)}–{formatCount(offset + rows.length)} of {formatCount(total)}
      </span>
      {offset > 0 && (
        <a class="button" data-part href={at(offset - ROWS_PER_PAGE)}>
          ← Before
        </a>
      )}
      {offset + rows.length < total && (
        <a class="button" data-part rel="next" href={at(offset + ROWS_PER_PAGE)}>
          Next →
        </a>
      )}
    </nav>
  );
}
