// Places of runs: where each run of a session hangs, a sub-agent under the tool use that started it, and so under the run
// of that.

import { addToGroup } from '../group-by.ts';
import type { RunFact, SessionFacts, ToolFact, TranscriptCall } from './facts.ts';
import { spanIdOf } from './ids.ts';

export const SERVICE_NAME = 'claude-code';

export class RunPlaces {
  readonly #runs: ReadonlyMap<string, RunFact>;
  readonly #tools: ReadonlyMap<string, ToolFact>;
  /** How many calls each run has itself. */
  readonly #calls = new Map<string, number>();
  readonly #known = new Map<string, number>();
  /** Found once: every event of a run asks. */
  readonly #traces = new Map<string, string>();
  readonly #spans = new Map<string, string>();
  /** Runs by the one that they hang in. */
  readonly #children = new Map<string, RunFact[]>();

  constructor(session: SessionFacts, calls: readonly TranscriptCall[]) {
    this.#runs = new Map(session.runs.map((run) => [run.id, run]));
    this.#tools = new Map(session.tools.map((tool) => [tool.id, tool]));
    for (const { run } of calls) this.#calls.set(run.id, (this.#calls.get(run.id) ?? 0) + 1);
    for (const run of session.runs) {
      const parent = this.parentOf(run);
      if (parent !== undefined) addToGroup(this.#children, parent, run);
    }
  }

  parentOf(run: RunFact): string | undefined {
    if (run.agentId === undefined) return undefined;
    const parent = this.#tools.get(run.toolUseId ?? '')?.run.id ?? run.promptRun;
    return parent === run.id ? undefined : parent;
  }

  /**
   * How much is known of what is the run's and where it hangs: the links up to the top, what its agents are called, and
   * the calls that turned out to be another's. Only grows as the transcript does.
   */
  knownOf(run: RunFact): number {
    let known = this.#known.get(run.id);
    if (known === undefined) this.#known.set(run.id, (known = this.#countKnown(run)));
    return known;
  }

  #countKnown(run: RunFact): number {
    let known = run.seenCalls.size - (this.#calls.get(run.id) ?? 0);
    const seen = new Set<string>();
    for (let at: RunFact | undefined = run; at?.agentId !== undefined && !seen.has(at.id);) {
      seen.add(at.id);
      const parent = this.parentOf(at);
      known += (at.agentType === undefined ? 0 : 1) + (parent === undefined ? 0 : 1);
      if (this.#tools.has(at.toolUseId ?? '')) known++;
      at = this.#runs.get(parent ?? '');
    }
    return known;
  }

  /** The run at the top, whose id the trace has. */
  traceOf(run: RunFact): string {
    let trace = this.#traces.get(run.id);
    if (trace === undefined) this.#traces.set(run.id, (trace = this.#findTop(run)));
    return trace;
  }

  #findTop(run: RunFact): string {
    let top = run.id;
    const seen = new Set<string>();
    for (let at: RunFact | undefined = run; at !== undefined && !seen.has(at.id);) {
      seen.add(at.id);
      top = at.id;
      const parent = this.parentOf(at);
      if (parent === undefined) break;
      top = parent;
      at = this.#runs.get(parent);
    }
    return top;
  }

  parentSpanOf(run: RunFact): string | undefined {
    if (run.toolUseId !== undefined && this.#tools.has(run.toolUseId)) return spanIdOf('tool', run.toolUseId);
    const parent = this.parentOf(run);
    return parent === undefined ? undefined : this.spanOf(parent);
  }

  spanOf(runId: string): string {
    let span = this.#spans.get(runId);
    if (span === undefined) this.#spans.set(runId, (span = spanIdOf('run', runId)));
    return span;
  }

  agentNameOf(run: RunFact): string {
    return run.agentId === undefined ? SERVICE_NAME : (run.agentType ?? 'subagent');
  }

  /** The runs nested in it, on all levels. */
  nestedOf({ id }: RunFact): readonly RunFact[] {
    const found = new Set([id]);
    const nested: RunFact[] = [];
    for (const above of found)
      for (const run of this.#children.get(above) ?? []) {
        if (found.has(run.id)) continue;
        found.add(run.id);
        nested.push(run);
      }
    return nested;
  }
}
