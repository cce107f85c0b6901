// The time picker, the same on every page that is about a time: presets act at once, a time of one's own and the zone
// stand behind them. What is chosen stands in the address, with what else the page was asked for.

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { ALL_TIME, fixedParams, presetName, type Stretch } from '../../questions/stretch.ts';
import { PRESETS } from '../../questions/time-presets.ts';
import { localInstantText } from '../../questions/query-params.ts';
import { linkTo, type LinkParams } from './cells.tsx';
import { PageTables } from './tables-of-page.ts';
import { stretchText } from '../../../core/text/moment-text.ts';

export interface TimePickerProps {
  readonly stretch: Stretch;
  readonly path: string;
  /** What else the page was asked for, without its time. */
  readonly params?: LinkParams;
  /** The preset that the page has without one in its address. */
  readonly fallback: string;
  /** Of the server. */
  readonly zone: string;
}

/** Zones that are offered beside the server's and the chosen one; a script adds the browser's. */
const ZONES = [
  'UTC',
  'Europe/London',
  'Europe/Berlin',
  'America/New_York',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Singapore',
  'Asia/Tokyo',
  'Australia/Sydney',
];

export function TimePicker(props: TimePickerProps): VNode {
  const { stretch, path, fallback } = props;
  const params = { ...useContext(PageTables)?.sortParams, ...props.params };
  const chosen = stretch.name === undefined ? '' : (stretch.params.time ?? fallback);
  const options = [...(fallback === ALL_TIME ? [[ALL_TIME, presetName(ALL_TIME)] as const] : []), ...PRESETS];
  const isOther = chosen !== '' && !options.some(([value]) => value === chosen);
  return (
    <div class="picker" data-picker>
      <form class="filter auto" method="get" action={path}>
        <Hidden params={{ ...params, zone: stretch.params.zone }} />
        <label>
          Time
          <select name="time">
            {chosen === '' && (
              <option value="" selected>
                {stretchText(stretch.from, stretch.to, stretch.timezone)}
              </option>
            )}
            {options.map(([value, name]) => (
              <option key={value} value={value} selected={value === chosen}>
                {name}
              </option>
            ))}
            {isOther && (
              <option value={chosen} selected>
                {presetName(chosen)}
              </option>
            )}
          </select>
        </label>
        <button type="submit" class="plain">
          Show
        </button>
      </form>
      <OwnTime {...props} params={params} />
    </div>
  );
}

function OwnTime({ stretch, path, params = {}, fallback, zone }: TimePickerProps): VNode {
  const zones = [...new Set([stretch.timezone, zone, ...ZONES])];
  const link = linkTo(path, { ...params, ...fixedParams(stretch) });
  const [from, to] = [stretch.from, stretch.to].map((atMs) => minuteText(atMs, stretch.timezone));
  // Where a preset is shown, its ends do not count until somebody writes others.
  const untouched =
    stretch.name === undefined
      ? {}
      : { time: stretch.params.time ?? fallback, was: `${from ?? ''}~${to ?? ''}` };
  return (
    <details class="own-time">
      <summary>
        {stretch.timezone}
        <span class="unseen">: own time and zone</span>
      </summary>
      <form class="filter" method="get" action={path}>
        <Hidden params={{ ...params, ...untouched }} />
        <label>
          From
          <input type="datetime-local" name="from" value={from} />
        </label>
        <label>
          To
          <input type="datetime-local" name="to" value={to} />
        </label>
        <label>
          Zone
          <select name="zone" data-zones>
            {zones.map((name) => (
              <option key={name} value={name} selected={name === stretch.timezone}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show this time</button>
        <button type="button" data-copy-link={link}>
          Copy link to this time
        </button>
      </form>
    </details>
  );
}

function Hidden({ params }: { params: LinkParams }): VNode {
  return (
    <>
      {Object.entries(params).flatMap(([name, value]) =>
        [value]
          .flat()
          .filter((one) => one !== undefined)
          .map((one) => <input key={`${name} ${String(one)}`} type="hidden" name={name} value={one} />),
      )}
    </>
  );
}

/** All time has no beginning to show. */
function minuteText(atMs: number, timezone: string): string {
  return atMs === 0 ? '' : localInstantText(Math.floor(atMs / 60_000) * 60_000, timezone);
}
