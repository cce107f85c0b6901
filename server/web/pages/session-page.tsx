// One session: the turns of a conversation in order, each with its model calls and tool calls.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatCount, formatDuration, formatTokens } from '../../../core/format.ts';
import type { SessionCall, SessionTool, SessionTurn } from '../../queries/read-session.ts';
import { Moment, StatusBadge, linkTo, shortId } from '../cells.tsx';
import { Panel, Scroll } from '../panel.tsx';

export interface SessionView {
  readonly session: string;
  /** Oldest first. */
  readonly turns: readonly SessionTurn[];
  /** Nano-USD, by the signal; null when nothing is priced. */
  readonly costNanoUsd: number | null;
  readonly modelCalls: number | null;
  readonly toolCalls: number | null;
  readonly timezone: string;
  readonly now: number;
}

/** Longer conversations are shown by turn only. */
const CALLS_SHOWN = 400;

export function SessionPage({ view }: { view: SessionView }): VNode {
  const { turns } = view;
  const users = [...new Set(turns.flatMap((turn) => turn['user.id'] ?? []))];
  return (
    <>
      <div class="head">
        <h1>
          Session <span class="mono">{view.session}</span>
        </h1>
        <span class="grow" />
        <a class="button" href={linkTo('/runs', { session: view.session })}>
          Its runs
        </a>
      </div>
      <section class="card" aria-label="Facts">
        <dl class="facts">
          <div>
            <dt>Cost</dt>
            <dd class="big" data-signal="cost" data-value={view.costNanoUsd ?? ''}>
              {formatCost(view.costNanoUsd)}
            </dd>
          </div>
          <div>
            <dt>Turns</dt>
            <dd class="big">{formatCount(turns.length)}</dd>
          </div>
          <div>
            <dt>Model calls</dt>
            <dd class="big" data-signal="model_calls" data-value={view.modelCalls ?? ''}>
              {formatCount(view.modelCalls)}
            </dd>
          </div>
          <div>
            <dt>Tool calls</dt>
            <dd class="big" data-signal="tool_calls" data-value={view.toolCalls ?? ''}>
              {formatCount(view.toolCalls)}
            </dd>
          </div>
          <div>
            <dt>{users.length > 1 ? 'Users' : 'User'}</dt>
            <dd>
              {users.length === 0
                ? NO_DATA
                : users.map((user) => (
                    <a key={user} class="listed" href={linkTo('/runs', { user })}>
                      {user}
                    </a>
                  ))}
            </dd>
          </div>
        </dl>
      </section>
      <Turns view={view} />
    </>
  );
}

function Turns({ view }: { view: SessionView }): VNode {
  const calls = view.turns.reduce((sum, turn) => sum + turn.calls.length, 0);
  const hasCalls = calls <= CALLS_SHOWN;
  return (
    <Panel
      id="turns"
      title="Turns"
      sub={
        hasCalls
          ? 'one run per turn, its model calls below it; texts are not shown, their lengths are'
          : `one run per turn; with ${formatCount(calls)} model calls only the turns are shown, a run has its own`
      }
    >
      <Scroll label={{ headingId: 'turns' }}>
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Turn</th>
              <th scope="col">Who</th>
              <th scope="col" class="n" title="Length of the question, characters">
                Asked
              </th>
              <th scope="col" class="n" title="Length of the answer, characters">
                Answered
              </th>
              <th scope="col">Tool calls</th>
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
              <th scope="col" class="n" title="Cost of the session up to here">
                So far
              </th>
              <th scope="col">Status</th>
            </tr>
          </thead>
          {view.turns.map((turn, index) => (
            <tbody key={turn['agent.run_id']} data-run={turn['agent.run_id']}>
              <TurnRow turn={turn} number={index + 1} view={view} />
              {hasCalls &&
                turn.calls.map((call, position) => <CallRow key={position} call={call} view={view} />)}
            </tbody>
          ))}
        </table>
      </Scroll>
    </Panel>
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
        {number}.{' '}
        <a class="mono" href={`/runs/${encodeURIComponent(turn['agent.run_id'])}`}>
          {shortId(turn['agent.run_id'])}
        </a>
      </th>
      <td>{turn['user.id'] ?? NO_DATA}</td>
      <td class="n">{formatTokens(turn.user_input_len)}</td>
      <td class="n">{formatTokens(turn.output_len)}</td>
      <td>
        <ToolCounts tools={turn.tools} />
      </td>
      <td class="n">{formatTokens(turn['agent.tokens_in'])}</td>
      <td class="n">{formatTokens(turn['agent.tokens_out'])}</td>
      <td class="n">{formatDuration(turn.duration_ms)}</td>
      <td class="n">{formatCost(turn['agent.cost_nano_usd'])}</td>
      <td class="n">{formatCost(turn.total_cost_nano_usd)}</td>
      <td>
        <StatusBadge status={turn['agent.status']} />
        {turn['error.type'] !== null && <span class="why">{turn['error.type']}</span>}
      </td>
    </tr>
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
        {call.model ?? 'model'}
        {reasons.length > 0 && <span class="soft"> · stop: {reasons.join(', ')}</span>}
      </td>
      <td>
        <ToolCounts tools={call.tools} />
      </td>
      <td class="n">{formatTokens(call.tokens_in)}</td>
      <td class="n">{formatTokens(call.tokens_out)}</td>
      <td class="n">{formatDuration(call.duration_ms)}</td>
      <td class="n">{formatCost(call.cost_nano_usd)}</td>
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
          {tool.name}
          {tool.calls > 1 && ` ×${formatCount(tool.calls)}`}
          {tool.failed > 0 && <span class="worse"> {formatCount(tool.failed)} failed</span>}
        </span>
      ))}
    </>
  );
}
