// The turns of a conversation in order, each with its model calls, its tool calls and the runs that it started.

import { Fragment, type ComponentChildren, type VNode } from 'preact';
import { formatCost, formatCount, formatDuration, formatTokens } from '../../../../core/text/format.ts';
import type {
  SessionCall,
  SessionRun,
  SessionTool,
  SessionTurn,
} from '../../../queries/runs/read-session.ts';
import { thingPath } from '../../../thing-path.ts';
import { Money, Moment, Name, StatusBadge, linkTo, shortId } from '../../parts/cells.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { SheetLinks } from '../../parts/sheet-links.tsx';
import { sessionSheet } from './session-sheet.ts';
import type { SessionView } from './session-view.ts';
import { TableHead } from '../../parts/table-head.tsx';

/** Longer conversations have several pages. */
export const TURNS_PER_PAGE = 200;
/** Deeper nested runs stand no further to the right. */
const ARROWS_SHOWN = 5;

/** Of the turns and the runs nested in them. */
export function runsOfTurns(turns: readonly SessionTurn[]): readonly SessionRun[] {
  return turns.flatMap((turn) => [turn, ...turn.nested.map(({ run }) => run)]);
}

export function countCalls(turns: readonly SessionTurn[]): number {
  return runsOfTurns(turns).reduce((sum, run) => sum + run.model_calls, 0);
}

export function SessionTurns({ view }: { view: SessionView }): VNode {
  const hasCalls = view.calls !== undefined;
  return (
    <Panel
      id="turns"
      title="Turns"
      sub={
        hasCalls
          ? 'below each turn its model calls and the runs that it started; texts are not shown, their lengths are'
          : `with ${formatCount(countCalls(view.listed))} model calls only the runs are shown; each has its own on its page`
      }
    >
      <Scroll label={{ headingId: 'turns' }}>
        <table>
          <TableHead
            of={[
              'When',
              'Turn',
              'Who',
              { n: 'Asked', title: 'Length of the question, characters' },
              { n: 'Answered', title: 'Length of the answer, characters' },
              'Tool calls',
              { n: 'Tokens in' },
              { n: 'out' },
              { n: 'Time' },
              { n: 'Cost' },
              { n: 'So far', title: 'Cost of the session up to here' },
              'Status',
            ]}
          />
          {view.listed.map((turn, index) => (
            <tbody key={turn['agent.run_id']} data-run={turn['agent.run_id']}>
              <TurnRow turn={turn} number={view.offset + index + 1} view={view} />
              <Calls run={turn} view={view} />
              {turn.nested.map(({ run, depth }) => (
                <Fragment key={run['agent.run_id']}>
                  <NestedRow run={run} depth={depth} view={view} />
                  <Calls run={run} view={view} />
                </Fragment>
              ))}
            </tbody>
          ))}
        </table>
      </Scroll>
      <SheetLinks table="turns" name="turns" sheet={() => sessionSheet(view)} />
      <TurnPager view={view} />
    </Panel>
  );
}

function TurnPager({ view }: { view: SessionView }): VNode | null {
  const { offset, listed, turns } = view;
  if (listed.length === turns.length) return null;
  const at = (place: number): string =>
    `${linkTo(`/sessions/${encodeURIComponent(view.session)}`, { ...view.stretch.params, offset: Math.max(0, place) })}#turns`;
  const end = offset + listed.length;
  return (
    <Pager
      position={offset}
      count={listed.length}
      total={turns.length}
      previous={offset > 0 ? at(offset - TURNS_PER_PAGE) : undefined}
      next={end < turns.length ? at(end) : undefined}
      first={offset > TURNS_PER_PAGE ? at(0) : undefined}
    />
  );
}

function Calls(props: { run: SessionRun; view: SessionView }): VNode {
  const calls = props.view.calls?.get(props.run['agent.run_id']) ?? [];
  return (
    <>
      {calls.map((call, position) => (
        <CallRow key={position} call={call} view={props.view} />
      ))}
    </>
  );
}

