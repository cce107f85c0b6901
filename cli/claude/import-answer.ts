// What an import of transcripts answers as JSON.

import { usdOf } from '../../core/money.ts';
import type { ImportPlan, ImportTally } from './import-claude.ts';

export interface PlanAnswer {
  readonly sessions: number;
  readonly files: number;
  readonly bytes: number;
  readonly unchanged_sessions: number;
  /** By the folder in which the sessions lie, the largest first. */
  readonly folders: readonly {
    readonly folder: string;
    readonly sessions: number;
    readonly files: number;
    readonly bytes: number;
  }[];
}

export function answerOfPlan(plan: ImportPlan): PlanAnswer {
  const folders = new Map<string, { sessions: number; files: number; bytes: number }>();
  for (const { folder, files } of plan.sessions) {
    const sum = folders.get(folder) ?? { sessions: 0, files: 0, bytes: 0 };
    folders.set(folder, sum);
    sum.sessions++;
    sum.files += files.length;
    for (const file of files) sum.bytes += file.bytes;
  }
  return {
    sessions: plan.sessions.length,
    files: plan.files,
    bytes: plan.bytes,
    unchanged_sessions: plan.unchanged,
    folders: [...folders].map(([folder, sum]) => ({ folder, ...sum })).toSorted((a, b) => b.bytes - a.bytes),
  };
}

export function answerOfTally(tally: ImportTally): Readonly<Record<string, unknown>> {
  return {
    sessions: tally.sessions,
    files: tally.files,
    lines: tally.lines,
    messages: tally.messages,
    events: tally.events,
    model_calls: tally.calls,
    copied_calls: tally.copies,
    cost_nano_usd: tally.costNanoUsd,
    cost_usd: usdOf(tally.costNanoUsd),
    not_in_transcript_nano_usd: tally.remainderNanoUsd,
    not_in_transcript_usd: usdOf(tally.remainderNanoUsd),
    malformed_lines: tally.malformed,
    unknown_lines: Object.fromEntries(tally.unknown),
    more_than_counted: tally.shortfalls,
    unreadable_files: tally.faults,
  };
}
