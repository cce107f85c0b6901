// Silent failures: what went wrong in a run that ended without an error. Each is a fact that can be read
// off the events, with the figure that shows it; none says that the answer was wrong.

import { addToGroup, groupBy } from '../group-by.ts';
import { readCalls, type CallFact } from '../pricing/call-facts.ts';
import type { EventRecord } from '../event.ts';
import { formatCount, formatDuration, formatTokens } from '../text/format.ts';

export type SilentFailureKind =
  | 'empty_result'
  | 'outsized_result'
  | 'error_ignored'
  | 'output_truncated'
  | 'refused'
  | 'paused_at_end'
  | 'token_jump'
  | 'latency_outlier';

/** Kind of the note that an emitter writes where it sees one itself; the note's subject is the kind of the failure. */
export const SILENT_FAILURE_NOTE = 'silent_failure';

export interface SilentFailure {
  readonly kind: SilentFailureKind;
  readonly runId: string;
  /** Step of the model call, or of the one that asked for the tool. */
  readonly step: number;
  readonly tool: string | undefined;
  readonly atMs: number;
  readonly text: string;
}

/** The silent failures that were noted where they happened. */
export function readNotedFailures(events: readonly EventRecord[]): SilentFailure[] {
  return events
    .filter((event) => event['agent.note.kind'] === SILENT_FAILURE_NOTE)
    .map((event) => ({
      ...whereOf(event, event['gen_ai.tool.name']),
      kind: event['agent.note.subject'] as SilentFailureKind,
      text: event['agent.note.value'] ?? '',
    }));
}

/** What was found and what was noted, each failure once, in order of time. */
export function uniteFailures(
  found: readonly SilentFailure[],
  noted: readonly SilentFailure[],
): SilentFailure[] {
  const known = new Set(found.map(keyOf));
  return [...found, ...noted.filter((failure) => !known.has(keyOf(failure)))].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
}

function keyOf({ kind, runId, step, tool }: SilentFailure): string {
  return [kind, runId, step, tool].join(' ');
}

/** What is usual, from other runs: medians of each tool's result length and each model's time. */
export interface UsualValues {
  readonly resultLen: ReadonlyMap<string, number>;
  /** Share of a tool's results that are empty. */
  readonly emptyShare: ReadonlyMap<string, number>;
  readonly callDurationMs: ReadonlyMap<string, number>;
}

const OUTSIZED_FACTOR = 10;
const OUTSIZED_LEAST_CHARS = 4_000;
/** A tool that is empty more often than this is expected to be. */
const USUALLY_EMPTY_SHARE = 0.2;
const JUMP_FACTOR = 3;
const JUMP_LEAST_TOKENS = 10_000;
const SLOW_FACTOR = 10;
const SLOW_LEAST_MS = 20_000;
/** Fewer values have no median worth comparing with. */
const LEAST_VALUES = 5;
const TRUNCATED: ReadonlySet<string> = new Set(['max_tokens', 'model_context_window_exceeded']);

/** Medians and shares over the events; tools and models with fewer than five values have none. */
export function readUsualValues(events: readonly EventRecord[]): UsualValues {
  const lengths = new Map<string, number[]>();
  const durations = new Map<string, number[]>();
  for (const event of events) {
    if (event['event.name'] === 'agent.tool_call' && event['tool.ok'] !== false)
      collect(lengths, event['gen_ai.tool.name'], event['tool.result_len']);
    if (event['event.name'] === 'agent.model_call' && event['error.type'] === undefined)
      collect(durations, event['gen_ai.response.model'], event.duration_ms);
  }
  return {
    resultLen: mapKnown(lengths, medianOf),
    emptyShare: mapKnown(lengths, (values) => values.filter((length) => length === 0).length / values.length),
    callDurationMs: mapKnown(durations, medianOf),
  };
}

/** Whether it matters for a tool call or model call what is usual: for most it does not, whatever is. */
export function needsUsual(event: EventRecord): boolean {
  if (event['event.name'] !== 'agent.tool_call') return (event.duration_ms ?? 0) >= SLOW_LEAST_MS;
  const length = event['tool.result_len'] ?? 0;
  const isEmpty = event['tool.result_empty'] === true || length === 0;
  return event['tool.ok'] !== false && (isEmpty || length >= OUTSIZED_LEAST_CHARS);
}

/**
 * Whether a model call may be a silent failure, or make one of what came before it in its run: most are none, and to see that
 * takes less than to look for each kind.
 */
export function mayFailSilently(event: EventRecord, previous: EventRecord | undefined): boolean {
  const reasons = event['gen_ai.response.finish_reasons'] ?? [];
  if (reasons.some((reason) => reason === 'refusal' || TRUNCATED.has(reason))) return true;
  if ((event.duration_ms ?? 0) >= SLOW_LEAST_MS) return true;
  return previous !== undefined && tokensIn(event) - tokensIn(previous) >= JUMP_LEAST_TOKENS;
}

function tokensIn(event: EventRecord): number {
  return (
    (event.tokens_input ?? 0) +
    (event.tokens_cache_read ?? 0) +
    (event.tokens_cache_write_5m ?? 0) +
    (event.tokens_cache_write_1h ?? 0)
  );
}

