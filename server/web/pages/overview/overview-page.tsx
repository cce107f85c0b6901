// The overview: is it healthy, what does it cost, what stands out?

import type { ComponentChildren, VNode } from 'preact';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatPercent,
  formatTimes,
} from '../../../../core/text/format.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { TimeChart } from '../../parts/chart/time-chart.tsx';
import { ListValue, Name, linkTo, type LinkParams } from '../../parts/cells.tsx';
import { Panel } from '../../parts/panel.tsx';
import { RunTable } from '../../parts/run-table.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { adviceFor, type NotUnderstood } from '../../../intake/not-understood.ts';
import type { SenderSettings } from '../../sender-settings.ts';
import { STACKS, type OverviewData, type OverviewQuestion } from './overview-data.ts';

export interface OverviewView {
  readonly data: OverviewData;
  readonly question: OverviewQuestion;
  /** Zone of the server. */
  readonly zone: string;
  readonly sender: SenderSettings;
  /** What came and was not understood. */
  readonly received: readonly NotUnderstood[];
}

/** The time of the page without one in its address. */
export const OVERVIEW_TIME = '24h';

export function OverviewPage({ view }: { view: OverviewView }): VNode {
  const { data, question } = view;
  if (!data.hasData) return <Welcome view={view} />;
  return (
    <>
      <Head view={view} />
      <Cards view={view} />
      {data.costSpike !== null && data.costSpike >= EXPENSIVE_FROM && (
        <p class="message bad">
          Today costs {formatTimes(data.costSpike)} the 7-day average:{' '}
          <a href={linkTo('/diagnose', { from: 'today', against: '7d', agent: question.agent })}>why?</a>
        </p>
      )}
      <Panel
        id="by-time"
        title={`Cost by ${data.chart.step}`}
        sub={`${data.chart.step === 'day' ? 'whole days, today so far; ' : ''}a bar opens its runs, most expensive first`}
        legend={<StackLinks view={view} />}
      >
        <TimeChart
          label={`Cost by ${data.chart.step}`}
          data={data.chart}
          format={formatCost}
          timezone={question.stretch.timezone}
          now={question.now}
          hrefOf={(from, to) =>
            linkTo('/runs', {
              from: new Date(from).toISOString(),
              to: new Date(to).toISOString(),
              zone: question.stretch.params.zone,
              agent: question.agent,
              sort: 'most-expensive',
            })
          }
        />
      </Panel>
      <div class="two">
        <RunPanel id="most-expensive" title="Most expensive runs" runs={data.mostExpensive} view={view} />
        <RunPanel id="slowest" title="Slowest runs" runs={data.slowest} view={view} />
      </div>
    </>
  );
}

function Head({ view }: { view: OverviewView }): VNode {
  const { agent, stretch, stackedBy } = view.question;
  const { agents } = view.data;
  // One without a run in the time is still what is asked for.
  const shown = agent === undefined || agents.includes(agent) ? agents : [...agents, agent];
  return (
    <div class="head">
      <h1>Overview</h1>
      <span class="grow" />
      <form class="filter auto" method="get" action="/">
        {Object.entries({ ...stretch.params, stack: stackedBy }).map(
          ([name, value]) =>
            value !== undefined && <input key={name} type="hidden" name={name} value={value} />,
        )}
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
        <button type="submit" class="plain">
          Show
        </button>
      </form>
      <TimePicker
        stretch={stretch}
        path="/"
        params={{ agent, stack: stackedBy }}
        fallback={OVERVIEW_TIME}
        zone={view.zone}
      />
    </div>
  );
}

function StackLinks({ view }: { view: OverviewView }): VNode {
  const { stretch, agent, stackedBy } = view.question;
  return (
    <nav class="choices" aria-label="Split the bars by">
      {[undefined, ...STACKS].map((by) => (
        <a
          key={by ?? ''}
          href={linkTo('/', { ...stretch.params, agent, stack: by })}
          aria-current={by === stackedBy ? 'true' : undefined}
        >
          {by === undefined ? 'whole' : `by ${by}`}
        </a>
      ))}
    </nav>
  );
}

