// Scores that the program gives: of a run that goes on, they are kept until it ends, so that they say what it cost; of one
// that ended lately, they say whose it was; of any other the server finds that out.

import type { Span } from '@opentelemetry/api';
import { randomBytes, randomUUID } from 'node:crypto';
import { NewestMap } from '../../core/newest-map.ts';
import { scoreFields, type Score, type ScoreTarget } from '../../core/scores/score.ts';
import type { Fields } from './event-log.ts';
import type { Telemetry } from './telemetry.ts';

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
  readonly costNanoUsd: number;
}

/** Ended runs that are remembered, and scores that an open run keeps. */
const ENDED_LIMIT = 500;
const KEPT_LIMIT = 100;

const ended = new NewestMap<string, EndedRun>();
let lastRevision = 0;

/** Remembers what later scores of the run will want to know. */
export function rememberEndedRun(run: ScoredRun, fields: Fields, costNanoUsd: number): void {
  ended.set(run.id, { traceId: run.span.spanContext().traceId, fields, costNanoUsd });
  while (ended.size > ENDED_LIMIT) ended.dropOldest();
}

/** Emits the scores that an ending run has kept. */
export function emitKeptScores(telemetry: Telemetry, run: ScoredRun, costNanoUsd: number): void {
  const { traceId } = run.span.spanContext();
  for (const { atMs, fields } of run.keptScores.splice(0))
    emit(telemetry, traceId, atMs, { ...run.fields(), ...fields, score_run_cost_nano_usd: costNanoUsd });
}

/**
 * Records a score. The same id corrects the score that has it.
 * @throws ScoreError when it cannot be one
 */
export function recordScore(
  telemetry: Telemetry,
  open: ReadonlySet<ScoredRun>,
  { runId, target, targetId }: ScoredThing,
  score: Score,
  id: string | undefined,
): void {
  const atMs = Date.now();
  // Several of one millisecond are told apart, and a later one corrects.
  lastRevision = Math.max(lastRevision + 1, atMs * 1000);
  const fields: Fields = {
    ...scoreFields(score),
    'tallyspan.score.target': target,
    'tallyspan.score.target_id': targetId,
    'tallyspan.key': id ?? randomUUID(),
    'tallyspan.revision': lastRevision,
  };
  const run = [...open].find((one) => one.id === runId);
  if (run !== undefined) {
    if (run.keptScores.length < KEPT_LIMIT) run.keptScores.push({ atMs, fields });
    else emit(telemetry, run.span.spanContext().traceId, atMs, { ...run.fields(), ...fields });
    return;
  }
  const known = runId === undefined ? undefined : ended.get(runId);
  emit(telemetry, known?.traceId, atMs, {
    ...known?.fields,
    ...(runId === undefined ? {} : { 'agent.run_id': runId }),
    ...(target === 'session' ? { 'gen_ai.conversation.id': targetId } : {}),
    ...fields,
    score_run_cost_nano_usd: known?.costNanoUsd,
  });
}

function emit(telemetry: Telemetry, traceId: string | undefined, atMs: number, fields: Fields): void {
  const ids = { traceId: traceId ?? randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
  telemetry.events.emit('agent.score', atMs, { ...ids, traceFlags: 0 }, fields);
}
