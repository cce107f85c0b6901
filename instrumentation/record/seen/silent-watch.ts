// The silent watch: notes what went wrong without an error, as soon as it shows. The definitions are those that
// readers use (core); what is usual is measured on the latest results and calls of this process alone, so that a
// note needs no store. Readers who find the same show it once.

import type { SpanContext } from '@opentelemetry/api';
import type { EventRecord } from '../../../core/event.ts';
import {
  findSilentFailures,
  mayFailSilently,
  needsUsual,
  readUsualValues,
  SILENT_FAILURE_NOTE,
  type SilentFailure,
  type UsualValues,
} from '../../../core/attribution/silent-failures.ts';
import type { EventLog, Fields } from '../event-log.ts';
import { guard } from '../../process/guard.ts';

/** Latest results of a tool, or calls of a model, that say what is usual. */
const MAX_SAMPLES = 64;
/** Tools and models that are told apart; beyond it nothing is compared with what is usual. */
const MAX_NAMES = 256;

/** What has to be remembered of a run. */
export interface SilentMemory {
  /** The latest model call that ended. */
  call?: EventRecord;
  /** Tool calls since then that failed. */
  failedTools: EventRecord[];
}

interface WatchedRun {
  readonly id: string;
  readonly silent: SilentMemory;
  fields(): Fields;
}

/** The keys that the definitions read. */
const TOOL_KEYS = [
  'agent.step_number',
  'gen_ai.tool.name',
  'tool.ok',
  'tool.result_len',
  'tool.result_empty',
] as const;
const CALL_KEYS = [
  'agent.step_number',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.response.finish_reasons',
  'error.type',
  'duration_ms',
  'tokens_input',
  'tokens_cache_read',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
  'tokens_output',
  'cost_nano_usd',
] as const;
const RUN_KEYS = ['agent.status'] as const;

export class SilentWatch {
  readonly #events: EventLog;
  readonly #samples = new Map<string, EventRecord[]>();

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** A tool call ended. */
  seeTool(run: WatchedRun, atMs: number, span: SpanContext, fields: Fields): void {
    guard('silent tool', () => {
      const event = pick('agent.tool_call', run, atMs, fields, TOOL_KEYS);
      const usual = this.#usualFor(`tool ${event['gen_ai.tool.name'] ?? ''}`, event);
      if (event['tool.ok'] === false) run.silent.failedTools.push(event);
      if (usual !== NOTHING_USUAL) this.#tell(run, span, findSilentFailures([event], usual));
    });
  }

  /** A model call ended. */
  seeCall(run: WatchedRun, atMs: number, span: SpanContext, fields: Fields): void {
    guard('silent call', () => {
      const event = pick('agent.model_call', run, atMs, fields, CALL_KEYS);
      const usual = this.#usualFor(`model ${event['gen_ai.response.model'] ?? ''}`, event);
      const { call, failedTools } = run.silent;
      run.silent.call = event;
      if (failedTools.length === 0 && !mayFailSilently(event, call)) return;
      run.silent.failedTools = [];
      const found = findSilentFailures([...(call === undefined ? [] : [call]), ...failedTools, event], usual);
      const step = event['agent.step_number'];
      this.#tell(
        run,
        span,
        found.filter((failure) => failure.kind === 'error_ignored' || failure.step === step),
      );
    });
  }

  /** A run ended. */
  seeEnd(run: WatchedRun, atMs: number, span: SpanContext, fields: Fields): void {
    guard('silent end', () => {
      const { call } = run.silent;
      if (call === undefined || !isPaused(call)) return;
      const found = findSilentFailures([call, pick('agent.run', run, atMs, fields, RUN_KEYS)], NOTHING_USUAL);
      this.#tell(
        run,
        span,
        found.filter(({ kind }) => kind === 'paused_at_end'),
      );
    });
  }

  /** What is usual for the tool or model before this event, which is one of the samples from now on. */
  #usualFor(name: string, event: EventRecord): UsualValues {
    let samples = this.#samples.get(name);
    const usual = samples !== undefined && needsUsual(event) ? readUsualValues(samples) : NOTHING_USUAL;
    if (samples === undefined) {
      if (this.#samples.size >= MAX_NAMES) return usual;
      this.#samples.set(name, (samples = []));
    }
    samples.push(event);
    if (samples.length > MAX_SAMPLES) samples.shift();

    return usual;
  }

  #tell(run: WatchedRun, span: SpanContext, failures: readonly SilentFailure[]): void {
    for (const { kind, step, tool, atMs, text } of failures) {
      this.#events.emit('agent.note', atMs, span, {
        ...run.fields(),
        'agent.note.kind': SILENT_FAILURE_NOTE,
        'agent.note.subject': kind,
        'agent.note.value': text,
        'agent.step_number': step,
        'gen_ai.tool.name': tool,
      });
    }
  }
}

function isPaused(call: EventRecord): boolean {
  return call['gen_ai.response.finish_reasons']?.includes('pause_turn') === true;
}

const NOTHING_USUAL: UsualValues = { resultLen: new Map(), emptyShare: new Map(), callDurationMs: new Map() };

/** A small copy of an event of the run, whose own fields may stand elsewhere: kept samples must not hold on to whole requests. */
function pick(
  name: EventRecord['event.name'],
  run: WatchedRun,
  atMs: number,
  fields: Fields,
  keys: readonly (keyof Fields)[],
): EventRecord {
  const event: Record<string, unknown> = { 'event.name': name, timestamp: atMs, 'agent.run_id': run.id };
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as keyof Fields;
    if (fields[key] !== undefined) event[key] = fields[key];
  }
  return event as unknown as EventRecord;
}
