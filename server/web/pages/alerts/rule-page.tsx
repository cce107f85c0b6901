// The page of one alert rule: what it says now, its number over time against its limit, the runs behind it, and the forms
// that change its limit and silence it.

import type { VNode } from 'preact';
import type { SettingDefinition } from '../../../../alerts/rules/setting.ts';
import { settingOf, type Rule } from '../../../../alerts/rules/rule.ts';
import { formatValue } from '../../../../alerts/rules/value-format.ts';
import { millionthsOf } from '../../../../core/scores/score.ts';
import { NO_DATA } from '../../../../core/text/format.ts';
import type { AlertOverview, RuleLine } from '../../../alerting/alert-overview.ts';
import type { ScoreCondition, ScoreTest } from '../../../queries/runs/score-condition.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import type { ChartData } from '../../../queries/signals/read-chart.ts';
import { scoreConditionText } from '../../../questions/score-text.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { Moment, linkTo } from '../../parts/cells.tsx';
import { TimeChart } from '../../parts/chart/time-chart.tsx';
import { Panel } from '../../parts/panel.tsx';
import { RunTable } from '../../parts/run-table.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { AlertNotices } from './alert-notices.tsx';
import { AlertRules } from './alert-rules.tsx';
import { ChannelChoice, NEW_RULE_PATH } from './own-rule-page.tsx';

export interface RuleView {
  readonly rule: Rule;
  readonly line: RuleLine;
  readonly overview: AlertOverview;
  /** Limit in the unit that people set it in. */
  readonly limit: number;
  /** Undefined where the signal has no course over time. */
  readonly chart: ChartData | undefined;
  readonly runs: readonly RunSummary[];
  readonly stretch: Stretch;
  /** Zone of the server. */
  readonly zone: string;
  readonly now: number;
}

export const RULE_TIME = '7d';

const SILENCES: readonly (readonly [string, string])[] = [
  ['1h', '1 hour'],
  ['8h', '8 hours'],
  ['1d', '1 day'],
  ['7d', '7 days'],
];

const UNIT_WORDS: Readonly<Record<SettingDefinition['unit'], string>> = {
  usd: 'dollars',
  ratio: 'a share from 0 to 1',
  times: 'times the usual',
  seconds: 'seconds',
  count: 'a number',
  hours: 'hours',
  minutes: 'minutes',
};

export function RulePage({ view }: { view: RuleView }): VNode {
  const { rule, line, overview, stretch, now } = view;
  const clock = { timezone: stretch.timezone, now };
  return (
    <>
      <div class="head">
        <h1>
          <a class="soft" href="/alerts">
            Alerts
          </a>{' '}
          {rule.title}
        </h1>
        {line.alerts.some(({ phase }) => phase === 'firing') && <span class="badge failed">firing</span>}
        {line.silenced_until !== null && <span class="badge warn">silenced</span>}
        <span class="grow" />
        <TimePicker stretch={stretch} path={`/alerts/${rule.id}`} fallback={RULE_TIME} zone={view.zone} />
      </div>
      <Panel
        id="course"
        title={`${rule.subject} over time`}
        sub={`the line is the limit: ${line.threshold_text}; checked over ${rule.window === 'day' ? 'the day so far' : rule.window}, shown by ${view.chart?.step ?? 'day'}`}
      >
        {view.chart === undefined ? (
          <div class="empty">This number compares two times, so it has no chart of its own.</div>
        ) : (
          <TimeChart
            label={rule.subject}
            data={view.chart}
            format={(value) => (value === null ? NO_DATA : formatValue(value, rule.unit))}
            look="lines"
            isRatio={rule.unit === 'ratio'}
            limit={line.threshold}
            timezone={stretch.timezone}
            now={now}
            hrefOf={(from, to) =>
              linkTo('/runs', {
                from: new Date(from).toISOString(),
                to: new Date(to).toISOString(),
                zone: stretch.params.zone,
                ...runsParams(rule, line.threshold),
              })
            }
          />
        )}
      </Panel>
      <div class="two">
        <Limit view={view} />
        <Silence view={view} />
      </div>
      <ChannelsOfRule view={view} />
      <AlertRules overview={{ ...overview, rules: [line], disabled: [] }} clock={clock} />
      {rule.runs !== 'none' && (
        <Panel id="runs" title="Runs behind it">
          {view.runs.length === 0 ? (
            <div class="empty">No run in this time.</div>
          ) : (
            <RunTable
              runs={view.runs}
              columns={['started', 'run', 'agent', 'user', 'status', 'time', 'cost', 'turns']}
              label={{ headingId: 'runs' }}
              timezone={stretch.timezone}
              now={now}
            />
          )}
        </Panel>
      )}
      <AlertNotices
        overview={{ ...overview, notices: overview.notices.filter(({ ruleId }) => ruleId === rule.id) }}
        clock={clock}
      />
    </>
  );
}

