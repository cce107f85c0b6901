// Times that have a name and move with the clock.

/** What the picker offers, and what it says. */
export const PRESETS: readonly (readonly [string, string])[] = [
  ['1h', 'last hour'],
  ['24h', 'last 24 hours'],
  ['today', 'today'],
  ['yesterday', 'yesterday'],
  ['week', 'this week'],
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
  ['90d', 'last 90 days'],
];