function Cards({ view }: { view: OverviewView }): VNode {
  const { data, question } = view;
  const time = question.stretch.name === undefined ? question.stretch.params : { time: OVERVIEW_TIME };
  const runs = (params: LinkParams): string =>
    linkTo('/runs', { ...time, ...question.stretch.params, agent: question.agent, ...params });
  const compared =
    data.weeksBefore === 1 ? 'the same time a week before' : `the same time ${data.weeksBefore} weeks before`;
  const isCompared = data.successRateBefore !== null || data.costBefore !== null;
  return (
    <>
      <div class="cards">
        <Card
          label="Success"
          href={runs({ status: 'failed' })}
          extra={<PointsDelta now={data.successRate} before={data.successRateBefore} compared={compared} />}
        >
          <div class="big" data-signal="run_success_rate" data-value={data.successRate ?? ''}>
            {formatPercent(data.successRate)}
          </div>
          <div class="sub">of {formatCount(data.ended)} that ended</div>
        </Card>
        <Card
          label="Latency of a run"
          href={runs({ sort: 'slowest' })}
          extra={<ShareDelta now={data.p95} before={data.p95Before} what="p95" compared={compared} isWorse />}
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
          label={data.cost !== null && data.listValue === data.cost && data.cost > 0 ? 'List value' : 'Cost'}
          href={runs({ sort: 'most-expensive' })}
          extra={
            <ShareDelta now={data.cost} before={data.costBefore} what="cost" compared={compared} isWorse />
          }
        >
          <div class="big" data-signal="cost" data-value={data.cost ?? ''}>
            {formatCost(data.cost)}
          </div>
          <div class="sub">
            <ListValue cost={data.cost} part={data.listValue} />
            {data.costSpike !== null &&
              `${data.listValue ? ' · ' : ''}today ${formatTimes(data.costSpike)} the 7-day average`}
            {data.unpriced > 0 && (
              <span class="why">{formatCountOf(data.unpriced, 'call')} unpriced: not in the sum</span>
            )}
          </div>
        </Card>
        <Card
          label="Runs"
          href={runs({})}
          extra={
            <ShareDelta now={data.started} before={data.startedBefore} what="runs" compared={compared} />
          }
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
      {isCompared && <p class="hint compared">▲ ▼ vs {compared}</p>}
    </>
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
const EXPENSIVE_FROM = 1.5;

/** Change of a rate, in percentage points. */
function PointsDelta(props: { now: number | null; before: number | null; compared: string }): VNode | null {
  const { now, before, compared } = props;
  if (now === null || before === null) return null;
  const points = (now - before) * 100;
  if (Math.abs(points) < 0.05) return <span title={`against ${compared}`}>unchanged</span>;
  return (
    <span
      class={points > 0 ? 'better' : 'worse'}
      title={`percentage points against ${compared}: ${formatPercent(before)}`}
    >
      {points > 0 ? '▲' : '▼'} {Math.abs(points).toFixed(1)} points
    </span>
  );
}

/** Change as a share; more is worse, or neither good nor bad. */
function ShareDelta(props: {
  now: number | null;
  before: number | null;
  what: string;
  compared: string;
  isWorse?: boolean;
}): VNode | null {
  const { now, before, what, compared, isWorse = false } = props;
  if (now === null || before === null || before === 0) return null;
  const change = now / before - 1;
  const size = change < 2 ? `${(Math.abs(change) * 100).toFixed(0)} %` : `${(change + 1).toFixed(1)}×`;
  const title = `${what} against ${compared}`;
  if (Math.abs(change) < 0.005) return <span title={title}>unchanged</span>;
  const look = change > 0 ? 'worse' : 'better';
  return (
    <span class={isWorse ? look : undefined} title={title}>
      {change > 0 ? '▲' : '▼'} {size}
    </span>
  );
}

const PANEL_COLUMNS = ['started', 'run', 'agent', 'user', 'time', 'cost', 'turns', 'status'] as const;

function RunPanel(props: {
  id: string;
  title: string;
  runs: readonly RunSummary[];
  view: OverviewView;
}): VNode {
  const { stretch, now } = props.view.question;
  return (
    <Panel id={props.id} title={props.title}>
      {props.runs.length === 0 ? (
        <div class="empty">No run in this time. Choose a longer one.</div>
      ) : (
        <RunTable
          runs={props.runs}
          columns={PANEL_COLUMNS}
          optional={['turns']}
          label={{ headingId: props.id }}
          timezone={stretch.timezone}
          now={now}
        />
      )}
    </Panel>
  );
}

const RECEIVED_SHOWN = 5;

/** What came already and nothing was made of: where the first run may be. */
function NotUnderstoodList({ rows }: { rows: readonly NotUnderstood[] }): VNode {
  return (
    <>
      <h2>Something came and was not understood</h2>
      <ul>
        {rows.slice(0, RECEIVED_SHOWN).map((row) => (
          <li key={`${row.kind} ${row.service} ${row.scope} ${row.name}`}>
            {formatCountOf(row.count, row.kind)} <Name text={row.name} /> from <Name text={row.service} />.{' '}
            <span class="soft">{adviceFor(row.kind)}</span>
          </li>
        ))}
      </ul>
      <p>
        <a href="/received">All that was not understood</a>
      </p>
    </>
  );
}

/** A command to be copied. */
function Command({ id, text }: { id: string; text: string }): VNode {
  return (
    <div class="command">
      <pre tabIndex={0} id={id}>
        {text}
      </pre>
      <button type="button" data-copy-text={`#${id}`}>
        Copy
      </button>
    </div>
  );
}

/** What to start an agent with, by what it is written with. */
const FRAMEWORKS: readonly (readonly [string, string])[] = [
  [
    '@anthropic-ai/sdk, Claude Agent SDK, Vercel AI SDK, Mastra, fetch',
    'node --import @tallyspan/node/register your-agent.mjs',
  ],
  ['TypeScript with tsx', 'node --import @tallyspan/node/register --import tsx your-agent.ts'],
  ['Next.js or another server', 'NODE_OPTIONS="--import @tallyspan/node/register" npm start'],
];

function Welcome({ view }: { view: OverviewView }): VNode {
  const { sender, received } = view;
  return (
    <div class="hello">
      <h1>Nothing here yet: this is how to send the first run</h1>
      <ol>
        <li>
          Your own agent, without a line of code in it:
          <Command
            id="first"
            text={`npm i @tallyspan/node\n${sender.variables}node --import @tallyspan/node/register your-agent.mjs`}
          />
          <details>
            <summary>By framework</summary>
            {FRAMEWORKS.map(([name, text], index) => (
              <div key={name}>
                <p>{name}</p>
                <Command id={`framework-${index}`} text={sender.variables + text} />
              </div>
            ))}
          </details>
        </li>
        <li>
          Or an example agent that needs no key:
          <Command id="demo" text="npx tallyspan demo" />
        </li>
        <li>
          Or what Claude Code has done on this machine:
          <Command id="claude" text="npx tallyspan import claude" />
        </li>
        <li>
          Or any OpenTelemetry SDK or Collector: send OTLP to <span class="mono">{sender.address}</span>{' '}
          (gRPC).
        </li>
      </ol>
      <form class="example" method="post" action="/example">
        <button type="submit">Show me example data</button>{' '}
        <span class="soft">
          invented runs of a week, to see what the pages show; it is kept apart from yours and removed again
          by a button.
        </span>
      </form>
      {received.length > 0 && <NotUnderstoodList rows={received} />}
      <p class="soft">This page looks again every few seconds.</p>
    </div>
  );
}
