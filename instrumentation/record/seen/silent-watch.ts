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

interface Samples {
  /** In no order. */
  readonly events: EventRecord[];
  /** Where the next one goes: into the place of the oldest, once there are enough. */
  next: number;
}

export class SilentWatch {
  readonly #events: EventLog;
  readonly #samples = new Map<string, Samples>();

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** A tool call ended. */
  seeTool(run: WatchedRun, atMs: number, span: SpanContext, fields: Fields): void {
    guard('silent tool', () => {
      const event = toolEvent(run, atMs, fields);
      const usual = this.#usualFor(`tool ${event['gen_ai.tool.name'] ?? ''}`, event);
      if (event['tool.ok'] === false) run.silent.failedTools.push(event);
      if (usual !== NOTHING_USUAL) this.#tell(run, span, findSilentFailures([event], usual));
    });
  }

  /** A model call ended. */
  seeCall(run: WatchedRun, atMs: number, span: SpanContext, fields: Fields): void {
    guard('silent call', () => {
      const event = callEvent(run, atMs, fields);
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
      const end: EventRecord = {
        'event.name': 'agent.run',
        timestamp: atMs,
        'agent.run_id': run.id,
        'agent.status': fields['agent.status'],
      };
      const found = findSilentFailures([call, end], NOTHING_USUAL);
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
    const usual =
      samples !== undefined && needsUsual(event) ? readUsualValues(samples.events) : NOTHING_USUAL;
    if (samples === undefined) {
      if (this.#samples.size >= MAX_NAMES) return usual;
      this.#samples.set(name, (samples = { events: [], next: 0 }));
    }
    samples.events[samples.next] = event;
    samples.next = (samples.next + 1) % MAX_SAMPLES;
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

// Small copies of events, of what the definitions read: kept samples must not hold on to whole requests.

function toolEvent(run: WatchedRun, atMs: number, fields: Fields): EventRecord {
  return {
    'event.name': 'agent.tool_call',
    timestamp: atMs,
    'agent.run_id': run.id,
    'agent.step_number': fields['agent.step_number'],
    'gen_ai.tool.name': fields['gen_ai.tool.name'],
    'tool.ok': fields['tool.ok'],
    'tool.result_len': fields['tool.result_len'],
    'tool.result_empty': fields['tool.result_empty'],
  };
}

function callEvent(run: WatchedRun, atMs: number, fields: Fields): EventRecord {
  return {
    'event.name': 'agent.model_call',
    timestamp: atMs,
    'agent.run_id': run.id,
    'agent.step_number': fields['agent.step_number'],
    'gen_ai.request.model': fields['gen_ai.request.model'],
    'gen_ai.response.model': fields['gen_ai.response.model'],
    'gen_ai.response.finish_reasons': fields['gen_ai.response.finish_reasons'],
    'error.type': fields['error.type'],
    duration_ms: fields.duration_ms,
    tokens_input: fields.tokens_input,
    tokens_cache_read: fields.tokens_cache_read,
    tokens_cache_write_5m: fields.tokens_cache_write_5m,
    tokens_cache_write_1h: fields.tokens_cache_write_1h,
    tokens_output: fields.tokens_output,
    cost_nano_usd: fields.cost_nano_usd,
  };
}
