// Stat: one number, large; or two or three of one unit that belong together, each with its name and colours.

import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { NO_DATA } from '../../core/text/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import type { Signal } from '../../signals/signal.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, refIdOf, tileOf, UP_TO_NOW, type Size, type Tile } from '../tile.ts';
import { displayOfSignal } from '../unit.ts';
import { NO_NUMBER, thresholdsConfig, thresholdsSetting } from './looks.ts';
import { askOf, signalTargets, type Ask } from './signal-target.ts';

export interface StatOptions extends Size {
  readonly key?: string;
  readonly title?: string;
  readonly note?: string;
  /** From here on it deserves a look, where no rule has a limit. */
  readonly noticeFrom?: number;
  /** Time of the panel where it is not that of the board: `now/M` is the month so far. */
  readonly timeFrom?: string;
}

/** A stat of one signal, or of several in one unit. */
export function statTile(asked: string | Ask | readonly (string | Ask)[], options: StatOptions): Tile {
  const asks = [asked].flat().map((one) => {
    const ask = askOf(one);
    return { name: signalOf(ask.signal).title, ...ask };
  });
  const [first] = asks;
  if (first === undefined) throw new Error('a stat shows a signal');
  const signal = signalOf(first.signal);
  const { unit, decimals } = displayOfSignal(signal);
  const builder = new PanelBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .mappings([NO_NUMBER])
    .thresholds(thresholdsConfig(stepsOf(signal, first, options.noticeFrom)))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(asks.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''));
  if (decimals !== undefined) builder.decimals(decimals);
  if (options.timeFrom !== undefined) builder.timeFrom(options.timeFrom);
  else if (signal.window.kind !== 'range') builder.timeFrom(UP_TO_NOW).hideTimeOverride(true);
  if (asks.length > 1) {
    // Grafana names the number of an instant query after the query, and judges all numbers by the same steps.
    for (const [index, ask] of asks.entries()) {
      builder.overrideByQuery(refIdOf(index), [
        { id: 'displayName', value: ask.name },
        thresholdsSetting(thresholdsOf(signalOf(ask.signal), ask.by)),
      ]);
    }
  }
  return tileOf(
    {
      key: options.key ?? signal.id.replaceAll('_', '-'),
      title: options.title ?? signal.title,
      description: describeSignals(asks, options.note),
    },
    options,
    builder.build(),
    signalTargets(asks, 'range'),
  );
}

function stepsOf(signal: Signal, { by }: Ask, noticeFrom: number | undefined): Threshold[] {
  const steps = thresholdsOf(signal, by);
  return steps.length > 1 || noticeFrom === undefined
    ? steps
    : [...steps, { value: noticeFrom, color: 'orange' }];
}
