// The embedded server as someone sees it who compares it with a board: its pages as text, its numbers by
// their address.

import type { Dimension } from '../../core/schema.ts';
import { NO_GROUP } from '../../dashboards/query.ts';
import type { SignalSource } from '../../dashboards/source.ts';
import { displayOf } from '../../dashboards/unit.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import type { SignalResult } from '../../signals/result.ts';
import type { Frame, Range } from './grafana.ts';

/** Values by the name of the group; `''` is the name of the only one. */
export type Numbers = ReadonlyMap<string, number>;

export class Embedded {
  readonly #url: string;
  readonly timezone: string;
  readonly #pages = new Map<string, Promise<string>>();

  constructor(url: string, timezone: string) {
    this.#url = url;
    this.timezone = timezone;
  }

  /** The HTML of a page; each is read once. */
  async page(path: string): Promise<string> {
    const page = this.#pages.get(path) ?? this.#read(path);
    this.#pages.set(path, page);
    return page;
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.#read(path)) as T;
  }

  /** A signal over a range, in the unit that boards show. */
  async numbers(signalId: string, range: Range, by: readonly Dimension[]): Promise<Numbers> {
    const params = new URLSearchParams({ from: String(range.from), to: String(range.to) });
    if (by.length > 0) params.set('by', by.join(','));
    const result = await this.json<SignalResult>(`/api/signals/${signalId}?${params.toString()}`);
    const { divideBy } = displayOf(signalOf(signalId).unit);
    if ('value' in result) return new Map(result.value === null ? [] : [['', result.value / divideBy]]);
    return new Map(
      result.groups.map((group) => [
        by.map((dimension) => group.by[dimension] ?? NO_GROUP).join(' · '),
        group.value / divideBy,
      ]),
    );
  }

  async #read(path: string): Promise<string> {
    const answer = await fetch(this.#url + path);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text;
  }
}

/** The values of an answer of Loki at an instant, or its only ones. */
export function shownNumbers(frames: readonly Frame[], labels: readonly string[], at?: number): Numbers {
  return new Map(
    frames.flatMap((frame) => {
      const value = at === undefined ? [...frame.points.values()][0] : frame.points.get(at);
      const name = labels.map((label) => frame.labels[label] ?? 'MISSING').join(' · ');
      return value === undefined || Number.isNaN(value) ? [] : [[name, value] as const];
    }),
  );
}

/** What differs between the board and the server; nothing when all is equal. */
export function differences(source: SignalSource, board: Numbers, server: Numbers): string[] {
  const signal = signalOf(source.signal);
  // Of some groups only the greatest are on the board.
  const names = source.top === undefined ? new Set([...board.keys(), ...server.keys()]) : board.keys();
  const faults = [...names].flatMap((name) => {
    const [one, other] = [board.get(name), server.get(name)];
    const isNothing = (value: number | undefined): boolean =>
      value === undefined || (value === 0 && (signal.whenEmpty === 0 || source.period === 'change'));
    if (isNothing(one) && isNothing(other)) return [];
    return isSame(one, other) ? [] : [`${signal.id} ${name}: board ${one}, server ${other}`];
  });
  const isShort = source.top !== undefined && source.rankedBy === undefined && server.size > 0;
  const most = Math.min(source.top ?? 0, server.size);
  if (isShort && board.size < most) faults.push(`${signal.id}: ${board.size} groups instead of ${most}`);
  return faults;
}

/** Equal but for the last digits of a floating-point number. */
export function isSame(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other));
}
