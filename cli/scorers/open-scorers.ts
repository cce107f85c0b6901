// Scorers by their names: the built-in ones, a check of the answer, a file of the user, or a folder of such files.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ANSWER_CHECKS, answerCheckOf, builtInScores } from '../../core/scores/built-in.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { ScoreError, scoreFields, type ScoreValue } from '../../core/scores/score.ts';
import type { RunScore } from '../files/score-sink.ts';
import type { RunContent } from '../run/said-content.ts';
import { CliError } from '../terminal/cli-error.ts';
import { CodeScorer } from './code-scorer.ts';

export const BUILT_IN = 'built-in';
/** No fault of the scorer. */
export const NOT_RECORDED = 'its answer was not recorded';
const SCORER_FILE = /\.[cm]?[jt]s$/;

export interface Scorer {
  readonly name: string;
  /** With its version. */
  readonly evaluator: string;
  score(
    run: RunFacts,
    content: RunContent | undefined,
  ): Promise<{ readonly scores: Readonly<Record<string, unknown>> } | { readonly error: string }>;
  close(): Promise<void>;
}

/** @throws CliError on a name that is none */
export async function openScorers(names: readonly string[]): Promise<readonly Scorer[]> {
  const scorers = await Promise.all(names.map(openScorer));
  return scorers.flat();
}

async function openScorer(name: string): Promise<readonly Scorer[]> {
  if (name === BUILT_IN)
    return [
      {
        name,
        evaluator: `${BUILT_IN}@1`,
        score: (run) => Promise.resolve({ scores: builtInScores(run) }),
        close: () => Promise.resolve(),
      },
    ];
  const check = checkOf(name);
  if (check !== undefined)
    return [
      {
        name,
        evaluator: `${BUILT_IN}@1`,
        score: (_run, content) =>
          Promise.resolve(
            content === undefined
              ? { error: NOT_RECORDED }
              : { scores: { [check.name]: check.isGood(content.output) } },
          ),
        close: () => Promise.resolve(),
      },
    ];
  const found = await stat(name).catch(() => undefined);
  if (found === undefined)
    throw new CliError(
      `there is no scorer ${name}. Name a file, a folder of files, ${BUILT_IN}, or a check of the answer: ${ANSWER_CHECKS.join(', ')}.`,
    );
  if (!found.isDirectory()) return [await CodeScorer.open(name)];
  const files = (await readdir(name)).filter((file) => SCORER_FILE.test(file) && !file.endsWith('.d.ts'));
  if (files.length === 0) throw new CliError(`${name} has no scorer: no .ts, .js or .mjs file.`);
  return Promise.all(files.toSorted().map((file) => CodeScorer.open(path.join(name, file))));
}

function checkOf(name: string): ReturnType<typeof answerCheckOf> {
  try {
    return answerCheckOf(name);
  } catch (error) {
    throw error instanceof ScoreError ? new CliError(error.message) : error;
  }
}

export interface ScoresOfRun {
  readonly scores: readonly RunScore[];
  /** Why there are less than were asked for. */
  readonly faults: readonly string[];
}

/** The scores of one run by one scorer, those that can be scores. @throws CliError when the scorer cannot be used at all */
export async function scoreRun(
  scorer: Scorer,
  run: RunFacts,
  content: RunContent | undefined,
): Promise<ScoresOfRun> {
  const given = await scorer.score(run, content);
  if ('error' in given) return { scores: [], faults: [given.error] };
  const scores: RunScore[] = [];
  const faults: string[] = [];
  for (const [name, value] of Object.entries(given.scores)) {
    const score = {
      name,
      value: value as ScoreValue,
      source: 'code' as const,
      evaluator: scorer.evaluator,
    };
    try {
      scoreFields(score);
      scores.push({ ...score, run: run.runId, id: (id) => `code/${id}/${scorer.name}/${name}` });
    } catch (error) {
      if (!(error instanceof ScoreError)) throw error;
      faults.push(error.message);
    }
  }
  return { scores, faults };
}
