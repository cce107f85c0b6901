// The facts of a run, from its events alone: what it cost, how many turns it took, what its tools did. Receipts, matchers,
// scorers and gates all read them, so that they agree with each other; no content is needed.

import type { EventRecord } from '../event.ts';
import { decodeShares } from '../attribution/cost-shares.ts';
import { SILENT_FAILURE_NOTE } from '../attribution/silent-failures.ts';
import { addToGroup } from '../group-by.ts';

export interface RunFacts {
  readonly runId: string;
  readonly agent: string | undefined;
  readonly version: string | undefined;
  readonly sessionId: string | undefined;
  readonly parentRunId: string | undefined;
  /** As in `agent.status`; `running` without an end. */
  readonly status: string;
  readonly errorType: string | undefined;
  readonly startedMs: number;
  /** Undefined while it runs. */
  readonly durationMs: number | undefined;
  /** Model calls. */
  readonly turns: number;
  readonly toolCalls: number;
  readonly toolFailures: number;
  /** Names of the tools in the order of their calls, a repeated one again. */
  readonly tools: readonly string[];
  /** Models that answered, each once. */
  readonly models: readonly string[];
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Of all input tokens, 0 to 1; undefined without input. */
  readonly cacheHitRatio: number | undefined;
  /** Sum of the priced calls; undefined where there are calls and none has a price. */
  readonly costNanoUsd: number | undefined;
  /** Calls that ended well and of which the cost is not known. */
  readonly unpricedCalls: number;
  readonly failedCalls: number;
  /** Calls that the model refused, and answers cut at max_tokens. */
  readonly refusals: number;
  readonly cutAnswers: number;
  /** Which silent failures were noted: their names. */
  readonly silentFailures: readonly string[];
  readonly slowestTool: { readonly name: string; readonly durationMs: number } | undefined;
  /** By what its calls and results cost in the context. */
  readonly mostExpensiveTool: { readonly name: string; readonly costNanoUsd: number } | undefined;
}

/** The facts of each run among the events, in the order in which the runs began. Duplicates count nowhere. */
export function factsOfRuns(events: readonly EventRecord[]): readonly RunFacts[] {
  const byRun = new Map<string, EventRecord[]>();
  for (const event of events) {
    // What others report may have a trace or a session and no run.
    const id = event['agent.run_id'] ?? event.trace_id ?? event['gen_ai.conversation.id'];
    if (id === undefined || event['tallyspan.duplicate'] === true || event['event.name'] === 'agent.score')
      continue;
    addToGroup(byRun, id, event);
  }
  return [...byRun.entries()]
    .map(([id, own]) => factsOfRun(id, own))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

function factsOfRun(runId: string, events: readonly EventRecord[]): RunFacts {
  const named = (name: EventRecord['event.name']): EventRecord[] =>
    events.filter((event) => event['event.name'] === name);
  const end = named('agent.run').at(-1);
  const first = named('agent.run.started')[0] ?? end ?? events[0];
  const calls = named('agent.model_call');
  const tools = named('agent.tool_call');
  const cacheRead = sum(calls, (call) => call.tokens_cache_read);
  const input =
    cacheRead +
    sum(calls, (call) => call.tokens_input) +
    sum(calls, (call) => call.tokens_cache_write_5m) +
    sum(calls, (call) => call.tokens_cache_write_1h);
  const priced = calls.filter((call) => call.cost_nano_usd !== undefined);
  const reasonCount = (reason: string): number =>
    calls.filter((call) => call['gen_ai.response.finish_reasons']?.includes(reason) === true).length;
  return {
    runId,
    agent: first?.['gen_ai.agent.name'],
    version: first?.['agent.version'],
    sessionId: first?.['gen_ai.conversation.id'],
    parentRunId: first?.['agent.parent_run_id'],
    status: end?.['agent.status'] ?? 'running',
    errorType: end?.['error.type'],
    startedMs: Math.min(...events.map((event) => event.timestamp - (event.duration_ms ?? 0))),
    durationMs: end?.duration_ms,
    turns: calls.length,
    toolCalls: tools.length,
    toolFailures: tools.filter((call) => call['tool.ok'] === false).length,
    tools: tools.map((call) => call['gen_ai.tool.name'] ?? ''),
    models: [...new Set(calls.flatMap((call) => call['gen_ai.response.model'] ?? []))],
    tokensIn: input,
    tokensOut: sum(calls, (call) => call.tokens_output),
    cacheHitRatio: input === 0 ? undefined : cacheRead / input,
    costNanoUsd:
      calls.length > 0 && priced.length === 0 ? undefined : sum(priced, (call) => call.cost_nano_usd),
    // An answer without usage, such as that of a proxy which is no model, has a cost that nobody knows.
    unpricedCalls: calls.filter(
      (call) =>
        call['tallyspan.cost.status'] === 'unpriced' ||
        (call.cost_nano_usd === undefined && call['error.type'] === undefined),
    ).length,
    failedCalls: calls.filter((call) => call['error.type'] !== undefined).length,
    refusals: reasonCount('refusal'),
    cutAnswers: reasonCount('max_tokens'),
    silentFailures: named('agent.note').flatMap((note) =>
      note['agent.note.kind'] === SILENT_FAILURE_NOTE ? (note['agent.note.subject'] ?? []) : [],
    ),
    slowestTool: slowestOf(tools),
    mostExpensiveTool: mostExpensiveOf(named('agent.tool_cost'), calls),
  };
}

function slowestOf(tools: readonly EventRecord[]): RunFacts['slowestTool'] {
  const [slowest] = tools
    .flatMap((call) =>
      call.duration_ms === undefined
        ? []
        : [{ name: call['gen_ai.tool.name'] ?? '', durationMs: call.duration_ms }],
    )
    .toSorted((a, b) => b.durationMs - a.durationMs);
  return slowest;
}

/** Parts in parentheses (system prompt, history, output) are no tools. Rows that sum up calls hold what these hold themselves. */
function mostExpensiveOf(
  rows: readonly EventRecord[],
  calls: readonly EventRecord[],
): RunFacts['mostExpensiveTool'] {
  const byTool = new Map<string, number>();
  const add = (name: string, costNanoUsd: number): void => {
    if (name !== '' && !name.startsWith('(')) byTool.set(name, (byTool.get(name) ?? 0) + costNanoUsd);
  };
  for (const row of rows)
    if (row['tallyspan.calls'] === undefined) add(row['gen_ai.tool.name'] ?? '', row.cost_nano_usd ?? 0);
  for (const call of calls)
    for (const { tool, costNanoUsd } of decodeShares(call['tallyspan.cost_shares'] ?? []))
      add(tool, costNanoUsd);
  const [most] = [...byTool.entries()].toSorted((a, b) => b[1] - a[1]);
  return most === undefined || most[1] === 0 ? undefined : { name: most[0], costNanoUsd: most[1] };
}

function sum(events: readonly EventRecord[], read: (event: EventRecord) => number | undefined): number {
  return events.reduce((total, event) => total + (read(event) ?? 0), 0);
}
