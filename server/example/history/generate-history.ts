// Generated history for `tallyspan demo --days N` and for the example data of an empty server: runs of three agents with a daily rhythm and faults,
// and a story in the last hours: the support agent sends its tools in changing order,
// which breaks its cache.
// Everything follows from the seed and the end time.

import type { EventRecord } from '../../../core/event.ts';
import { generateRun } from './generate-run.ts';
import { AGENTS, loadAt } from './profiles.ts';
import { Random } from './random.ts';

export interface HistoryOptions {
  readonly days: number;
  /** End of the history, Unix milliseconds. */
  readonly untilMs: number;
  readonly seed: number;
  /** Of the usual number of runs; 1 by default. */
  readonly share?: number;
}

const HOUR_MS = 3_600_000;
const STORY_HOURS = 5;

/** The events of each hour, oldest first. */
export function* generateHistory(options: HistoryOptions): Generator<EventRecord[]> {
  const { share = 1 } = options;
  const random = new Random(options.seed);
  const instance = `history-${String(options.seed)}-${String(options.untilMs)}`;
  const storyMs = options.untilMs - STORY_HOURS * HOUR_MS;
  let sequence = 0;
  for (
    let hourMs = options.untilMs - options.days * 24 * HOUR_MS;
    hourMs < options.untilMs;
    hourMs += HOUR_MS
  ) {
    const runs: EventRecord[] = [];
    for (const agent of AGENTS) {
      const areToolsShuffled = hourMs >= storyMs && agent.name === 'support';
      for (let n = random.count(agent.runsPerHour * loadAt(hourMs) * share); n > 0; n -= 1) {
        const startMs = hourMs + Math.floor(random.next() * HOUR_MS);
        runs.push(...generateRun(agent, startMs, areToolsShuffled, random));
      }
    }
    yield runs
      .filter((event) => event.timestamp <= options.untilMs)
      .toSorted((a, b) => a.timestamp - b.timestamp)
      .map((event) => {
        sequence += 1;
        return {
          ...event,
          'service.name': 'demo-history',
          'service.instance.id': instance,
          'tallyspan.seq': sequence,
        };
      });
  }
}
