/** Uids of the boards. */
export declare const BOARD_UIDS: {
  readonly overview: 'tallyspan-overview';
  readonly cost: 'tallyspan-cost';
  readonly reliability: 'tallyspan-reliability';
  readonly tools: 'tallyspan-tools';
  readonly run: 'tallyspan-run';
  readonly users: 'tallyspan-users';
  readonly health: 'tallyspan-health';
};
export type BoardName = keyof typeof BOARD_UIDS;
/** The id of the panel with this key: FNV-1a, folded to six digits. */
export declare function panelIdOf(key: string): number;
