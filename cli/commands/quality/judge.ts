// `tallyspan judge FILE`: a model looks for one failure in each of the runs, by your own key and within a limit of its own.

import type { Command } from 'commander';
import type { EventRecord } from '../../../core/event.ts';
import { formatCost, formatCountOf } from '../../../core/text/format.ts';
import { RUNS_LIMIT } from '../../../server/queries/runs/run-filter.ts';
import { openSource, type RunTree } from '../../../server/source.ts';
import { parseMoney } from '../../check/limit-options.ts';
import { openEventSink } from '../../files/event-sink.ts';
import { openScoreSink } from '../../files/score-sink.ts';
import { readJudgeFile } from '../../judge/judge-file.ts';
import { judgeRuns } from '../../judge/judge-runs.ts';
import { judgeCostToday, lockFolder, sharedHold, type Release } from '../../judge/judge-limit.ts';
import { Judge, sdkOf } from '../../judge/judge.ts';
import { durationOption, parseCountUpTo } from '../../options.ts';
import { sourceOptionsOf, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';

interface JudgeOptions extends SourceCliOptions {
  readonly since: number;
  readonly agent?: string;
  readonly limit: number;
  readonly maxCost?: number;
  readonly timeout?: number;
}

export function registerJudge(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('judge')
      .description(
        'let a model look for failures in recorded runs, by your key and within a limit of its own',
      )
      .argument('<file>', 'the judge file: model, maxCostPerDay, and rules with one failure each')
      .argument('[run]', 'only this run')
      .addOption(durationOption('--since <time>', 'how far back to look', '24h'))
      .option('--agent <name>', 'only runs of this agent')
      .option('--limit <n>', 'at most this many runs', parseCountUpTo(RUNS_LIMIT), 100)
      .option('--max-cost <amount>', 'of this time, if less than the limit of the day', parseMoney)
      .addOption(durationOption('--timeout <time>', 'for each answer', '30s')),
  ).action(async (path: string, runId: string | undefined, options: JudgeOptions) => {
    const file = await readJudgeFile(path);
    const ask = await sdkOf(io.env);
    const source = await openSource(sourceOptionsOf(options, io));
    const isServer = /^https?:/.test(source.name);
    let judged;
    let meta;
    let unlock: Release | undefined;
    let isOpen = true;
    try {
      meta = await source.meta();
      // What was spent is recorded also when somebody interrupts.
      const untilDone = { ...io, signal: new AbortController().signal };
      if (!isServer) unlock = await lockFolder(String(meta['data_dir']));
      const sink = isServer ? await openEventSink(source, meta, untilDone) : undefined;
      const { agent, limit, since } = options;
      const ids =
        runId === undefined
          ? (await source.runs({ agent, limit, since: io.now() - since, sort: 'newest' }))
              .filter((run) => run['agent.status'] !== 'running')
              .map((run) => run['agent.run_id'])
          : [runId];
      const runs: RunTree[] = [];
      for (const id of ids) {
        const tree = await source.run(id);
        if (tree !== undefined) runs.push(tree);
        else if (runId !== undefined) throw new CliError(`no run begins with "${id}" in ${source.name}.`);
      }
      const spentNanoUsd = await judgeCostToday(source);
      const judge = new Judge({
        ask,
        limitNanoUsd: Math.min(file.maxCostPerDayNanoUsd, spentNanoUsd + (options.maxCost ?? Infinity)),
        spentNanoUsd,
        signal: io.signal,
        answerLimitMs: options.timeout,
        ...(sink === undefined
          ? {}
          : {
              hold: sharedHold(source, {
                url: source.name,
                token: io.env['TALLYSPAN_TOKEN'] || undefined,
                limitNanoUsd: file.maxCostPerDayNanoUsd,
              }),
              record: (call: EventRecord) => sink.append([call]),
            }),
      });
      judged = await judgeRuns(source, runs, file, judge, io.signal);
      // A folder is read by one and written by another: never at once.
      await source.close();
      isOpen = false;
      if (sink === undefined) {
        const events = await openEventSink(source, meta, untilDone);
        try {
          await events.append(judged.calls);
        } finally {
          await events.close();
        }
      }
    } finally {
      if (isOpen) await source.close();
      await unlock?.();
    }
    io.signal.throwIfAborted();
    if (judged.scores.length > 0) {
      const sink = await openScoreSink(options, io);
      try {
        await sink.record(judged.scores);
      } finally {
        await sink.close();
      }
    }
    const costNanoUsd = judged.calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0);
    const answer = {
      scores: judged.scores.map(({ run, name, value }) => ({ run, name, value })),
      no_score: judged.left,
      skipped: judged.skipped,
      calls: judged.calls.length,
      cost_nano_usd: costNanoUsd,
      limit_reached: judged.isOverLimit,
    };
    writeAnswer(answer, options, io, (safe) =>
      [
        ...safe.scores.map(
          ({ run, name, value }) =>
            `${name}: ${value === true ? 'good' : 'not good'}  run ${run.slice(0, 8)}\n`,
        ),
        ...safe.no_score.map(({ run, rule, why }) => `${rule}: no score  run ${run.slice(0, 8)}: ${why}\n`),
        `${formatCountOf(safe.scores.length, 'score')}, ${formatCountOf(safe.calls, 'call')} for ${formatCost(safe.cost_nano_usd)}${safe.limit_reached ? '; the limit of cost is used up' : ''}\n`,
      ].join(''),
    );
    if (judged.failure !== undefined)
      throw new CliError(
        `the judge failed time after time (${judged.failure}): nothing further was asked. Run it again later.`,
      );
    const failed = judged.calls.flatMap((call) => call['error.type'] ?? []);
    if (failed.length > 0)
      throw new CliError(
        `${failed.length} of ${formatCountOf(judged.calls.length, 'call')} failed (${[...new Set(failed)].join(', ')}): what they were about has no score. Run it again later.`,
      );
  });
}
