// Scores runs as they end, while the embedded server runs: by scorers in workers, and by a judge where one is set up. What
// goes wrong with one costs its own scores; the server does not wait for any of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { NewestMap } from '../../core/newest-map.ts';
import { formatCountOf } from '../../core/text/format.ts';
import type { RunningServer } from '../../server/start-server.ts';
import { openSource, type RunTree, type Source } from '../../server/source.ts';
import { openScoreSink, type RunScore } from '../files/score-sink.ts';
import { readJudgeFile, type JudgeFile } from '../judge/judge-file.ts';
import { judgeCostToday, sharedHold } from '../judge/judge-limit.ts';
import { judgeRuns } from '../judge/judge-runs.ts';
import { Judge, sdkOf, type AskModel } from '../judge/judge.ts';
import { readRunContent } from '../run/said-content.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../../core/text/safe-text.ts';
import { NOT_RECORDED, openScorers, scoreRun, type Scorer } from './open-scorers.ts';
import { factsOfTree } from './tree-facts.ts';

const LOOK_MS = 2000;
/** What belongs to a run comes within this time of its end. */
const SETTLE_MS = 2000;
/** Runs that ended before the start are looked at, too: nobody did while the server was down. */
const LOOK_BACK_MS = 3_600_000;
const RUNS_PER_LOOK = 200;
const KNOWN_RUNS = 5000;
/** A scorer that fails this often, one run after the other, is left alone until the next start. */
const FAULTS_LIMIT = 5;

export interface ScoringSetup {
  readonly scorers: readonly Scorer[];
  readonly judge: { readonly file: JudgeFile; readonly ask: AskModel } | undefined;
}

/** @throws CliError when a scorer or the judge file cannot be used */
export async function readScoringSetup(
  scorerNames: readonly string[],
  judgeFile: string | undefined,
  io: CliIo,
): Promise<ScoringSetup | undefined> {
  if (scorerNames.length === 0 && judgeFile === undefined) return undefined;
  const file = judgeFile === undefined ? undefined : await readJudgeFile(judgeFile);
  return {
    scorers: await openScorers(scorerNames),
    judge: file === undefined ? undefined : { file, ask: await sdkOf(io.env) },
  };
}

/** Resolves when the user asks the process to stop. */
export async function scoreEndedRuns(setup: ScoringSetup, server: RunningServer, io: CliIo): Promise<void> {
  const source = await openSource({ url: server.uiUrl, token: io.env['TALLYSPAN_TOKEN'] || undefined });
  const scoring = new Scoring(setup, source, server, io);
  try {
    while (!io.signal.aborted) {
      await scoring
        .look()
        .catch((error: unknown) => scoring.say(`runs were not looked at: ${(error as Error).message}`));
      await sleep(LOOK_MS, undefined, { signal: io.signal, ref: false }).catch(() => undefined);
    }
  } finally {
    await Promise.all([source.close(), ...setup.scorers.map((scorer) => scorer.close())]);
  }
}

class Scoring {
  readonly #setup: ScoringSetup;
  readonly #source: Source;
  readonly #server: RunningServer;
  readonly #io: CliIo;
  readonly #done = new NewestMap<string, true>();
  readonly #faults = new Map<Scorer, number>();
  readonly #said = new Set<string>();
  #sinceMs: number;

  constructor(setup: ScoringSetup, source: Source, server: RunningServer, io: CliIo) {
    this.#setup = setup;
    this.#source = source;
    this.#server = server;
    this.#io = io;
    this.#sinceMs = io.now() - LOOK_BACK_MS;
  }

  /** The same words once. */
  say(line: string): void {
    if (this.#io.signal.aborted || this.#said.has(line)) return;
    this.#said.add(line);
    this.#io.stderr.write(`scores: ${safeText(line)}\n`);
  }

  async look(): Promise<void> {
    const nowMs = this.#io.now();
    const found = await this.#source.runs({ since: this.#sinceMs, sort: 'newest', limit: RUNS_PER_LOOK });
    const ended = found.filter(
      (run) =>
        run.ended_at !== null &&
        Date.parse(run.ended_at) <= nowMs - SETTLE_MS &&
        this.#done.get(run['agent.run_id']) === undefined,
    );
    for (const run of ended.toReversed()) {
      if (this.#io.signal.aborted) return;
      this.#done.set(run['agent.run_id'], true);
      while (this.#done.size > KNOWN_RUNS) this.#done.dropOldest();
      const tree = await this.#source.run(run['agent.run_id']);
      if (tree === undefined) continue;
      const scores = [...(await this.#scoresOf(tree)), ...(await this.#judged(tree))];
      await this.#record(scores);
    }
    // A run may be stored some time after it ended.
    this.#sinceMs = Math.max(this.#sinceMs, nowMs - LOOK_BACK_MS);
  }

  async #scoresOf(tree: RunTree): Promise<readonly RunScore[]> {
    const facts = factsOfTree(tree);
    if (facts === undefined || this.#setup.scorers.length === 0) return [];
    const content = await readRunContent(this.#source, tree);
    const scores: RunScore[] = [];
    for (const scorer of this.#setup.scorers) {
      const faults = this.#faults.get(scorer) ?? 0;
      if (faults >= FAULTS_LIMIT) continue;
      const scored = await scoreRun(scorer, facts, content).catch((error: unknown) => ({
        scores: [],
        faults: [(error as Error).message],
      }));
      scores.push(...scored.scores);
      const hasFailed = scored.scores.length === 0 && scored.faults.some((fault) => fault !== NOT_RECORDED);
      this.#faults.set(scorer, hasFailed ? faults + 1 : 0);
      for (const fault of scored.faults) this.say(`${scorer.name}: ${fault}`);
      if (hasFailed && faults + 1 >= FAULTS_LIMIT)
        this.say(
          `${scorer.name} is left alone until the next start: it gave no score of ${formatCountOf(FAULTS_LIMIT, 'run')} in a row`,
        );
    }
    return scores;
  }

  async #judged(tree: RunTree): Promise<readonly RunScore[]> {
    const { judge: setup } = this.#setup;
    if (setup === undefined) return [];
    const limitNanoUsd = setup.file.maxCostPerDayNanoUsd;
    const judge = new Judge({
      ask: setup.ask,
      limitNanoUsd,
      spentNanoUsd: await judgeCostToday(this.#source),
      signal: this.#io.signal,
      hold: sharedHold(this.#source, {
        url: this.#server.uiUrl,
        token: this.#io.env['TALLYSPAN_TOKEN'] || undefined,
        limitNanoUsd,
      }),
      record: (call) => this.#server.appendEvents([call]),
    });
    const judged = await judgeRuns(this.#source, [tree], setup.file, judge, this.#io.signal);
    const failure = judged.calls.at(-1)?.['error.type'];
    if (failure !== undefined) this.say(`the judge failed: ${failure}`);
    if (judged.isOverLimit)
      this.say(`the limit of judges for ${new Date(this.#io.now()).toISOString().slice(0, 10)} is used up`);
    return judged.scores;
  }

  async #record(scores: readonly RunScore[]): Promise<void> {
    if (scores.length === 0) return;
    const sink = await openScoreSink({ url: this.#server.uiUrl }, this.#io);
    try {
      await sink.record(scores);
    } finally {
      await sink.close();
    }
  }
}
