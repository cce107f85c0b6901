// The page of one thing: what it cost and how it went over time, what its cost is made of, and the runs behind it.

import type { VNode } from 'preact';
import { formatCost, formatCount, formatDuration, formatPercent } from '../../../../core/text/format.ts';
import type { AlertOverview } from '../../../alerting/alert-overview.ts';
import { scoreText } from '../../../queries/groups/group-texts.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { filterTextOf } from '../../../questions/filter-text.ts';
import { hasPage, thingPath, thingsPath } from '../../../thing-path.ts';
import { ListValue, Share, linkTo, sentenceText, shownName, type LinkParams } from '../../parts/cells.tsx';
import { TimeChart } from '../../parts/chart/time-chart.tsx';
import {
  countColumn,
  fileColumn,
  momentColumn,
  moneyColumn,
  nameColumn,
  textColumn,
} from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { RunTable } from '../../parts/run-table.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { Sums } from '../runs/runs-page.tsx';
import type { ThingData, ThingQuestion, ThingSplit, ThingUnit } from './thing-data.ts';

type PromptVersion = ThingData['prompts'][number];
type ThingGroup = ThingSplit['groups'][number];

export interface ThingView {
  readonly question: ThingQuestion;
  readonly data: ThingData;
  readonly alerts: AlertOverview | undefined;
  /** Zone of the server. */
  readonly zone: string;
}

/** The time of the page without one in its address. */
export const THING_TIME = '7d';

const RUN_COLUMNS = ['started', 'run', 'agent', 'user', 'time', 'cost', 'status'] as const;

export function ThingPage({ view }: { view: ThingView }): VNode {
  const { question, data } = view;
  const { kind, name, stretch } = question;
  const runs = runsPath(view, {});
  return (
    <>
      <div class="head">
        <h1>
          <a class="soft" href={linkTo(thingsPath(kind.dimension), { ...stretch.params })}>
            {kind.noun.charAt(0).toUpperCase() + kind.noun.slice(1)}
          </a>{' '}
          <bdi title={name}>{shownName(name)}</bdi>
        </h1>
        <Sums sums={data.sums} />
        <span class="grow" />
        <a class="button" href={runs}>
          Its runs
        </a>
        <a
          class="button"
          href={linkTo('/compare/groups', {
            a: 'all',
            b: filterTextOf([[kind.dimension, name]]),
            ...stretch.params,
          })}
        >
          Compare with all
        </a>
        <TimePicker
          stretch={stretch}
          path={pathOf(view)}
          params={{ stack: question.stackedBy }}
          fallback={THING_TIME}
          zone={view.zone}
        />
      </div>
      <Firing view={view} />
      <Numbers view={view} />
      <CostOverTime view={view} />
      <div class="two">
        <Course view={view} which="failures" />
        <Course view={view} which="latency" />
      </div>
      {data.prompts.length > 0 && <Prompts view={view} />}
      <div class="splits">
        {data.splits.map((split) => (
          <Split key={split.by} split={split} view={view} />
        ))}
      </div>
      <div class="two">
        <Runs id="most-expensive" title="Most expensive runs" runs={data.mostExpensive} view={view} />
        <Runs id="newest" title="Newest runs" runs={data.newest} view={view} />
      </div>
    </>
  );
}

function pathOf({ question }: ThingView): string {
  return thingPath(question.kind.dimension, question.name) ?? thingsPath(question.kind.dimension);
}

function runsPath({ question }: ThingView, params: LinkParams): string {
  const { kind, name, stretch } = question;
  const time = stretch.name === undefined ? {} : { time: THING_TIME };
  return linkTo('/runs', { [kind.dimension]: name, ...time, ...stretch.params, ...params });
}

/** Alerts that fire for it by itself. */
function Firing({ view }: { view: ThingView }): VNode | null {
  const { kind, name } = view.question;
  const own = (view.alerts?.rules ?? []).flatMap((rule) =>
    rule.by === kind.dimension
      ? rule.alerts
          .filter(({ key, phase }) => key === name && phase === 'firing')
          .map((alert) => ({ rule, alert }))
      : [],
  );
  if (own.length === 0) return null;
  return (
    <>
      {own.map(({ rule, alert }) => (
        <p key={rule.id} class="message bad">
          <a href={`/alerts#${rule.id}`}>{rule.title}</a>: {alert.value_text}, limit {rule.threshold_text}.
        </p>
      ))}
    </>
  );
}

