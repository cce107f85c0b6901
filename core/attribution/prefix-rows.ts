// Prefix rows: where the blocks of a call lie in its input, which is read from the cache, written to it, or neither, from
// its start on; summed for each owner. A position is a number of tokens from the start.

import { PSEUDO_TOOLS } from './block-shape.ts';
import { inputTotal, type Usage } from '../pricing/usage.ts';

export interface PlacedBlock {
  readonly owner: string;
  readonly tokens: number;
  /** False while only a response has held the block: no call has paid for reading it yet. */
  readonly wasRead: boolean;
}

/** Tokens of one owner, all of them and by where they lie. */
export interface Row {
  readonly owner: string;
  tokens: number;
  read: number;
  write5m: number;
  write1h: number;
  first: number;
  carry: number;
}

const { abs, max, min } = Math;
/** Tokens by which a block may stick out over the edge of the cached prefix before it is split. */
const EDGE_TOKENS = 1;

/** The cache covers the prefix from its start: first what was read, then what was written for an hour, then for five minutes. */
export function placeInPrefix(
  entries: readonly PlacedBlock[],
  usage: Usage,
  hidden: number,
): Map<string, Row> {
  const rows = new Map<string, Row>();
  const edges: Edges = {
    readEnd: usage.cacheRead,
    write1hEnd: usage.cacheRead + usage.cacheWrite1h,
    write5mEnd: usage.cacheRead + usage.cacheWrite1h + usage.cacheWrite5m,
    total: inputTotal(usage),
  };
  let position = 0;
  let start = settle(0, edges);
  // Context that the server keeps comes before what the request adds.
  if (hidden > 0) {
    const row = rowOf(rows, entries.length === 0 ? PSEUDO_TOOLS.unknown : PSEUDO_TOOLS.history);
    position = hidden;
    const end = settle(position, edges);
    place(row, hidden, start, end, true, edges);
    start = end;
  }
  // Neighbours often have one owner.
  let row: Row | undefined;
  for (let index = 0; index < entries.length; index++) {
    const { owner, tokens, wasRead } = entries[index] as PlacedBlock;
    if (row?.owner !== owner) row = rowOf(rows, owner);
    position += tokens;
    const end = settle(position, edges);
    place(row, tokens, start, end, wasRead, edges);
    start = end;
  }
  return rows;
}

/** Where the parts of the counted input end. */
interface Edges {
  readonly readEnd: number;
  readonly write1hEnd: number;
  readonly write5mEnd: number;
  readonly total: number;
}

/** A position a hair beside an edge is on the edge: cached prefixes end where blocks end. */
function settle(at: number, { readEnd, write1hEnd, write5mEnd }: Edges): number {
  if (abs(at - readEnd) < EDGE_TOKENS) return readEnd;
  if (abs(at - write1hEnd) < EDGE_TOKENS) return write1hEnd;
  return abs(at - write5mEnd) < EDGE_TOKENS ? write5mEnd : at;
}

function place(row: Row, tokens: number, start: number, end: number, wasRead: boolean, edges: Edges): void {
  const { readEnd, write1hEnd, write5mEnd } = edges;
  row.tokens += tokens;
  // Most blocks lie on one side of all edges.
  if (start < write5mEnd) {
    row.read += overlap(start, end, 0, readEnd);
    if (end > readEnd) {
      row.write1h += overlap(start, end, readEnd, write1hEnd);
      row.write5m += overlap(start, end, write1hEnd, write5mEnd);
    }
  }
  if (end <= write5mEnd) return;
  const uncached = overlap(start, end, write5mEnd, max(edges.total, end));
  if (wasRead) row.carry += uncached;
  else row.first += uncached;
}

function overlap(start: number, end: number, from: number, to: number): number {
  return max(0, min(end, to) - max(start, from));
}

export function rowOf(rows: Map<string, Row>, owner: string): Row {
  let row = rows.get(owner);
  if (row === undefined) {
    row = { owner, tokens: 0, read: 0, write5m: 0, write1h: 0, first: 0, carry: 0 };
    rows.set(owner, row);
  }
  return row;
}
