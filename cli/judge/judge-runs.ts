// Judges stored runs: those that a rule is about and that it has not scored yet. Scores and calls go where the runs came from.

import type { EventRecord } from '../../core/event.ts';
import type { RunTree, Source } from '../../server/source.ts';
import type { RunScore } from '../files/score-sink.ts';
import { isSampled, judgeVersion, type JudgeFile } from './judge-file.ts';
import type { Judge } from './judge.ts';
import { readRunContent } from '../run/said-content.ts';

export interface JudgedRuns {
  readonly scores: readonly RunScore[];
  readonly calls: readonly EventRecord[];
  readonly left: readonly { readonly run: string; readonly rule: string; readonly why: string }[];
  /** Runs that a rule was not asked about: another agent, not drawn, or scored before. */
  readonly skipped: number;
  readonly isOverLimit: boolean;
  /** Why further runs were left: the last failures in a row were this one. */
  readonly failure: string | undefined;
}

/** A wrong key or a rate limit is no better for the next run. */
const FAILURES_LIMIT = 5;

export async function judgeRuns(
  source: Source,
  runs: readonly RunTree[],
  file: JudgeFile,
  judge: Judge,
  signal: AbortSignal,
): Promise<JudgedRuns> {
  const scores: RunScore[] = [];
  const calls: EventRecord[] = [];
  const left: { run: string; rule: string; why: string }[] = [];
  let skipped = 0;
  let failures = 0;
  const result = (isOverLimit: boolean, failure?: string): JudgedRuns => ({
    scores,
    calls,
    left,
    skipped,
    isOverLimit,
    failure,
  });
  for (const run of runs) {
    const runId = run['agent.run_id'];
    const agent = run['gen_ai.agent.name'] ?? undefined;
    const rules = file.rules.filter(
      (rule) =>
        (rule.agent === undefined || rule.agent === agent) &&
        isSampled(rule, runId) &&
        !run.scores.some((score) => score['tallyspan.score.evaluator'] === judgeVersion(rule)),
    );
    skipped += file.rules.length - rules.length;
    if (rules.length === 0) continue;
    const content = await readRunContent(source, run);
    for (const rule of rules) {
      const judged = await judge.judge(rule, { runId, agent, content: content?.conversation });
      calls.push(...judged.calls);
      if ('noScore' in judged.verdict)
        left.push({ run: runId, rule: rule.name, why: judged.verdict.noScore });
      else
        scores.push({
          run: runId,
          name: rule.name,
          value: judged.verdict.isGood,
          source: 'judge',
          author: rule.model,
          evaluator: judgeVersion(rule),
          id: (id) => `judge/${id}/${rule.name}`,
        });
      if (signal.aborted) return result(false);
      if (judged.isOverLimit) return result(true);
      if (judged.calls.length === 0) continue;
      const failure = judged.calls.at(-1)?.['error.type'];
      failures = failure === undefined ? 0 : failures + 1;
      if (failures >= FAILURES_LIMIT) return result(false, failure);
    }
  }
  return result(false);
}
