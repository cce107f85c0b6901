// Scores the runs of a view by code: a file of the user, or the built-in scorers.

import { formatCount, formatCountOf } from '../../core/text/format.ts';
import { builtInScores } from '../../core/scores/built-in.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { ScoreError, scoreFields, type ScoreValue } from '../../core/scores/score.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { openScoreSink, type RunScore } from '../files/score-sink.ts';
import { withSource, type SourceCliOptions } from '../source-options.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../terminal/safe-text.ts';
import { CodeScorer } from './code-scorer.ts';
import { factsOfTree } from './tree-facts.ts';

const BUILT_IN = 'built-in';

export interface CodeOptions extends SourceCliOptions {
  readonly with: string;
  readonly since: number;
  readonly agent?: string;
  readonly failed?: boolean;
  readonly limit: number;
}

/** @throws CliError when the file cannot be used, or gave nothing of any run */
export async function scoreByCode(options: CodeOptions, runId: string | undefined, io: CliIo): Promise<void> {
  const runs = await withSource(options, io, async (source) => {
    const { agent, failed, limit } = options;
    const ids =
      runId === undefined
        ? (await source.runs({ agent, failed, limit, since: io.now() - options.since, sort: 'newest' }))
            .filter((run) => run['agent.status'] !== 'running')
            .map((run) => run['agent.run_id'])
        : [runId];
    const found: RunFacts[] = [];
    for (const id of ids) {
      const tree = await source.run(id);
      const facts = tree === undefined ? undefined : factsOfTree(tree);
      if (facts !== undefined) found.push(facts);
      else if (runId !== undefined) throw new CliError(`no run begins with "${id}" in ${source.name}.`);
    }
    return found;
  });
  const { scores, faults } = await scoresOf(options.with, runs);
  const sink = await openScoreSink(options, io);
  try {
    const recorded = scores.length === 0 ? [] : await sink.record(scores);
    const added = recorded.filter(({ outcome }) => outcome !== 'kept').length;
    const answer = { runs: runs.length, scores: recorded.length, new_scores: added, faults };
    writeAnswer(
      answer,
      options,
      io,
      (safe) =>
        `${formatCountOf(safe.scores, 'score')} of ${formatCountOf(safe.runs, 'run')}, ${formatCount(safe.new_scores)} new or corrected\n`,
    );
    for (const fault of faults.slice(0, 5)) io.stderr.write(`tallyspan: no score: ${safeText(fault)}\n`);
    if (faults.length > 0 && recorded.length === 0)
      throw new CliError(`${options.with} gave no score of any run`);
  } finally {
    await sink.close();
  }
}

async function scoresOf(
  file: string,
  runs: readonly RunFacts[],
): Promise<{ readonly scores: readonly RunScore[]; readonly faults: readonly string[] }> {
  const scorer = file === BUILT_IN ? undefined : await CodeScorer.open(file);
  const scores: RunScore[] = [];
  const faults: string[] = [];
  try {
    for (const run of runs) {
      const given = scorer === undefined ? { scores: builtInScores(run) } : await scorer.score(run);
      if ('error' in given) {
        faults.push(`run ${run.runId.slice(0, 8)}: ${given.error}`);
        continue;
      }
      for (const [name, value] of Object.entries(given.scores)) {
        const score = {
          name,
          value: value as ScoreValue,
          source: 'code' as const,
          evaluator: scorer?.evaluator ?? `${BUILT_IN}@1`,
        };
        try {
          scoreFields(score);
          scores.push({
            ...score,
            run: run.runId,
            id: (id) => `code/${id}/${scorer?.name ?? BUILT_IN}/${name}`,
          });
        } catch (error) {
          if (!(error instanceof ScoreError)) throw error;
          faults.push(`run ${run.runId.slice(0, 8)}: ${error.message}`);
        }
      }
    }
  } finally {
    await scorer?.close();
  }
  return { scores, faults };
}
