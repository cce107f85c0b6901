// Scores that the program gives: of a run that goes on, they are kept until it ends, so that they say what it cost; of one
// that ended lately, they say whose it was; of any other the server finds that out.

import type { Span } from '@opentelemetry/api';
import { randomBytes, randomUUID } from 'node:crypto';
import { NewestMap } from '../../core/newest-map.ts';
import { scoreFields, type Score, type ScoreTarget } from '../../core/scores/score.ts';
import type { EventLog, Fields } from './event-log.ts';

/** What is scored, as far as the program knows it. */
export interface ScoredThing {
  readonly runId?: string | undefined;
  readonly target: ScoreTarget;
  readonly targetId?: string | undefined;
}

/** A run as far as its scores need it. */
export interface ScoredRun {
  readonly id: string;
  readonly span: Span;
  /** Until it ends. */
  readonly keptScores: KeptScore[];
  fields(): Fields;
}

export interface KeptScore {
  readonly atMs: number;
  readonly fields: Fields;
}

interface EndedRun {
  readonly traceId: string;
  readonly fields: Fields;
  /** `undefined` where it is not known. */
  readonly costNanoUsd: number | undefined;
}

/** Ended runs that are remembered, and scores that an open run keeps. */
const ENDED_LIMIT = 500;
const KEPT_LIMIT = 100;

/** The scores of one process. */
export class ScoreLog {
  readonly #events: EventLog;
  readonly #ended = new NewestMap<string, EndedRun>();
  #lastRevision = 0;

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** Remembers what later scores of the run will want to know. */
  rememberEnded(run: ScoredRun, fields: Fields, costNanoUsd: number | undefined): void {
    this.#ended.set(run.id, { traceId: run.span.spanContext().traceId, fields, costNanoUsd });
    while (this.#ended.size > ENDED_LIMIT) this.#ended.dropOldest();
  }

  /** Emits the scores that an ending run has kept. */
  emitKept(run: ScoredRun, costNanoUsd: number | undefined): void {
    const { traceId } = run.span.spanContext();
    for (const { atMs, fields } of run.keptScores.splice(0))
      this.#emit(traceId, atMs, { ...run.fields(), ...fields, score_run_cost_nano_usd: costNanoUsd });
  }

  /**
   * Records a score. The same id corrects the score that has it.
   * @throws ScoreError when it cannot be one
   */
  record(
    open: ReadonlySet<ScoredRun>,
    { runId, target, targetId }: ScoredThing,
    score: Score,
    id: string | undefined,
  ): void {
    const atMs = Date.now();
    // Several of one millisecond are told apart, and a later one corrects.
    this.#lastRevision = Math.max(this.#lastRevision + 1, atMs * 1000);
    const fields: Fields = {
      ...scoreFields(score),
      'tallyspan.score.target': target,
      'tallyspan.score.target_id': targetId,
      'tallyspan.key': id ?? randomUUID(),
      'tallyspan.revision': this.#lastRevision,
    };
    const run = [...open].find((one) => one.id === runId);
    if (run !== undefined) {
      if (run.keptScores.length < KEPT_LIMIT) run.keptScores.push({ atMs, fields });
      else this.#emit(run.span.spanContext().traceId, atMs, { ...run.fields(), ...fields });
      return;
    }
    const known = runId === undefined ? undefined : this.#ended.get(runId);
    this.#emit(known?.traceId, atMs, {
      ...known?.fields,
      ...(runId === undefined ? {} : { 'agent.run_id': runId }),
      ...(target === 'session' ? { 'gen_ai.conversation.id': targetId } : {}),
      ...fields,
      score_run_cost_nano_usd: known?.costNanoUsd,
    });
  }

  #emit(traceId: string | undefined, atMs: number, fields: Fields): void {
    const ids = {
      traceId: traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
    };
    this.#events.emit('agent.score', atMs, { ...ids, traceFlags: 0 }, fields);
  }
}
