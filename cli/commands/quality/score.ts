// `tallyspan score`: scores of one run, given by hand or by a script.

import { InvalidArgumentError, type Command } from 'commander';
import {
  parseScoreValue,
  SCORE_SOURCES,
  ScoreError,
  scoreFields,
  type ScoreSource,
  type ScoreValue,
} from '../../../core/scores/score.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { RUNS_LIMIT } from '../../../server/queries/runs/run-filter.ts';
import { durationOption, parseCountUpTo, parseRunId } from '../../options.ts';
import { scoreByCode } from '../../scorers/score-by-code.ts';
import { openScoreSink } from '../../files/score-sink.ts';
import { withSourceOptions, type SourceCliOptions } from '../../source-options.ts';

interface ScoreCliOptions extends SourceCliOptions {
  readonly comment?: string;
  readonly source: ScoreSource;
  readonly author?: string;
  readonly evaluator?: string;
  readonly id?: string;
  readonly with?: string;
  readonly since: number;
  readonly agent?: string;
  readonly failed?: boolean;
  readonly limit: number;
}

export function registerScore(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('score')
      .description('score a run: a number, true or false for good or not, or a label')
      .argument('[run]', 'run id, or an unambiguous beginning of it', parseRunId)
      .argument('[scores...]', 'name=value, such as helpful=0.8, correct=true or fault=wrong_tool')
      .option(
        '--with <file>',
        'score runs by code: a file or folder of scorers, built-in, json, contains:TEXT, matches:PATTERN or equals:TEXT',
      )
      .addOption(durationOption('--since <time>', 'with --with: how far back to look', '24h'))
      .option('--agent <name>', 'with --with: only runs of this agent')
      .option('--failed', 'with --with: only runs that did not end ok')
      .option('--limit <n>', 'with --with: at most this many runs', parseCountUpTo(RUNS_LIMIT), RUNS_LIMIT)
      .option('--comment <text>', 'why')
      .option('--source <source>', `who scores: ${SCORE_SOURCES.join(', ')}`, parseSource, 'human')
      .option('--author <name>', 'person or program that gives the score (default: the user of this system)')
      .option('--evaluator <name>', 'evaluator and its version: refund-check@3')
      .option(
        '--id <id>',
        'id of the score; the same one again corrects it (default: by run, name and author)',
      ),
  ).action(async (run: string | undefined, texts: readonly string[], options: ScoreCliOptions) => {
    if (options.with !== undefined) {
      if (texts.length > 0) throw usageError('with --with the file gives the scores; name at most one run');
      await scoreByCode({ ...options, with: options.with }, run, io);
      return;
    }
    if (run === undefined || texts.length === 0)
      throw usageError('name a run and its scores: tallyspan score RUN helpful=0.8');
    const author = options.author ?? io.env['USER'] ?? io.env['USERNAME'];
    const scores = texts.map((text) => {
      const [name, value] = parseScore(text);
      const score = {
        name,
        value,
        comment: options.comment,
        source: options.source,
        author,
        evaluator: options.evaluator,
      };
      try {
        scoreFields(score);
      } catch (error) {
        throw error instanceof ScoreError ? usageError(`${text}: ${error.message}`) : error;
      }
      return score;
    });
    const sink = await openScoreSink(options, io);
    try {
      const recorded = await sink.record(
        scores.map((score) => ({
          run,
          ...score,
          // By the whole id of the run, whatever part of it was written.
          id: (runId: string) =>
            options.id === undefined
              ? `cli/${runId}/${score.name}/${author ?? ''}`
              : scores.length === 1
                ? options.id
                : `${options.id}/${score.name}`,
        })),
      );
      writeAnswer(recorded, options, io, (safe) =>
        safe.map(({ name, run: id, outcome }) => `${name}: ${outcome}  run ${id ?? ''}\n`).join(''),
      );
    } finally {
      await sink.close();
    }
  });
}

/** @throws CliError */
function parseScore(text: string): [name: string, value: ScoreValue] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw usageError(`"${text}" is no score; write a name and a value: helpful=0.8`);
  return [text.slice(0, at), parseScoreValue(text.slice(at + 1))];
}

function parseSource(text: string): ScoreSource {
  const found = SCORE_SOURCES.find((source) => source === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`"${text}" is none of ${SCORE_SOURCES.join(', ')}.`);
}
