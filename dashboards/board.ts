// Boards: rows of tiles, and the dashboard that they make. Places are worked out here and nowhere else.

import {
  DashboardBuilder,
  DashboardCursorSync,
  type Dashboard,
  type GridPos,
  type Panel,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { boardAnnotations } from './annotations.ts';
import { BOARD_UIDS, panelIdOf, type BoardName } from './board-ids.ts';
import { boardLinks, TAG } from './links.ts';
import type { Tile } from './tile.ts';
import { boardVariables, type BoardVariable } from './variables.ts';

/** Columns of Grafana's grid. */
export const GRID_COLUMNS = 24;
const HEAD_HEIGHT = 1;

export interface BoardRow {
  /** Head of the row; a row without one continues the last. */
  readonly title?: string;
  /** Closed, with the rows below it up to the next head, until someone opens it; its queries wait. */
  readonly isCollapsed?: true;
  readonly tiles: readonly Tile[];
}

export interface Board {
  readonly name: BoardName;
  readonly title: string;
  /** The question that the board answers, in a user's words. */
  readonly question: string;
  readonly variables: readonly BoardVariable[];
  /** Start of the time range, up to now. */
  readonly from: string;
  /** How often the numbers are asked for again; every minute when absent, never when empty. */
  readonly refresh?: string;
  readonly rows: readonly BoardRow[];
}

/** Every tile of a board, in order. */
export function tilesOf(board: Board): Tile[] {
  return board.rows.flatMap(({ tiles }) => tiles);
}

/** The dashboard as Grafana loads it (classic model). Throws when a row is wider than the grid. */
export function dashboardOf(board: Board): Dashboard {
  const dashboard = new DashboardBuilder(`tallyspan · ${board.title}`)
    .uid(BOARD_UIDS[board.name])
    .description(board.question)
    .tags([TAG])
    .readonly()
    // Whatever Grafana is set to.
    .timezone('')
    .time({ from: board.from, to: 'now' })
    .refresh(board.refresh ?? '1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .build();
  return {
    ...dashboard,
    panels: placeRows(board),
    templating: { list: boardVariables(board.variables) },
    annotations: { list: boardAnnotations() },
    links: boardLinks(),
  };
}

function placeRows(board: Board): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  let closed: RowPanel | undefined;
  for (const row of board.rows) {
    if (row.title !== undefined) {
      // Below a closed row the next begins at once.
      if (closed) y = (closed.gridPos?.y ?? 0) + HEAD_HEIGHT;
      const head = headOf(row.title, y);
      placed.push(head);
      y += HEAD_HEIGHT;
      closed = row.isCollapsed ? { ...head, collapsed: true } : undefined;
      if (closed) placed.splice(-1, 1, closed);
    }
    const { panels, bottom } = placeTiles(row.tiles, y);
    (closed ? closed.panels : placed).push(...panels);
    y = bottom;
  }
  return placed;
}

function headOf(title: string, y: number): RowPanel {
  const id = panelIdOf(`row ${title}`);
  return {
    type: 'row',
    id,
    title,
    collapsed: false,
    gridPos: { x: 0, y, w: GRID_COLUMNS, h: HEAD_HEIGHT },
    panels: [],
  };
}

function placeTiles(tiles: readonly Tile[], top: number): { panels: Panel[]; bottom: number } {
  const panels: Panel[] = [];
  let x = 0;
  let bottom = top;
  for (const { key, width, height, panel } of tiles) {
    if (x + width > GRID_COLUMNS)
      throw new Error(`${key} does not fit: the row is wider than ${GRID_COLUMNS}`);
    const gridPos: GridPos = { x, y: top, w: width, h: height };
    panels.push({ ...panel, gridPos });
    x += width;
    bottom = Math.max(bottom, top + height);
  }
  return { panels, bottom };
}
