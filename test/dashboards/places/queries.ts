// The queries of the boards, each with its panel and with what it stands for.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf, tilesOf, type Board } from '../../../dashboards/board.ts';
import type { Tile } from '../../../dashboards/tile.ts';
import { BOARDS } from '../../../dashboards/build.ts';
import type { PanelSource } from '../../../dashboards/source.ts';
import { panelsOf, type LokiTarget } from '../grafana.ts';

export interface Query<S = PanelSource> {
  readonly board: Board;
  /** `board/key of the tile`. */
  readonly place: string;
  readonly panel: Panel;
  readonly target: LokiTarget;
  readonly source: S;
}

/** A tile with its panel and its queries. */
export interface PanelQueries {
  readonly board: Board;
  readonly tile: Tile;
  readonly panel: Panel;
  readonly targets: readonly LokiTarget[];
}

/** Every panel of a board. */
export function panelQueriesOf(board: Board): PanelQueries[] {
  const panels = new Map(panelsOf(dashboardOf(board)).map((panel) => [panel.id, panel]));
  return tilesOf(board).map((tile) => {
    const panel = panels.get(tile.panel.id) ?? tile.panel;
    return { board, tile, panel, targets: (panel.targets ?? []) as unknown as LokiTarget[] };
  });
}

export function boardOf(name: Board['name']): Board {
  const board = BOARDS.find((one) => one.name === name);
  if (!board) throw new Error(`no board ${name}`);
  return board;
}

/** Every query of a board, in the order of its panels. */
export function queriesOf(board: Board): Query[] {
  const panels = new Map(panelsOf(dashboardOf(board)).map((panel) => [panel.id, panel]));
  return tilesOf(board).flatMap((tile) =>
    (panels.get(tile.panel.id)?.targets ?? []).map((target) => {
      const own = target as unknown as LokiTarget;
      const source = tile.sources[own.refId];
      if (!source) throw new Error(`${tile.key} ${own.refId} has no source`);
      const panel = panels.get(tile.panel.id) ?? tile.panel;
      return { board, place: `${board.name}/${tile.key}`, panel, target: own, source };
    }),
  );
}

/** Those whose source is of a kind, named by panel and query. */
export function queriesOfKind<K extends PanelSource['kind']>(
  board: Board,
  kind: K,
): [string, Query<Extract<PanelSource, { kind: K }>>][] {
  return queriesOf(board).flatMap((query) =>
    query.source.kind === kind
      ? [
          [
            `${query.panel.title} ${query.target.refId}`,
            query as Query<Extract<PanelSource, { kind: K }>>,
          ] as const,
        ]
      : [],
  ) as [string, Query<Extract<PanelSource, { kind: K }>>][];
}
