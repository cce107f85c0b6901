// The overview: is it healthy, what does it cost, what stands out?

import type { ComponentChildren, VNode } from 'preact';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatPercent,
  formatTimes,
} from '../../../../core/format.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { linkTo } from '../../parts/cells.tsx';
import { Panel } from '../../parts/panel.tsx';
import { RunTable } from '../../parts/run-table.tsx';
import { CostSparkline } from '../../parts/sparkline.tsx';
import type { SenderSettings } from '../../sender-settings.ts';
import { WindowSelect } from '../../parts/window-select.tsx';
import type { OverviewData, OverviewQuestion } from './overview-data.ts';

export interface OverviewView {
  readonly data: OverviewData;
  readonly question: OverviewQuestion;
  /** The window as it is written in the address, such as `24h`. */
  readonly windowText: string;
  readonly sender: SenderSettings;
}

export function OverviewPage({ view }: { view: OverviewView }): VNode {
  const { data } = view;
  if (!data.hasData) return <Welcome sender={view.sender} />;
  return (
    <>
      <Head view={view} />
      <Cards view={view} />
      {data.costSpike !== null && data.costSpike >= DEAR_FROM && (
        <p class="message bad">
          Today cost {formatTimes(data.costSpike)} the mean of the 7 days before:{' '}
          <a href={linkTo('/diagnose', { from: 'today', against: '7d', agent: view.question.agent })}>why?</a>
        </p>
      )}
      <Panel
        id="by-hour"
        title="Cost by hour"
        sub="last 24 hours; a bar opens its runs, most expensive first"
      >
        <CostSparkline
          points={data.costByHour}
          agent={view.question.agent}
          timezone={view.question.timezone}
          now={view.question.now}
        />
      </Panel>
      <div class="two">
        <RunPanel id="slowest" title="Slowest runs of the last hour" runs={data.slowest} view={view}>
          No run in the last hour.
        </RunPanel>
        <RunPanel id="most-expensive" title="Most expensive runs today" runs={data.mostExpensive} view={view}>
          No run today.
        </RunPanel>
      </div>
    </>
  );
}

