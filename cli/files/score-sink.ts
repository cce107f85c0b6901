// A score sink: where a command puts scores. The running server takes them over its API; a data folder that no server
// has open is written to.

import { openScoreBook } from '../../server/append-events.ts';
import { authorizationOf } from '../../server/asked-server.ts';
import { openSource } from '../../server/source.ts';
import type { RecordedScore } from '../../server/scores/record-scores.ts';
import type { Score } from '../../core/scores/score.ts';
import { CliError } from '../terminal/cli-error.ts';
import { sourceOptionsOf, type SourceCliOptions } from '../source-options.ts';
import type { CliIo } from '../terminal/io.ts';

export interface RunScore extends Score {
  /** Run id, or the beginning of it. */
  readonly run: string;
  /** Id of the score, made of the whole id of the run. */
  readonly id: (runId: string) => string;
}

export interface ScoreSink {
  /** @throws CliError when a run is not there, or the server does not take the scores */
  record(scores: readonly RunScore[]): Promise<readonly RecordedScore[]>;
  close(): Promise<void>;
}

const SCORES_PER_REQUEST = 500;

/** The running server, else the folder. */
export async function openScoreSink(options: SourceCliOptions, io: CliIo): Promise<ScoreSink> {
  const token = io.env['TALLYSPAN_TOKEN'] || undefined;
  const source = await openSource(sourceOptionsOf(options, io));
  const wholeIds = new Map<string, string>();
  const bodyOf = async (scores: readonly RunScore[]): Promise<Record<string, unknown>[]> => {
    for (const run of new Set(scores.map((score) => score.run))) {
      const found = wholeIds.get(run) ?? (await source.run(run))?.['agent.run_id'];
      if (found === undefined)
        throw new CliError(
          `no run begins with "${run}" in ${source.name}. List them: tallyspan runs --since 30d`,
        );
      wholeIds.set(run, found);
    }
    return scores.map((score) => {
      const run = wholeIds.get(score.run) as string;
      return { ...score, run, id: score.id(run) };
    });
  };
  if (/^https?:/.test(source.name)) {
    return {
      record: async (scores) => {
        const bodies = await bodyOf(scores);
        const recorded: RecordedScore[] = [];
        for (let from = 0; from < bodies.length; from += SCORES_PER_REQUEST)
          recorded.push(
            ...(await postScores(
              source.name,
              bodies.slice(from, from + SCORES_PER_REQUEST),
              token,
              io.signal,
            )),
          );
        return recorded;
      },
      close: () => source.close(),
    };
  }
  const dataDir = String((await source.meta())['data_dir']);
  return {
    record: async (scores) => {
      const bodies = await bodyOf(scores);
      // The folder is read by one and written by another: never at once.
      await source.close();
      const book = await openScoreBook(dataDir);
      try {
        return await book.record({ scores: bodies });
      } finally {
        await book.close();
      }
    },
    close: () => source.close(),
  };
}

async function postScores(
  url: string,
  scores: readonly Record<string, unknown>[],
  token: string | undefined,
  signal: AbortSignal,
): Promise<readonly RecordedScore[]> {
  const answer = await fetch(`${url}/api/scores`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...authorizationOf(token),
    },
    body: JSON.stringify({ scores }),
    signal,
  });
  const body = (await answer.json().catch(() => ({}))) as { scores?: RecordedScore[]; error?: string };
  if (!answer.ok || body.scores === undefined)
    throw new CliError(`${url} did not take the scores: ${body.error ?? `it answered ${answer.status}`}`);
  return body.scores;
}