/** The silent failures among the events, in order of time. */
export function findSilentFailures(
  events: readonly EventRecord[],
  usual: UsualValues = readUsualValues(events),
): SilentFailure[] {
  const byRun = groupBy(readCalls(events.map(withCost)), (call) => call.runId);
  const found: SilentFailure[] = [];
  for (const event of events)
    if (event['event.name'] === 'agent.tool_call') found.push(...examineTool(event, usual, byRun));
  for (const run of byRun.values())
    run.forEach((call, index) => found.push(...examineCall(call, run[index - 1], usual)));
  for (const event of events)
    if (event['event.name'] === 'agent.run') found.push(...examineEnd(event, byRun));
  return found.toSorted((a, b) => a.atMs - b.atMs);
}

/** An answer whose price nobody knows is an answer: only what never answered is left out with the unpriced. */
function withCost(event: EventRecord): EventRecord {
  return event.cost_nano_usd === undefined && event['gen_ai.response.finish_reasons'] !== undefined
    ? { ...event, cost_nano_usd: 0 }
    : event;
}

function examineTool(
  event: EventRecord,
  usual: UsualValues,
  byRun: ReadonlyMap<string, readonly CallFact[]>,
): SilentFailure[] {
  const tool = event['gen_ai.tool.name'] ?? '';
  const step = event['agent.step_number'] ?? 0;
  const length = event['tool.result_len'];
  const note = (kind: SilentFailureKind, text: string): SilentFailure => ({
    ...whereOf(event, tool),
    kind,
    text,
  });
  if (event['tool.ok'] === false) {
    const next = byRun.get(runOf(event))?.find((call) => call.step === step + 1);
    const reasons = next?.event['gen_ai.response.finish_reasons'] ?? [];
    return reasons.includes('end_turn')
      ? [
          note(
            'error_ignored',
            `${tool} failed, and the next answer was a final one (end_turn), as if it had not`,
          ),
        ]
      : [];
  }
  const isEmpty = event['tool.result_empty'] === true || length === 0;
  const emptyShare = usual.emptyShare.get(tool);
  if (isEmpty && emptyShare !== undefined && emptyShare < USUALLY_EMPTY_SHARE)
    return [note('empty_result', `${tool} returned nothing; usually it returns something`)];
  const median = usual.resultLen.get(tool);
  const isOutsized =
    length !== undefined &&
    median !== undefined &&
    length >= Math.max(OUTSIZED_LEAST_CHARS, median * OUTSIZED_FACTOR);
  return isOutsized
    ? [
        note(
          'outsized_result',
          `${tool} returned ${formatCount(length)} characters; its median is ${formatCount(Math.round(median))}`,
        ),
      ]
    : [];
}

function examineCall(call: CallFact, previous: CallFact | undefined, usual: UsualValues): SilentFailure[] {
  const found: SilentFailure[] = [];
  const { event } = call;
  const note = (kind: SilentFailureKind, text: string): void => {
    found.push({ ...whereOf(event, undefined), step: call.step, kind, text });
  };
  const reasons = event['gen_ai.response.finish_reasons'] ?? [];
  const cut = reasons.find((reason) => TRUNCATED.has(reason));
  if (cut !== undefined)
    note(
      'output_truncated',
      `the answer was cut off after ${formatTokens(call.usage.output)} tokens (${cut})`,
    );
  if (reasons.includes('refusal')) note('refused', 'the model refused');
  const growth = call.inputTokens - (previous?.inputTokens ?? call.inputTokens);
  if (
    previous !== undefined &&
    previous.model === call.model &&
    previous.inputTokens > 0 &&
    growth >= JUMP_LEAST_TOKENS &&
    call.inputTokens >= previous.inputTokens * JUMP_FACTOR
  )
    note(
      'token_jump',
      `the context grew from ${formatTokens(previous.inputTokens)} to ${formatTokens(call.inputTokens)} tokens in one step`,
    );
  const median = usual.callDurationMs.get(call.model);
  const duration = event.duration_ms;
  if (
    duration !== undefined &&
    median !== undefined &&
    duration >= Math.max(SLOW_LEAST_MS, median * SLOW_FACTOR)
  )
    note(
      'latency_outlier',
      `the call took ${formatDuration(duration)}; the median of ${call.model} is ${formatDuration(median)}`,
    );
  return found;
}

/** A run that ended well although its last answer was only a pause. */
function examineEnd(event: EventRecord, byRun: ReadonlyMap<string, readonly CallFact[]>): SilentFailure[] {
  const last = byRun.get(runOf(event))?.at(-1);
  const reasons = last?.event['gen_ai.response.finish_reasons'] ?? [];
  if (last === undefined || event['agent.status'] !== 'ok' || !reasons.includes('pause_turn')) return [];
  return [
    {
      ...whereOf(event, undefined),
      step: last.step,
      kind: 'paused_at_end',
      text: 'the run ended on a paused turn that nobody continued',
    },
  ];
}

function whereOf(
  event: EventRecord,
  tool: string | undefined,
): Pick<SilentFailure, 'runId' | 'step' | 'tool' | 'atMs'> {
  return { runId: runOf(event), step: event['agent.step_number'] ?? 0, tool, atMs: event.timestamp };
}

function runOf(event: EventRecord): string {
  return event['agent.run_id'] ?? event.trace_id ?? '';
}

function collect(lists: Map<string, number[]>, key: string | undefined, value: number | undefined): void {
  if (key !== undefined && value !== undefined) addToGroup(lists, key, value);
}

function mapKnown(
  lists: ReadonlyMap<string, readonly number[]>,
  read: (values: readonly number[]) => number,
): Map<string, number> {
  const known = new Map<string, number>();
  for (const [key, values] of lists) if (values.length >= LEAST_VALUES) known.set(key, read(values));
  return known;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
