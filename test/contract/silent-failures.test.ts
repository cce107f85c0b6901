// Silent failures noted in the process: what went wrong without an error is told when it shows, by the same
// definitions that readers use, and readers show each once.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import {
  findSilentFailures,
  readNotedFailures,
  readUsualValues,
  uniteFailures,
} from '../../core/attribution/silent-failures.ts';
import type { Scenario } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/silent.mjs');

const keyOf = ({ kind, runId }: { kind: string; runId: string }): string => `${kind} ${runId}`;

function scenario(): Scenario {
  return {
    exchanges: [],
    respond: ({ body }) => {
      const { messages, metadata } = body as { messages: unknown[]; metadata: { user_id: string } };
      if (messages.length === 1) return answer({ blocks: [toolUse('fetch', { n: 1 })] });
      const reasons: Readonly<Record<string, string>> = { 'cut-off': 'max_tokens', paused: 'pause_turn' };
      const stopReason = reasons[metadata.user_id] ?? 'end_turn';
      return answer({ blocks: [text('all fine')], stopReason });
    },
  };
}

describe('silent failures in the process', () => {
  let harness: Harness;
  let outcome: Outcome;
  beforeAll(async () => {
    harness = await openHarness();
    outcome = await harness.run(PROGRAM, { scenario: scenario() });
  });
  afterAll(() => harness.close());

  it('are notes on their run, with kind, step, tool and figures', () => {
    expect(outcome.code).toBe(0);
    const notes = eventsOf(outcome, 'agent.note').filter(
      (note) => note['agent.note.kind'] === 'silent_failure',
    );
    expect(
      notes.map((note) => [
        note['user.id'],
        note['agent.note.subject'],
        note['agent.step_number'],
        note['gen_ai.tool.name'],
        note['agent.note.value'],
      ]),
    ).toEqual([
      ['empty', 'empty_result', 1, 'fetch', 'fetch returned nothing; usually it returns something'],
      ['outsized', 'outsized_result', 1, 'fetch', 'fetch returned 9,000 characters; its median is 502'],
      [
        'ignored',
        'error_ignored',
        1,
        'fetch',
        'fetch failed, and the next answer was a final one (end_turn), as if it had not',
      ],
      ['cut-off', 'output_truncated', 2, undefined, 'the answer was cut off after 20 tokens (max_tokens)'],
    ]);
    const runs = new Map(eventsOf(outcome, 'agent.run').map((run) => [run['user.id'], run['agent.run_id']]));
    for (const note of notes) expect(note['agent.run_id']).toBe(runs.get(note['user.id']));
  });

  it('are what readers find by the same definitions, and are shown once', () => {
    const { events } = outcome;
    const found = findSilentFailures(events, readUsualValues(events));
    const noted = readNotedFailures(events);
    const shown = uniteFailures(found, noted);
    expect(noted.map(keyOf)).toEqual(shown.map(keyOf));
    expect(new Set(shown.map(keyOf)).size).toBe(shown.length);
    // What only the process saw is shown, too.
    expect(uniteFailures([], noted)).toEqual(noted);
  });
});
