// Scores the runs of a view by code: files of the user, or the built-in scorers.

import { formatCount, formatCountOf } from '../../core/text/format.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { openScoreSink, type RunScore } from '../files/score-sink.ts';
import { withSource, type SourceCliOptions } from '../source-options.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../../core/text/safe-text.ts';
import { readRunContent, type RunContent } from '../run/said-content.ts';
import { openScorers, scoreRun } from './open-scorers.ts';
import { factsOfTree } from './tree-facts.ts';

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
    const found: ReadRun[] = [];
    for (const id of ids) {
      const tree = await source.run(id);
      const facts = tree === undefined ? undefined : factsOfTree(tree);
      if (tree !== undefined && facts !== undefined)
        found.push({ facts, content: await readRunContent(source, tree) });
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

interface ReadRun {
  readonly facts: RunFacts;
  readonly content: RunContent | undefined;
}

async function scoresOf(
  name: string,
  runs: readonly ReadRun[],
): Promise<{ readonly scores: readonly RunScore[]; readonly faults: readonly string[] }> {
  const scorers = await openScorers([name]);
  const scores: RunScore[] = [];
  const faults: string[] = [];
  try {
    for (const { facts, content } of runs)
      for (const scorer of scorers) {
        const scored = await scoreRun(scorer, facts, content);
        scores.push(...scored.scores);
        faults.push(...scored.faults.map((fault) => `run ${facts.runId.slice(0, 8)}: ${fault}`));
      }
  } finally {
    await Promise.all(scorers.map((scorer) => scorer.close()));
  }
  return { scores, faults };
}
