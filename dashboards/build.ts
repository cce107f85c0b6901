// The files that the boards become. They are committed; a stale one fails the check.

import type { GeneratedFile } from '../core/generated-file.ts';
import { dashboardOf, type Board } from './board.ts';
import { COST_BOARD } from './boards/cost.ts';
import { HEALTH_BOARD } from './boards/health.ts';
import { OVERVIEW_BOARD } from './boards/overview.ts';
import { RELIABILITY_BOARD } from './boards/reliability.ts';
import { RUN_BOARD } from './boards/run.ts';
import { TOOLS_BOARD } from './boards/tools.ts';
import { USERS_BOARD } from './boards/users.ts';

/** The boards in the order in which people meet them. */
export const BOARDS: readonly Board[] = [
  OVERVIEW_BOARD,
  COST_BOARD,
  RELIABILITY_BOARD,
  TOOLS_BOARD,
  RUN_BOARD,
  USERS_BOARD,
  HEALTH_BOARD,
];

/** One JSON file per board. */
export const dashboardFiles: readonly GeneratedFile[] = BOARDS.map((board) => ({
  path: `dashboards/dist/${board.name}.json`,
  render: () => `${JSON.stringify(dashboardOf(board), null, 2)}\n`,
}));
