// The choice of the window, the same on every page that has one.

import type { VNode } from 'preact';

const WINDOWS: readonly (readonly [string, string])[] = [
  ['1h', 'last hour'],
  ['24h', 'last 24 h'],
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
];

/** A window from the address that is not among the usual ones stays selectable. */
export function WindowSelect({ selected }: { selected: string }): VNode {
  const isOther = !WINDOWS.some(([value]) => value === selected);
  return (
    <label>
      Time
      <select name="window">
        {WINDOWS.map(([value, name]) => (
          <option key={value} value={value} selected={value === selected}>
            {name}
          </option>
        ))}
        {isOther && (
          <option value={selected} selected>
            {selected}
          </option>
        )}
      </select>
    </label>
  );
}
