// The tree of a run: its steps in order, each nested run after the step that it began in, with its own steps below it.

import { placeNested } from '../../server/queries/runs/nested/place-nested.ts';
import type { RunTree, Source } from '../../server/source.ts';

type Step = RunTree['steps'][number];

export type TreeRow = {
  readonly depth: number;
  /** From the start of the run at the top. */
  readonly atMs: number;
} & ({ readonly step: Step } | { readonly run: RunTree });

/** Each is a question of its own to the server. */
const RUNS_READ = 100;

/** Runs nested in the run on all levels; of very many the first. */
export async function readNested(source: Source, top: RunTree): Promise<RunTree[]> {
  const found: RunTree[] = [];
  const known = new Set([top['agent.run_id']]);
  const waiting = top.children.map((child) => child['agent.run_id']);
  while (waiting.length > 0 && found.length < RUNS_READ) {
    const id = waiting.shift() ?? '';
    if (known.has(id)) continue;
    known.add(id);
    const run = await source.run(id);
    if (run === undefined) continue;
    found.push(run);
    waiting.push(...run.children.map((child) => child['agent.run_id']));
  }
  return found;
}

export function treeRows(top: RunTree, nested: readonly RunTree[]): TreeRow[] {
  const rows: TreeRow[] = [];
  const startMs = Date.parse(top.started_at);
  const placed = new Set<string>();

  function addRun(run: RunTree, depth: number): void {
    placed.add(run['agent.run_id']);
    const own = nested.filter((child) => child['agent.parent_run_id'] === run['agent.run_id']);
    const runMs = Date.parse(run.started_at);
    const places = placeNested(run.steps, own, runMs);
    for (const child of places.get(undefined) ?? []) addChild(child, depth);
    for (const step of run.steps) {
      rows.push({ depth, atMs: runMs - startMs + step.offset_ms, step });
      for (const child of places.get(step) ?? []) addChild(child, depth + 1);
    }
  }

  function addChild(run: RunTree, depth: number): void {
    if (placed.has(run['agent.run_id'])) return;
    rows.push({ depth, atMs: Math.max(0, Date.parse(run.started_at) - startMs), run });
    addRun(run, depth + 1);
  }

  addRun(top, 0);
  return rows;
}
