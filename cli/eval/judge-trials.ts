// A judge beside the checks of an evaluation: what a model says of each trial's answer. It advises, and decides only where
// that is asked for: its verdicts vary, and a gate that is red by chance is switched off.

import type { JudgedShares, Trial } from '../../core/scores/evaluation.ts';
import { isSampled, readJudgeFile } from '../judge/judge-file.ts';
import { Judge, sdkOf } from '../judge/judge.ts';
import type { CliIo } from '../terminal/io.ts';
import type { KeptItem } from './dataset-file.ts';

export interface TrialJudge {
  /** Of trials that did what they had to: of a failed one nobody asks whether it is polite. */
  judge(item: KeptItem, trials: readonly Trial[]): Promise<JudgedShares>;
  readonly spentNanoUsd: number;
}

/** The limit of the file is that of the whole evaluation. @throws CliError */
export async function openTrialJudge(path: string, io: CliIo): Promise<TrialJudge> {
  const file = await readJudgeFile(path);
  const judge = new Judge({
    ask: await sdkOf(io.env),
    limitNanoUsd: file.maxCostPerDayNanoUsd,
    spentNanoUsd: 0,
    signal: io.signal,
  });
  return {
    get spentNanoUsd() {
      return judge.spentNanoUsd;
    },
    async judge(item, trials) {
      const shares: Record<string, { good: number; of: number }> = {};
      for (const [index, trial] of trials.entries())
        for (const rule of file.rules) {
          const [run] = trial.runs;
          if (!isSampled(rule, `${item.id}/${index}`)) continue;
          if (rule.agent !== undefined && rule.agent !== run?.agent) continue;
          const content = contentOf(item, trial);
          const { verdict } = await judge.judge(rule, { runId: item.id, agent: run?.agent, content });
          if ('noScore' in verdict) continue;
          const share = (shares[rule.name] ??= { good: 0, of: 0 });
          share.of += 1;
          if (verdict.isGood) share.good += 1;
        }
      return shares;
    },
  };
}

function contentOf({ input }: KeptItem, { output, runs }: Trial): string {
  const tools = runs.flatMap((run) => run.tools);
  return [
    `[user]\n${input ?? ''}`,
    `[tools called]\n${tools.join(', ') || 'none'}`,
    `[answer]\n${output}`,
  ].join('\n\n');
}
