// Ids of boards and panels. They are stable: alerts, data sources and bookmarks hold them. Nothing of Grafana's
// libraries is needed to know them.

/** Uids of the boards. */
export const BOARD_UIDS = {
  overview: 'tallyspan-overview',
  cost: 'tallyspan-cost',
  reliability: 'tallyspan-reliability',
  tools: 'tallyspan-tools',
  run: 'tallyspan-run',
  users: 'tallyspan-users',
  health: 'tallyspan-health',
} as const;
export type BoardName = keyof typeof BOARD_UIDS;

const ID_SPACE = 999_983;

/** The id of the panel with this key: FNV-1a, folded to six digits. */
export function panelIdOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const character of key) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return 1 + (hash % ID_SPACE);
}