/** A rule of one's own in words, with what can be done with it. */
function OwnRulePanel({ view }: { view: RuleView }): VNode {
  const { rule, line, stretch, now } = view;
  const isOfPage = line.origin === 'page';
  return (
    <Panel id="limit" title="The rule" sub={isOfPage ? undefined : 'set by ALERT_RULES in the environment'}>
      <div class="form-box">
        <p>{line.sentence}.</p>
        {line.made !== null && (
          <p class="hint">
            Made or changed <Moment at={line.made.at} timezone={stretch.timezone} now={now} /> from{' '}
            {line.made.by}.
          </p>
        )}
        <div class="filter buttons">
          {isOfPage && (
            <a class="button" href={linkTo(NEW_RULE_PATH, { edit: rule.id })}>
              Change the rule
            </a>
          )}
          <a class="button" href={`/alerts/${rule.id}/export`}>
            Export as code
          </a>
          <a class="button" href={`/alerts/${rule.id}/export?format=json`}>
            Export for ALERT_RULES
          </a>
          {isOfPage && (
            <form method="post" action={`/alerts/${rule.id}/delete`}>
              <button type="submit">Delete the rule</button>
            </form>
          )}
        </div>
      </div>
    </Panel>
  );
}

function ChannelsOfRule({ view }: { view: RuleView }): VNode {
  const { rule, line, overview, stretch, now } = view;
  const all = overview.channels.map(({ channel }) => channel);
  const { channels, channels_changed: changed } = line;
  return (
    <Panel id="channels" title="Channels" sub="where notices of this rule go">
      <form class="filter form-box" method="post" action={`/alerts/${rule.id}/channels`}>
        <ChannelChoice channels={all} chosen={channels ?? all} />
        {all.length > 0 && <button type="submit">Save the channels</button>}
        {changed !== null && (
          <span class="hint">
            Changed <Moment at={changed.at} timezone={stretch.timezone} now={now} /> from {changed.by}.
          </span>
        )}
      </form>
    </Panel>
  );
}

/** How the list of runs shows those that a rule is about. `limit` is in the unit of its signal. */
export function runsParams(rule: Rule, limit: number): Record<string, string> {
  switch (rule.runs) {
    case 'cost':
      return { sort: 'most-expensive' };
    case 'duration':
      return { sort: 'slowest' };
    case 'turns':
      return { sort: 'turns' };
    case 'failed':
      return { status: 'failed' };
    case 'lost':
      return { status: 'lost' };
    case 'scores':
      return { score: scoreConditionText(scoreBehind(rule, limit)) };
    case 'none':
      return {};
  }
}

/** The scores that make the value of a rule what it is: those below a limit that the mean is below, those that are not good. */
export function scoreBehind(rule: Rule, limit: number): ScoreCondition {
  const { score: name, label } = rule.where ?? {};
  const isBelow = rule.comparison === 'below';
  const value = ((): ScoreTest | undefined => {
    if (label !== undefined) return { text: label, isGood: undefined };
    if (rule.signal === 'score_share') return { text: isBelow ? 'no' : 'yes', isGood: !isBelow };
    // A multiple of another time is no score.
    if (rule.signal !== 'score_mean' || rule.against !== undefined) return undefined;
    return { sign: isBelow ? '<' : '>', millionths: millionthsOf(limit) };
  })();
  return { name, value };
}

function Limit({ view }: { view: RuleView }): VNode {
  const { rule, line, stretch, now } = view;
  const setting = settingOf(rule.threshold);
  if (setting === undefined) return <OwnRulePanel view={view} />;
  const { min, max, unit, doc } = setting;
  return (
    <Panel id="limit" title="Limit" sub={doc}>
      {line.limit_fixed ? (
        <div class="empty">
          {line.threshold_text}, set by <span class="mono">{line.limit_variable}</span> in the environment:
          change it there.
        </div>
      ) : (
        <div class="form-box">
          <form class="filter" method="post" action={`/alerts/${rule.id}/limit`}>
            <label>
              {rule.comparison === 'above' ? 'Fires above' : 'Fires below'} ({UNIT_WORDS[unit]})
              <input type="number" name="value" value={view.limit} min={min} max={max} step="any" required />
            </label>
            <button type="submit">Save the limit</button>
            {line.limit_changed !== null && (
              <button type="submit" name="reset" value="true" formNoValidate>
                Back to the default
              </button>
            )}
          </form>
          {line.limit_changed !== null && (
            <p class="hint">
              Changed <Moment at={line.limit_changed.at} timezone={stretch.timezone} now={now} /> from{' '}
              {line.limit_changed.by}.
            </p>
          )}
        </div>
      )}
    </Panel>
  );
}

function Silence({ view }: { view: RuleView }): VNode {
  const { rule, line, stretch, now } = view;
  return (
    <Panel id="silence" title="Silence" sub="it is still checked and shown here; nothing is sent">
      <form class="filter form-box" method="post" action={`/alerts/${rule.id}/silence`}>
        <label>
          Send nothing for
          <select name="for">
            {SILENCES.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Silence</button>
        {line.silenced_until !== null && (
          <>
            <button type="submit" name="end" value="true">
              End the silence
            </button>
            <span class="hint">
              until <Moment at={line.silenced_until} timezone={stretch.timezone} now={now} />
            </span>
          </>
        )}
      </form>
    </Panel>
  );
}
