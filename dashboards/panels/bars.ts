// Bars: one value per group, the longest first, or in the order of steps; or one per calendar day.

import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as BarChartBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Threshold,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { columnOf } from '../../core/columns.ts';
import { NO_DATA } from '../../core/text/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { DAY_LABEL, labelOf } from '../../signals/to-logql.ts';
import { fieldValue, groupLink } from '../links.ts';
import { STEP_ORDER } from '../query.ts';
import { DAYS } from '../source.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, tileOf, UP_TO_NOW, valueFieldOf, type Size, type Tile } from '../tile.ts';
import { displayOfSignal } from '../unit.ts';
import { NEUTRAL, NO_NUMBER, NO_RUN, STATUS_WORDS, thresholdsConfig, wordsMapping } from './looks.ts';
import { organizeStep, sortStep } from './shape.ts';
import { signalTargets, type Ask } from './signal-target.ts';

export interface BarsOptions extends Size {
  readonly key: string;
  readonly title: string;
  readonly note?: string;
}

/** Groups that a list of bars holds. */
const MOST_BARS = 12;

/** Where there is nothing, no bar is drawn. */
const NO_BAR: ValueMapping = {
  ...NO_NUMBER,
  options: { ...NO_NUMBER.options, result: { text: NO_DATA, color: 'transparent', index: 0 } },
} as ValueMapping;

/** One bar per group: the table of the query has a row for each, and each row is a bar. */
export function groupBarsTile(ask: Ask, options: BarsOptions): Tile {
  const signal = signalOf(ask.signal);
  const by = ask.by ?? [];
  const { unit, decimals } = displayOfSignal(signal);
  const isBySteps = by.length === 1 && by[0] === 'step';
  const most = ask.top ?? MOST_BARS;
  const builder = new BarGaugeBuilder()
    .unit(unit)
    .noValue(ask.within === 'run' ? NO_RUN : NO_DATA)
    .min(0)
    .mappings([NO_BAR])
    // A setting of all fields: a bar that is alone has no other name.
    .displayName(barNameOf(by.map(labelOf), isBySteps))
    .thresholds(thresholdsConfig(neutral(thresholdsOf(signal, by))))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .showUnfilled(false)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(true).limit(most).fields(''));
  if (decimals !== undefined) builder.decimals(decimals);
  // A bar of a share is that share of the width.
  if (signal.unit === 'ratio') builder.max(1);
  if (signal.window.kind !== 'range') builder.timeFrom(UP_TO_NOW).hideTimeOverride(true);
  // A name of digits would be written as a number with the unit of the bars.
  builder.overrideByFieldType('string', [{ id: 'unit', value: 'string' }]);
  if (by.includes('status'))
    builder.overrideByName(columnOf('agent.status'), [
      { id: 'mappings', value: [wordsMapping(STATUS_WORDS)] },
    ]);
  const links = by.flatMap((dimension) => groupLink(dimension, fieldValue(labelOf(dimension))) ?? []);
  if (links.length > 0) builder.overrideByFieldType('number', [{ id: 'links', value: links }]);
  if (isBySteps) builder.transformations([sortStep(STEP_ORDER, 'ascending')]);
  return tileOf(
    { key: options.key, title: options.title, description: describeSignals([ask], options.note) },
    options,
    builder.build(),
    signalTargets([{ ...ask, top: most, isSorted: true }], 'range'),
  );
}

/** `search_docs · timeout`, or `step 3`. */
function barNameOf(labels: readonly string[], isBySteps: boolean): string {
  const name = labels.map((label) => `\${__data.fields.${label}}`).join(' · ');
  return isBySteps ? `step ${name}` : name;
}

/** Bars that nothing judges are neither grey nor green. */
function neutral(steps: Threshold[]): Threshold[] {
  return steps.length > 1 ? steps : [{ value: null, color: NEUTRAL }];
}

/** One bar per calendar day in the zone of the board, whatever time the board shows. */
export function dayBarsTile(id: string, options: BarsOptions): Tile {
  const signal = signalOf(id);
  const { unit, decimals } = displayOfSignal(signal);
  const builder = new BarChartBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .timeFrom(UP_TO_NOW)
    .hideTimeOverride(true)
    .orientation(VizOrientation.Vertical)
    .xField(DAY_LABEL)
    .xTickLabelRotation(-45)
    .showValue(VisibilityMode.Never)
    .fillOpacity(80)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(NEUTRAL))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(false)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .transformations([
      sortStep(DAY_LABEL, 'ascending'),
      organizeStep([DAY_LABEL, valueFieldOf(0)], { [valueFieldOf(0)]: signal.title }, ['Time']),
    ]);
  if (decimals !== undefined) builder.decimals(decimals);
  const note = `Calendar days in the zone that the board names (“Days in”), the last ${DAYS}; the last bar is today so far.`;
  return tileOf(
    {
      key: options.key,
      title: options.title,
      description: describeSignals(
        [{ signal: id }],
        options.note === undefined ? note : `${note} ${options.note}`,
      ),
    },
    options,
    builder.build(),
    signalTargets([{ signal: id, name: signal.title }], 'days'),
  );
}
