// The page on which somebody makes an alert rule: any signal, its groups, what it is compared with and over what window;
// tested against the last days before it can be saved.

import type { VNode } from 'preact';
import { RULE_WINDOWS, type Rule } from '../../../../alerts/rules/rule.ts';
import { BASELINE_WORDS, windowText } from '../../../../alerts/rules/rule-words.ts';
import { formatValue, type ShownUnit } from '../../../../alerts/rules/value-format.ts';
import { formatCount, formatCountOf, formatDuration } from '../../../../core/text/format.ts';
import { DIMENSIONS } from '../../../../core/schema.ts';
import { TOPICS } from '../../../../signals/catalogue/index.ts';
import type { Backtest } from '../../../alerting/backtest.ts';
import { Moment } from '../../parts/cells.tsx';
import { momentColumn, nameColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Clock } from './alert-texts.ts';
import { BacktestChart } from './backtest-chart.tsx';
import { addressOf, unitOfFields, type RuleFields } from './own-rule-form.ts';

export const NEW_RULE_PATH = '/alerts/new';

export interface OwnRuleView extends Clock {
  readonly fields: RuleFields;
  readonly channels: readonly string[];
  /** What is wrong with what was written. */
  readonly problems: readonly string[];
  readonly tested?: { readonly rule: Rule; readonly sentence: string; readonly backtest: Backtest };
}