function Numbers({ view }: { view: ThingView }): VNode {
  const { question, data } = view;
  const { kind, stretch } = question;
  const cost = data.values[0] ?? null;
  const why = linkTo('/diagnose', {
    [kind.dimension]: question.name,
    from: new Date(stretch.from).toISOString(),
    to: new Date(stretch.to).toISOString(),
    zone: stretch.params.zone,
  });
  return (
    <section class="card" aria-label="Numbers">
      <dl class="facts">
        {kind.numbers.map(({ title, signal, unit }, index) => (
          <div key={signal}>
            <dt>{title}</dt>
            <dd class="big" data-signal={signal} data-value={data.values[index] ?? ''}>
              {formatNumber(unit, data.values[index] ?? null)}
              {index === 0 && <ListValue cost={cost} part={data.listValue} />}
            </dd>
          </div>
        ))}
        <div>
          <dt>Just before</dt>
          <dd>
            {formatCost(data.costBefore)}{' '}
            {cost !== null && data.costBefore !== null && <a href={why}>Why did it change?</a>}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function CostOverTime({ view }: { view: ThingView }): VNode {
  const { question, data } = view;
  const { kind, stretch, stackedBy } = question;
  const title = `${kind.numbers[0]?.title ?? 'Cost'} by ${data.costChart.step}`;
  return (
    <Panel
      id="cost"
      title={title}
      sub={data.costChart.step === 'day' ? 'whole days, today so far' : undefined}
      legend={
        <nav class="choices" aria-label="Split the bars by">
          {[undefined, ...kind.splits.filter((by) => by !== 'session')].map((by) => (
            <a
              key={by ?? ''}
              href={linkTo(pathOf(view), { ...stretch.params, stack: by })}
              aria-current={by === stackedBy ? 'true' : undefined}
            >
              {by === undefined ? 'whole' : `by ${by}`}
            </a>
          ))}
        </nav>
      }
    >
      <TimeChart
        label={title}
        data={data.costChart}
        format={formatCost}
        timezone={stretch.timezone}
        now={question.now}
        hrefOf={(from, to) => stepRuns(view, from, to)}
      />
    </Panel>
  );
}

/** What the agent was called with, whether or not anybody set a version. */
function Prompts({ view }: { view: ThingView }): VNode {
  const { question, data } = view;
  const { name, stretch, now } = question;
  const groupOf = (id: string): string =>
    filterTextOf([
      ['agent', name],
      ['prompt', id],
    ]);
  const clock = { timezone: stretch.timezone, now };
  const before = new Map(data.prompts.map(({ id }, index) => [id, data.prompts[index - 1]]));
  const columns: readonly DataColumn<PromptVersion>[] = [
    {
      id: 'version',
      title: 'Version',
      value: (version) => version.name,
      cell: (version) => (
        <>
          <a href={runsPath(view, { prompt: version.id })}>{version.name}</a>{' '}
          <span class="mono soft">{version.id}</span>
        </>
      ),
    },
    fileColumn('hash', ({ id }) => id),
    textColumn('changed', 'What changed', ({ changed }) => changed),
    momentColumn('first_seen', 'First seen', ({ firstSeen }) => firstSeen, clock),
    momentColumn('last_seen', 'Last seen', ({ lastSeen }) => lastSeen, clock),
    countColumn('runs', 'Runs', ({ runs }) => runs),
    moneyColumn('cost_usd', 'Cost', ({ costNanoUsd }) => costNanoUsd),
    {
      id: 'scores',
      title: 'Scores',
      value: ({ scores }) => scores.slice(0, SCORES_SHOWN).map(scoreText).join('; ') || null,
      cell: ({ scores }) =>
        scores.slice(0, SCORES_SHOWN).map((score) => <div key={score.name}>{scoreText(score)}</div>),
      attributes: () => ({ 'data-scores': true }),
    },
    {
      id: 'before',
      title: 'Compare',
      value: ({ id }) => before.get(id)?.name ?? null,
      cell: ({ id }) => {
        const other = before.get(id);
        return (
          other !== undefined && (
            <a
              href={linkTo('/compare/groups', {
                a: groupOf(other.id),
                b: groupOf(id),
                ...stretch.params,
              })}
            >
              with {other.name}
            </a>
          )
        );
      },
    },
  ];
  return (
    <Panel
      id="prompts"
      title="Prompt and tool versions"
      sub="recognised by their hashes, in order of appearance; runs and cost of this time"
    >
      <DataTable
        id="prompts"
        name="prompt and tool versions"
        rows={data.prompts}
        keyOf={({ id }) => id}
        rowAttributes={(version) => ({ 'data-row': version.name })}
        columns={columns}
      />
    </Panel>
  );
}

const SCORES_SHOWN = 4;

function stepRuns({ question }: ThingView, from: number, to: number): string {
  const { kind, name, stretch } = question;
  return linkTo('/runs', {
    [kind.dimension]: name,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    zone: stretch.params.zone,
    sort: 'most-expensive',
  });
}

function Course({ view, which }: { view: ThingView; which: 'failures' | 'latency' }): VNode {
  const { question, data } = view;
  const { title, unit } = question.kind[which];
  return (
    <Panel id={which} title={title}>
      <TimeChart
        label={title}
        data={which === 'failures' ? data.failureChart : data.latencyChart}
        format={(value) => formatNumber(unit, value)}
        look="lines"
        isRatio={unit === 'ratio'}
        timezone={question.stretch.timezone}
        now={question.now}
        hrefOf={(from, to) => stepRuns(view, from, to)}
      />
    </Panel>
  );
}

function Split({ split, view }: { split: ThingSplit; view: ThingView }): VNode {
  const { question, data } = view;
  const total = data.values[0] ?? null;
  const title = `By ${split.by}`;
  const shareOf = ({ costNanoUsd }: ThingGroup): number | null =>
    total === null || total === 0 ? null : costNanoUsd / total;
  const columns: readonly DataColumn<ThingGroup>[] = [
    nameColumn(split.by, sentenceText(split.by), ({ name }) => name, {
      hrefOf: ({ name }) =>
        hasPage(split.by) ? linkedThing(split.by, name, question.stretch.params) : undefined,
    }),
    moneyColumn('cost_usd', 'Cost', ({ costNanoUsd }) => costNanoUsd),
    { id: 'share', title: 'Share', value: shareOf, cell: (group) => <Share share={shareOf(group)} /> },
  ];
  return (
    <Panel id={`by-${split.by}`} title={title}>
      {split.groups.length === 0 ? (
        <div class="empty">No cost in this time.</div>
      ) : (
        <DataTable
          id={`by-${split.by}`}
          name={`cost by ${split.by}`}
          rows={split.groups}
          keyOf={({ name }) => name ?? ''}
          rowAttributes={({ name }) => ({ 'data-row': name ?? '' })}
          columns={columns}
        />
      )}
      {split.more > 0 && <div class="empty">and {formatCount(split.more)} more</div>}
    </Panel>
  );
}

function linkedThing(
  dimension: Parameters<typeof thingPath>[0],
  name: string | null,
  params: object,
): string | undefined {
  const path = thingPath(dimension, name);
  return path === undefined ? undefined : linkTo(path, { ...params });
}

function Runs(props: { id: string; title: string; runs: readonly RunSummary[]; view: ThingView }): VNode {
  const { question } = props.view;
  return (
    <Panel id={props.id} title={props.title}>
      {props.runs.length === 0 ? (
        <div class="empty">No run in this time. Choose a longer one.</div>
      ) : (
        <RunTable
          runs={props.runs}
          columns={RUN_COLUMNS}
          label={{ headingId: props.id }}
          timezone={question.stretch.timezone}
          now={question.now}
        />
      )}
    </Panel>
  );
}

export function formatNumber(unit: ThingUnit, value: number | null): string {
  switch (unit) {
    case 'cost':
      return formatCost(value);
    case 'ratio':
      return formatPercent(value);
    case 'ms':
      return formatDuration(value);
    case 'count':
      return value === null || Number.isInteger(value) ? formatCount(value) : value.toFixed(1);
  }
}
