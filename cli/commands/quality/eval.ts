// `tallyspan eval -- CMD`: runs a command on each item of a dataset, judges it, and compares with a baseline.

import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import {
  costOfTrial,
  findRegressions,
  resultOf,
  type Evaluation,
  type ItemResult,
  type Regression,
  type RegressionKind,
  type Trial,
} from '../../../core/scores/evaluation.ts';
import { beyondTexts } from '../../../core/scores/limits.ts';
import { factsOfRuns } from '../../../core/scores/run-facts.ts';
import { KEY_FILE } from '../../../server/store/file/content-cipher.ts';
import { parseMoney, parsePercent } from '../../check/limit-options.ts';
import { startObservation } from '../../check/observed-events.ts';
import { findRegister, NotStarted, runObserved } from '../../check/run-observed.ts';
import { datasetPath, DATASETS_FOLDER, readDataset, type KeptItem } from '../../eval/dataset-file.ts';
import { openTrialJudge } from '../../eval/judge-trials.ts';
import { renderJunit, renderMarkdown, summaryRows, type EvalReport } from '../../eval/eval-report.ts';
import { startItemReplay } from '../../eval/item-replay.ts';
import { checkResultFile, readTextFile, writeResultFile } from '../../files/text-file.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError, usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { startProgress } from '../../terminal/progress.ts';
import { durationOption, parseCountUpTo } from '../../options.ts';

const KINDS: readonly RegressionKind[] = [
  'pass',
  'missing',
  'prompt',
  'tools',
  'model',
  'loop',
  'cost',
  'judge',
];

interface EvalOptions {
  readonly dataset: string;
  readonly folder: string;
  readonly baseline?: string;
  readonly save?: string;
  readonly trials: number;
  readonly allow: readonly RegressionKind[];
  readonly costTolerance: number;
  readonly maxCost?: number;
  readonly maxCostPerItem?: number;
  readonly timeout?: number;
  readonly markdown?: string;
  readonly junit?: string;
  readonly replay?: boolean;
  readonly judge?: string;
  readonly judgeGates?: boolean;
  readonly key?: string;
  readonly json?: boolean;
}

export function registerEval(program: Command, io: CliIo): void {
  program
    .command('eval')
    .description('run a command on each item of a dataset, judge it, and compare with a baseline')
    .argument(
      '<command...>',
      'the command, after --; it finds its item in TALLYSPAN_ITEM_ID and TALLYSPAN_ITEM_INPUT',
    )
    .requiredOption('--dataset <name>', 'name of the dataset, or a path that ends in .jsonl')
    .option('--folder <dir>', 'folder of datasets', DATASETS_FOLDER)
    .option('--baseline <file>', 'result to compare with')
    .option('--save <file>', 'write the result, as a baseline for later')
    .option('--trials <n>', 'times that each item is run', parseCountUpTo(100), 1)
    .option('--allow <kinds>', `changes that are meant: ${KINDS.join(', ')}`, parseKinds, [])
    .option('--cost-tolerance <percent>', 'by how much an item may cost more', parsePercent, 0.1)
    .option('--replay', 'answer the command with what was recorded of each item, and ask no model')
    .option('--judge <file>', 'let a model judge the answers, by your key; it advises, and decides nothing')
    .option('--judge-gates', 'with --judge: what it finds worse than before is a regression')
    .option('--key <file>', `key of the recorded content (default: ${KEY_FILE} in the data folder)`)
    .option('--max-cost <amount>', 'stop when all trials together cost more', parseMoney)
    .option('--max-cost-per-item <amount>', 'of a trial, on average', parseMoney)
    .addOption(durationOption('--timeout <time>', 'stop a trial after this time'))
    .option('--markdown <file>', 'write a table for a pull request')
    .option('--junit <file>', 'write JUnit XML')
    .option('--json', 'print one JSON value')
    .addHelpText('after', '\nExit code: 0 without a regression, 1 with one, 2 when it was called wrongly.')
    .action(async (command: readonly string[], options: EvalOptions) => {
      const items = await readDataset(datasetPath(options.dataset, options.folder));
      const baseline = options.baseline === undefined ? undefined : await readBaseline(options.baseline);
      for (const file of [options.save, options.markdown, options.junit])
        if (file !== undefined) await checkResultFile(file);
      const { results, overLimits, isWhole } = await runItems(items, command, options, io);
      const evaluation: Evaluation = { dataset: path.basename(options.dataset, '.jsonl'), items: results };
      const tolerance = { allowed: options.allow, cost: options.costTolerance };
      const all = findRegressions(evaluation, baseline, tolerance, items);
      const isAdvice = ({ kind }: Regression): boolean => kind === 'judge' && options.judgeGates !== true;
      const regressions = all.filter((one) => !isAdvice(one));
      const report = { evaluation, baseline, regressions, advice: all.filter(isAdvice), overLimits };
      if (options.save !== undefined && !isWhole)
        io.stderr.write(`tallyspan: ${options.save} is not written: not every trial was run\n`);
      else if (options.save !== undefined)
        await writeResultFile(options.save, `${JSON.stringify(evaluation, undefined, 2)}\n`);
      if (options.markdown !== undefined) await writeResultFile(options.markdown, renderMarkdown(report));
      if (options.junit !== undefined) await writeResultFile(options.junit, renderJunit(report));
      writeAnswer(report, options, io, renderEval);
      const found = regressions.length + overLimits.length;
      if (found > 0) throw new CliError(`${options.dataset}: ${found} found that should not be`);
    });
}

