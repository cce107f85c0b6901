// The facts of a run: what it cost and took, whose it was, and where else it can be seen.

import type { ComponentChildren, VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
} from '../../../../core/text/format.ts';
import { ListValue, Moment, Name, shortId } from '../../parts/cells.tsx';
import { Tags } from '../../parts/run-table.tsx';
import { thingPath } from '../../../thing-path.ts';
import { traceLinksOf } from '../../trace-links.ts';
import { sumEstimated } from './steps/step-facts.ts';
import type { RunView } from './run-view.ts';

export function RunFactList({ view }: { view: RunView }): VNode {
  const { timezone, now } = view;
  const run = view.data.outline;
  const session = run['gen_ai.conversation.id'];
  const user = run['user.id'];
  const parent = run['agent.parent_run_id'];
  const agent = run['gen_ai.agent.name'];
  const task = run['agent.task_type'];
  const estimated = sumEstimated(run.steps);
  return (
    <section class="card" aria-label="Facts">
      <dl class="facts">
        <Fact name="Cost" isBig>
          {formatCost(run['agent.cost_nano_usd'])}
          <ListValue cost={run['agent.cost_nano_usd']} part={run.list_value_nano_usd} />
          {run.nested_runs > 0 && (
            <span class="hint">
              {formatCost(run.cost_with_nested_nano_usd)} with its {formatCountOf(run.nested_runs, 'run')}
            </span>
          )}
          {run.unpriced_calls > 0 && (
            <span class="why">{formatCountOf(run.unpriced_calls, 'call')} unpriced: not in it</span>
          )}
          {estimated.calls > 0 && (
            <span class="hint">
              {formatCost(estimated.costNanoUsd)} of it estimated ({formatCountOf(estimated.calls, 'call')})
            </span>
          )}
        </Fact>
        <Fact name="Time" isBig>
          {formatDuration(run.duration_ms)}
        </Fact>
        <Fact name="Turns" isBig>
          {formatCount(run['agent.turns'])}
        </Fact>
        <Fact name="Tool calls" isBig>
          {formatCount(run['agent.tool_calls'])}
        </Fact>
        <Fact name="Tokens in" isBig>
          {formatTokens(run['agent.tokens_in'])}
        </Fact>
        <Fact name="Tokens out" isBig>
          {formatTokens(run['agent.tokens_out'])}
        </Fact>
        <Fact name="Started">
          <Moment at={run.started_at} timezone={timezone} now={now} />
        </Fact>
        <Fact name="Agent">
          <Name text={agent} href={thingPath('agent', agent)} />{' '}
          {run['agent.version'] !== null && (
            <Name text={run['agent.version']} href={thingPath('version', run['agent.version'])} />
          )}
        </Fact>
        <Fact name="User">
          <Name text={user} href={thingPath('user', user)} />
        </Fact>
        <Fact name="Task">
          <Name text={task} href={thingPath('task', task)} />
        </Fact>
        <Fact name="Session">
          {session === null ? NO_DATA : <a href={`/sessions/${encodeURIComponent(session)}`}>{session}</a>}
        </Fact>
        {run['agent.tags'].length > 0 && (
          <Fact name="Tags">
            <Tags tags={run['agent.tags']} />
          </Fact>
        )}
        <Fact name="Service">{run['service.name'] ?? NO_DATA}</Fact>
        {parent !== null && (
          <Fact name="Started by run">
            <a class="mono" href={`/runs/${encodeURIComponent(parent)}`}>
              {shortId(parent)}
            </a>
          </Fact>
        )}
        <Fact name="Trace id (Tempo, Jaeger, …)">
          <span class="mono">{run.trace_id ?? NO_DATA}</span>
          {traceLinksOf(view.traceUrls, run.trace_id).map(({ name, url }) => (
            <a key={url} class="out" href={url} rel="noreferrer">
              open in {name}
            </a>
          ))}
        </Fact>
      </dl>
    </section>
  );
}

function Fact(props: { name: string; isBig?: boolean; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.isBig === true ? 'big' : undefined}>{props.children}</dd>
    </div>
  );
}