export function OwnRulePage({ view }: { view: OwnRuleView }): VNode {
  const { fields, problems, tested } = view;
  return (
    <>
      <div class="head">
        <h1>
          <a class="soft" href="/alerts">
            Alerts
          </a>{' '}
          {fields.edit === '' ? 'New rule' : 'Change the rule'}
        </h1>
      </div>
      {problems.length > 0 && (
        <div class="message bad" role="alert">
          {problems.map((problem) => (
            <div key={problem}>{sentence(problem)}</div>
          ))}
        </div>
      )}
      <RuleForm view={view} />
      {tested !== undefined && <Tested view={view} {...tested} />}
    </>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const UNIT_WORDS: Readonly<Record<ShownUnit, string>> = {
  usd: 'dollars',
  ratio: 'share: 0.2 or 20 %',
  times: 'times',
  duration: 'seconds, or 2m',
  count: 'a number',
};

function RuleForm({ view }: { view: OwnRuleView }): VNode {
  const { fields, channels } = view;
  return (
    <Panel
      id="own-rule"
      title="What to watch"
      sub="saved after you have seen when it would have fired in the last 30 days"
    >
      <form class="filter form-box own-rule" method="get" action={NEW_RULE_PATH}>
        {fields.edit !== '' && <input type="hidden" name="edit" value={fields.edit} />}
        <label class="wide">
          Number
          <select name="signal" data-rule-signal>
            {TOPICS.map(({ title, signals }) => (
              <optgroup key={title} label={title}>
                {signals.map((signal) => (
                  <option
                    key={signal.id}
                    value={signal.id}
                    selected={signal.id === fields.signal}
                    data-unit={UNIT_WORDS[unitOfFields({ ...fields, against: '', signal: signal.id })]}
                    data-dimensions={signal.dimensions.join(' ')}
                  >
                    {signal.title} ({signal.id})
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
        <label>
          Each
          <DimensionChoice name="by" chosen={fields.by} none="all together" />
        </label>
        <label>
          Only where
          <DimensionChoice name="dimension" chosen={fields.dimension} none="everything" />
        </label>
        <label>
          is
          <input type="text" name="value" value={fields.value} placeholder="its value" />
        </label>
        <label>
          Over
          <select name="window">
            {RULE_WINDOWS.map((name) => (
              <option key={name} value={name} selected={name === fields.window}>
                {name === 'day' ? 'the calendar day so far' : windowText(name)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Compared with
          <select name="against">
            <option value="">a fixed limit</option>
            {Object.entries(BASELINE_WORDS).map(([name, words]) => (
              <option key={name} value={name} selected={name === fields.against}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Fires when it is
          <select name="comparison">
            {['above', 'below'].map((name) => (
              <option key={name} value={name} selected={name === fields.comparison}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>
            Limit (<span data-rule-unit>{UNIT_WORDS[unitOfFields(fields)]}</span>)
          </span>
          <input type="text" inputMode="decimal" name="limit" value={fields.limit} required />
        </label>
        <label>
          From so many calls or runs on
          <input type="number" name="atLeast" value={fields.atLeast} min="0" step="1" placeholder="any" />
        </label>
        <label>
          Once it held for (minutes)
          <input
            type="number"
            name="forMinutes"
            value={fields.forMinutes}
            min="0"
            max="1440"
            placeholder="0"
          />
        </label>
        <label>
          Severity
          <select name="severity">
            <option value="warning" selected={fields.severity === 'warning'}>
              warning: waits for quiet hours to end
            </option>
            <option value="critical" selected={fields.severity === 'critical'}>
              critical: may wake someone
            </option>
          </select>
        </label>
        <label class="wide">
          Name
          <input
            type="text"
            name="title"
            value={fields.title}
            maxLength={120}
            placeholder="made from the choices"
          />
        </label>
        <ChannelChoice channels={channels} chosen={fields.channels} />
        <button type="submit" name="test" value="true">
          Test on the last 30 days
        </button>
      </form>
    </Panel>
  );
}

function DimensionChoice({ name, chosen, none }: { name: string; chosen: string; none: string }): VNode {
  return (
    <select name={name} data-rule-dimension>
      <option value="">{none}</option>
      {DIMENSIONS.map((dimension) => (
        <option key={dimension} value={dimension} selected={dimension === chosen}>
          {dimension}
        </option>
      ))}
    </select>
  );
}

/** Boxes of the channels that are configured; without any, where to configure one. */
export function ChannelChoice(props: { channels: readonly string[]; chosen: readonly string[] }): VNode {
  const { channels, chosen } = props;
  if (channels.length === 0)
    return <span class="hint">No channel is configured: notices are shown on the page of alerts only.</span>;
  return (
    <fieldset class="choices">
      <legend>Send to (none: shown on the page only)</legend>
      {channels.map((name) => (
        <label key={name} class="tick">
          <input type="checkbox" name="channel" value={name} checked={chosen.includes(name)} /> {name}
        </label>
      ))}
    </fieldset>
  );
}

function Tested(props: { view: OwnRuleView; rule: Rule; sentence: string; backtest: Backtest }): VNode {
  const { view, rule, backtest } = props;
  const { fields, timezone } = view;
  const { firings } = backtest;
  return (
    <Panel id="tested" title="The last 30 days" sub={props.sentence}>
      <div class="form-box" role="status">
        <p>
          <strong>
            {firings.length === 0
              ? 'It would not have fired'
              : `It would have fired ${times(firings.length)}`}
          </strong>
          . Checked every {formatDuration(backtest.stepMs)}, {formatCountOf(backtest.checks, 'time')};{' '}
          {backtest.withData === 0
            ? 'there was never a value, so look whether the number and its conditions are what you mean.'
            : `there was a value at ${formatCount(backtest.withData)}.`}
        </p>
      </div>
      <BacktestChart rule={rule} backtest={backtest} timezone={timezone} />
      <form class="filter form-box" method="post" action={NEW_RULE_PATH}>
        {[...addressOf(fields)].map(([name, value]) => (
          <input key={`${name} ${value}`} type="hidden" name={name} value={value} />
        ))}
        <button type="submit">{fields.edit === '' ? 'Save the rule' : 'Save the changes'}</button>
      </form>
      {firings.length > 0 && <Firings {...props} />}
    </Panel>
  );
}

function times(count: number): string {
  return count === 1 ? 'once' : `${formatCount(count)} times`;
}

const FIRINGS_SHOWN = 25;

type Firing = Backtest['firings'][number];

function Firings({ view, rule, backtest }: { view: OwnRuleView; rule: Rule; backtest: Backtest }): VNode {
  const { timezone, now } = view;
  const rest = backtest.firings.length - FIRINGS_SHOWN;
  const columns: readonly DataColumn<Firing>[] = [
    momentColumn('from', 'From', ({ from }) => new Date(from).toISOString(), { timezone, now }),
    {
      id: 'to',
      title: 'To',
      value: ({ to }) => (to === undefined ? null : new Date(to).toISOString()),
      cell: ({ to }) =>
        to === undefined ? (
          'still firing'
        ) : (
          <Moment at={new Date(to).toISOString()} timezone={timezone} now={now} />
        ),
    },
    ...(rule.by === undefined ? [] : [nameColumn<Firing>(rule.by, rule.by, ({ key }) => key)]),
    {
      id: 'worst',
      title: rule.comparison === 'above' ? 'Highest' : 'Lowest',
      isNumber: true,
      value: ({ worst }) => worst,
      cell: ({ worst }) => formatValue(worst, rule.unit),
    },
  ];
  return (
    <>
      <DataTable
        id="firings"
        name="when the rule would have fired"
        label="When it would have fired"
        rows={backtest.firings.slice(0, FIRINGS_SHOWN)}
        keyOf={({ key, from }) => `${key} ${from}`}
        columns={columns}
      />
      {rest > 0 && <p class="hint form-box">and {formatCount(rest)} earlier ones</p>}
    </>
  );
}
