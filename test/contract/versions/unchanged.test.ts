// Laws 2 and 8, where it is easily overlooked: what a program sees when it looks closer at methods, stacks of errors,
// iterators and timers.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Exchange, RecordedRequest, Scenario } from '../../fakes/anthropic-api.ts';
import { answer, streamedAnswer } from '../../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from '../harness.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/unchanged.mjs');

function reply(request: RecordedRequest): Exchange {
  const { stream, model } = request.body as { stream?: boolean; model?: string };
  if (model === 'no-json') return { json: '{"id":' };
  return stream === true ? streamedAnswer() : answer();
}

/** Ids of messages go on from one run to the next. */
const stderrOf = ({ stderr }: Outcome): string => stderr.replaceAll(/msg_\d+/g, 'msg');

const SCENARIO: Scenario = { exchanges: [], respond: reply };

describe.each(['@anthropic-ai/sdk', 'anthropic-sdk-0-39-0'])(
  'a program that looks closely, with %s',
  (sdk) => {
    let harness: Harness;
    let bare: Outcome;
    let observed: Outcome;

    beforeAll(async () => {
      harness = await openHarness();
      const options = { scenario: SCENARIO, environment: { SDK: sdk }, protocol: 'http/protobuf' as const };
      bare = await harness.run(PROGRAM, { ...options, preload: 'none' });
      observed = await harness.run(PROGRAM, options);
    });
    afterAll(() => harness.close());

    it('sees nothing of the preload', () => {
      expect(observed.stdout).toBe(bare.stdout);
      expect([stderrOf(observed), observed.code]).toEqual([stderrOf(bare), 0]);
      expect(bare.stdout).toContain('programs/unchanged.mjs');
    });

    it('is observed all the same, also what it does by a clock of its own', () => {
      expect(eventsOf(observed, 'agent.model_call').length).toBeGreaterThan(0);
    });
  },
);