function TurnRow(props: { turn: SessionTurn; number: number; view: SessionView }): VNode {
  const { turn, number, view } = props;
  return (
    <tr class="turn">
      <td>
        <Moment at={turn.started_at} timezone={view.timezone} now={view.now} />
      </td>
      <th scope="row">
        {number}. <RunLink run={turn} />
      </th>
      <td>
        <Name text={turn['user.id']} href={thingPath('user', turn['user.id'])} />
      </td>
      <RunCells run={turn}>
        {turn.nested.length > 0 && (
          <span class="hint">with its runs {formatCost(turn.cost_with_nested_nano_usd)}</span>
        )}
      </RunCells>
      <td class="n">
        <Money of={turn.total_cost_nano_usd} />
      </td>
      <Status run={turn} />
    </tr>
  );
}

/** A run that the turn started, or that such a run started: one arrow for each level. */
function NestedRow({ run, depth, view }: { run: SessionRun; depth: number; view: SessionView }): VNode {
  return (
    <tr class="nested" data-run={run['agent.run_id']}>
      <td>
        <Moment at={run.started_at} timezone={view.timezone} now={view.now} />
      </td>
      <td class="indent">
        <span class="soft" title={`nested run, level ${depth}`}>
          {'↳ '.repeat(Math.min(depth, ARROWS_SHOWN))}
        </span>
        <RunLink run={run} />
      </td>
      <td>
        <Name text={run['gen_ai.agent.name']} href={thingPath('agent', run['gen_ai.agent.name'])} />
      </td>
      <RunCells run={run} />
      <td />
      <Status run={run} />
    </tr>
  );
}

function RunLink({ run }: { run: SessionRun }): VNode {
  return (
    <a class="mono" href={`/runs/${encodeURIComponent(run['agent.run_id'])}`}>
      {shortId(run['agent.run_id'])}
    </a>
  );
}

/** From the length of the question to the cost; `children` are what else there is to say of that. */
function RunCells({ run, children }: { run: SessionRun; children?: ComponentChildren }): VNode {
  return (
    <>
      <td class="n">{formatTokens(run.user_input_len)}</td>
      <td class="n">{formatTokens(run.output_len)}</td>
      <td class="names">
        <ToolCounts tools={run.tools} />
      </td>
      <td class="n">{formatTokens(run['agent.tokens_in'])}</td>
      <td class="n">{formatTokens(run['agent.tokens_out'])}</td>
      <td class="n">{formatDuration(run.duration_ms)}</td>
      <td class="n">
        <Money of={run['agent.cost_nano_usd']} />
        {children}
      </td>
    </>
  );
}

function Status({ run }: { run: SessionRun }): VNode {
  return (
    <td>
      <StatusBadge status={run['agent.status']} />
      {run['error.type'] !== null && <span class="why">{run['error.type']}</span>}
    </td>
  );
}

function CallRow({ call, view }: { call: SessionCall; view: SessionView }): VNode {
  const reasons = call.finish_reasons.filter((reason) => reason !== 'tool_use' && reason !== 'end_turn');
  return (
    <tr class="call">
      <td class="soft">
        <Moment at={call.started_at} timezone={view.timezone} now={view.now} />
      </td>
      <td class="indent" colSpan={4}>
        <i class="kind" />
        {call.model === null ? 'model' : <Name text={call.model} href={thingPath('model', call.model)} />}
        {reasons.length > 0 && <span class="soft"> · stop: {reasons.join(', ')}</span>}
      </td>
      <td class="names">
        <ToolCounts tools={call.tools} />
      </td>
      <td class="n">{formatTokens(call.tokens_in)}</td>
      <td class="n">{formatTokens(call.tokens_out)}</td>
      <td class="n">{formatDuration(call.duration_ms)}</td>
      <td class="n">
        <Money of={call.cost_nano_usd} />
      </td>
      <td />
      <td>{call.error_type !== null && <span class="why">{call.error_type}</span>}</td>
    </tr>
  );
}

function ToolCounts({ tools }: { tools: readonly SessionTool[] }): VNode {
  return (
    <>
      {tools.map((tool) => (
        <span key={tool.name} class="listed">
          <Name text={tool.name} href={thingPath('tool', tool.name)} />
          {tool.calls > 1 && ` ×${formatCount(tool.calls)}`}
          {tool.failed > 0 && <span class="worse"> {formatCount(tool.failed)} failed</span>}
        </span>
      ))}
    </>
  );
}