interface RunItems {
  readonly results: readonly ItemResult[];
  readonly overLimits: readonly string[];
  /** False where a limit was reached before. */
  readonly isWhole: boolean;
}

async function runItems(
  items: readonly KeptItem[],
  command: readonly string[],
  options: EvalOptions,
  io: CliIo,
): Promise<RunItems> {
  const results: ItemResult[] = [];
  const overLimits: string[] = [];
  const judge = options.judge === undefined ? undefined : await openTrialJudge(options.judge, io);
  const progress = startProgress('eval', items.length, io);
  const { maxCost = Infinity } = options;
  let spentNanoUsd = 0;
  let isWhole = true;
  try {
    for (const [index, item] of items.entries()) {
      const trials: Trial[] = [];
      while (trials.length < options.trials && spentNanoUsd <= maxCost) {
        const trial = await runTrial(item, command, options, io);
        trials.push(trial);
        spentNanoUsd += costOfTrial(trial) ?? 0;
        io.signal.throwIfAborted();
      }
      const judged = await judge?.judge(item, trials);
      const result = { ...resultOf(item, trials), ...(judged === undefined ? {} : { judged }) };
      results.push(result);
      progress.advance(1);
      overLimits.push(...itemLimits(result, options));
      if (spentNanoUsd > maxCost) {
        isWhole = trials.length === options.trials && index === items.length - 1;
        const [cost, limit] = beyondTexts(spentNanoUsd, maxCost);
        const run = `${results.length} of ${items.length} items were run`;
        const part =
          trials.length < options.trials
            ? `, the last one in ${trials.length} of ${options.trials} trials`
            : '';
        overLimits.push(`the trials cost ${cost}, the limit is ${limit}: ${run}${part}`);
        break;
      }
    }
  } finally {
    progress.stop();
  }
  return { results, overLimits, isWhole };
}

function itemLimits(
  { id, costNanoUsd, trials }: ItemResult,
  { maxCost, maxCostPerItem }: EvalOptions,
): string[] {
  if (costNanoUsd === null && (maxCost !== undefined || maxCostPerItem !== undefined))
    return [`${id}: its cost is not known`];
  if (maxCostPerItem === undefined || costNanoUsd === null) return [];
  // A mean is no whole number: what is compared is.
  if (Math.round(costNanoUsd * trials) <= maxCostPerItem * trials) return [];
  const [cost, limit] = beyondTexts(costNanoUsd, maxCostPerItem);
  return [`${id} costs ${cost}, the limit is ${limit}`];
}

async function runTrial(
  item: KeptItem,
  command: readonly string[],
  options: EvalOptions,
  io: CliIo,
): Promise<Trial> {
  const replay = options.replay === true ? await startItemReplay(item, options.key, io) : undefined;
  const observation = await startObservation(findRegister(), io.env);
  try {
    const { stdout, exitCode, isTimeout, isCut } = await runObserved(command, observation, {
      env: {
        ...io.env,
        ...replay?.env,
        TALLYSPAN_ITEM_ID: item.id,
        TALLYSPAN_ITEM_INPUT: item.input ?? '',
      },
      timeoutMs: options.timeout,
      signal: io.signal,
      stdout: 'collect',
      isAlone: true,
    }).catch((error: unknown) => {
      throw error instanceof NotStarted ? usageError(error.message) : error;
    });
    const events = await observation.events();
    const divergence = replay?.divergence();
    const runs = factsOfRuns(events);
    return { output: stdout, exitCode, isTimeout, isOutputCut: isCut, events, runs, divergence };
  } finally {
    await observation.close();
    await replay?.close();
  }
}

function renderEval(report: EvalReport): string {
  const rows = summaryRows(report).map(
    ([title, now, before]) =>
      `${title.padEnd(15)}${now.padStart(10)}${report.baseline === undefined ? '' : `  before ${before}`}\n`,
  );
  const found = report.regressions.map(({ item, kind, text }) => `${kind}: ${item}: ${text}\n`);
  const advice = report.advice.map(({ item, text }) => `advice: ${item}: ${text}\n`);
  return [...rows, ...found, ...advice, ...report.overLimits.map((text) => `limit: ${text}\n`)].join('');
}

/** @throws CliError */
async function readBaseline(file: string): Promise<Evaluation> {
  const text = await readTextFile(file).catch(() => {
    throw usageError(`there is no baseline ${file}. Make one with --save ${file}`);
  });
  try {
    const read = JSON.parse(text) as Evaluation;
    if (Array.isArray(read.items) && read.items.every(isItemResult)) return read;
  } catch {
    // Said below.
  }
  throw usageError(`${file} is no baseline: make one with --save.`);
}

function isItemResult(item: Partial<ItemResult> | null): boolean {
  return (
    typeof item?.id === 'string' &&
    [item.trials, item.passed, item.turns].every((value) => typeof value === 'number') &&
    [item.prompt, item.tools, item.model].every((value) => Array.isArray(value))
  );
}

function parseKinds(text: string): readonly RegressionKind[] {
  return text.split(',').map((part) => {
    const kind = KINDS.find((one) => one === part.trim());
    if (kind === undefined) throw new InvalidArgumentError(`"${part}" is none of ${KINDS.join(', ')}.`);
    return kind;
  });
}
