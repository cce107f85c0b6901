// Stat: one number, large; or two or three of one unit that belong together.

import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { NO_DATA } from '../../core/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, tileOf, UP_TO_NOW, type Size, type Tile } from '../tile.ts';
import { displayOf } from '../unit.ts';
import { askOf, signalTargets, type Ask } from './signal-target.ts';

export interface StatOptions extends Size {
  readonly key?: string;
  readonly title?: string;
  readonly note?: string;
  /** Time of the panel where it is not that of the board: `now/M` is the month so far. */
  readonly timeFrom?: string;
}

/** A stat of one signal, or of several in one unit. */
export function statTile(asked: string | readonly (string | Ask)[] | Ask, options: StatOptions): Tile {
  const asks = (Array.isArray(asked) ? asked : [asked]).map((one: string | Ask) => askOf(one));
  const first = asks[0];
  if (first === undefined) throw new Error('a stat shows a signal');
  const signal = signalOf(first.signal);
  const { unit, decimals } = displayOf(signal.unit);
  const builder = new PanelBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdsOf(signal, first.by)),
    )
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(asks.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''));
  if (decimals !== undefined) builder.decimals(decimals);
  if (options.timeFrom !== undefined) builder.timeFrom(options.timeFrom);
  else if (signal.window.kind !== 'range') builder.timeFrom(UP_TO_NOW).hideTimeOverride(true);
  const named = asks.length > 1 ? asks.map((ask) => ({ name: signalOf(ask.signal).title, ...ask })) : asks;
  return tileOf(
    {
      key: options.key ?? signal.id.replaceAll('_', '-'),
      title: options.title ?? signal.title,
      description: describeSignals(asks, options.note),
    },
    options,
    builder.build(),
    signalTargets(named, 'range'),
  );
}