function Head({ view }: { view: OverviewView }): VNode {
  const { agent } = view.question;
  const { agents } = view.data;
  // One without a run in the window is still what is asked for.
  const shown = agent === undefined || agents.includes(agent) ? agents : [...agents, agent];
  return (
    <div class="head">
      <h1>Overview</h1>
      <span class="grow" />
      <form class="filter" method="get" action="/">
        <WindowSelect selected={view.windowText} />
        <label>
          Agent
          <select name="agent">
            <option value="">all agents</option>
            {shown.map((name) => (
              <option key={name} value={name} selected={name === agent}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </form>
    </div>
  );
}

function Cards({ view }: { view: OverviewView }): VNode {
  const { data, question, windowText } = view;
  const runs = (params: Readonly<Record<string, string | undefined>>): string =>
    linkTo('/runs', { since: windowText, agent: question.agent, ...params });
  return (
    <div class="cards">
      <Card label="Success" href={runs({ failed: 'true' })} extra={<PointsDelta {...data} />}>
        <div class="big" data-signal="run_success_rate" data-value={data.successRate ?? ''}>
          {formatPercent(data.successRate)}
        </div>
        <div class="sub">of {formatCount(data.ended)} that ended</div>
      </Card>
      <Card
        label="Latency of a run"
        href={runs({ sort: 'slowest' })}
        extra={<ShareDelta now={data.p95} before={data.p95Before} what="p95" isWorse />}
      >
        <div class="pair">
          <div>
            <div class="big" data-signal="run_latency_p50" data-value={data.p50 ?? ''}>
              {formatDuration(data.p50)}
            </div>
            <div class="sub">p50</div>
          </div>
          <div>
            <div class="big" data-signal="run_latency_p95" data-value={data.p95 ?? ''}>
              {formatDuration(data.p95)}
            </div>
            <div class="sub">p95</div>
          </div>
        </div>
      </Card>
      <Card
        label="Cost today"
        href={runs({ since: new Date(data.todayFrom).toISOString(), sort: 'most-expensive' })}
        extra={<ShareDelta now={data.costToday} before={data.costBefore} what="cost" isWorse />}
      >
        <div class="big" data-signal="cost_today" data-value={data.costToday ?? ''}>
          {formatCost(data.costToday)}
        </div>
        <div class="sub">
          {data.costSpike === null
            ? 'no history to compare with yet'
            : `${formatTimes(data.costSpike)} the mean of 7 days`}
          {data.unpricedToday > 0 && (
            <span class="why">{formatCountOf(data.unpricedToday, 'call')} unpriced: not in the sum</span>
          )}
        </div>
      </Card>
      <Card
        label="Runs"
        href={runs({})}
        extra={<ShareDelta now={data.started} before={data.startedBefore} what="runs" />}
      >
        <div class="big" data-signal="run_count" data-value={data.started}>
          {formatCount(data.started)}
        </div>
        <div class="sub">
          {formatCount(data.failed)} failed
          {data.lost > 0 ? `, of them ${formatCount(data.lost)} abandoned` : ', none abandoned'}
        </div>
      </Card>
    </div>
  );
}

function Card(props: {
  label: string;
  href: string;
  extra?: ComponentChildren;
  children: ComponentChildren;
}): VNode {
  return (
    <a class="card" href={props.href}>
      <div class="label">
        <span>{props.label}</span>
        <span>{props.extra}</span>
      </div>
      {props.children}
    </a>
  );
}

/** From so many times the usual on, the page asks why. */
const DEAR_FROM = 1.5;

/** Change of a rate against the week before, in percentage points. */
function PointsDelta({
  successRate,
  successRateBefore,
}: Pick<OverviewData, 'successRate' | 'successRateBefore'>): VNode | null {
  if (successRate === null || successRateBefore === null) return null;
  const points = (successRate - successRateBefore) * 100;
  if (Math.abs(points) < 0.05) return <span title="against the same time a week before">as a week ago</span>;
  return (
    <span
      class={points > 0 ? 'better' : 'worse'}
      title="percentage points against the same time a week before"
    >
      {points > 0 ? '▲' : '▼'} {Math.abs(points).toFixed(1)} pt vs the 7 days before
    </span>
  );
}

/** Change against the week before as a share; more is worse, or neither good nor bad. */
function ShareDelta(props: {
  now: number | null;
  before: number | null;
  what: string;
  isWorse?: boolean;
}): VNode | null {
  const { now, before, what, isWorse = false } = props;
  if (now === null || before === null || before === 0) return null;
  const change = now / before - 1;
  const size = change < 2 ? `${(Math.abs(change) * 100).toFixed(0)} %` : `${(change + 1).toFixed(1)} ×`;
  const title = `${what} against the same time a week before`;
  if (Math.abs(change) < 0.005) return <span title={title}>as a week ago</span>;
  const look = change > 0 ? 'worse' : 'better';
  return (
    <span class={isWorse ? look : undefined} title={title}>
      {change > 0 ? '▲' : '▼'} {size} / week
    </span>
  );
}

const PANEL_COLUMNS = ['started', 'run', 'agent', 'user', 'time', 'cost', 'turns', 'status'] as const;

function RunPanel(props: {
  id: string;
  title: string;
  runs: readonly RunSummary[];
  view: OverviewView;
  children: ComponentChildren;
}): VNode {
  const { timezone, now } = props.view.question;
  return (
    <Panel id={props.id} title={props.title}>
      {props.runs.length === 0 ? (
        <div class="empty">{props.children}</div>
      ) : (
        <RunTable
          runs={props.runs}
          columns={PANEL_COLUMNS}
          optional={['user', 'turns']}
          label={{ headingId: props.id }}
          timezone={timezone}
          now={now}
        />
      )}
    </Panel>
  );
}

function Welcome({ sender }: { sender: SenderSettings }): VNode {
  return (
    <div class="hello">
      <h1>Nothing here yet: this is how to send the first run</h1>
      <ol>
        <li>
          Your own agent, without a line of code in it:
          <pre
            tabIndex={0}
          >{`npm i @tallyspan/node\n${sender.variables}node --import @tallyspan/node/register your-agent.mjs`}</pre>
        </li>
        <li>
          Or an example agent that needs no key:
          <pre tabIndex={0}>npx tallyspan demo</pre>
        </li>
        <li>
          Or any OpenTelemetry SDK or Collector: send OTLP to <span class="mono">{sender.address}</span>{' '}
          (gRPC).
        </li>
      </ol>
      <p class="soft">This page looks again every few seconds.</p>
    </div>
  );
}
