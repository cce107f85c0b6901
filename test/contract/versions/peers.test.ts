// Beside other instrumentations of the SDK, real packages at pinned versions, loaded before and after us: the
// program does what it does with them alone, each call has one event and one cost, and nothing of what goes
// through our pipeline is counted again by readers of foreign spans.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorExchange, type Scenario } from '../../fakes/anthropic-api.ts';
import { answer, streamedAnswer, text } from '../../fakes/messages.ts';
import { installPackages } from './cached-packages.ts';
import { eventsOf, openHarness, toldAgain, type Harness, type Outcome } from '../harness.ts';
import { PEERS } from './tested-versions.ts';

const PROGRAMS = path.join(import.meta.dirname, '../programs/peers');
const PRICED = 100 * 2_000 + 20 * 10_000;
/** What the first piece of the answer costs. */
const LEFT = 100 * 2_000 + 4 * 10_000;

function scenario(): Scenario {
  return {
    exchanges: [],
    respond: ({ body }) => {
      const { metadata, stream } = body as { metadata: { user_id: string }; stream?: boolean };
      if (metadata.user_id === 'bad_request') return errorExchange(400, 'invalid_request_error', 'no');
      return stream === true ? streamedAnswer({ blocks: [text('one two three four five six')] }) : answer();
    },
  };
}

describe.each(PEERS)('beside $name', ({ name, packages, broken = [] }) => {
  let harness: Harness;
  let folder: string | undefined;
  let alone: Outcome;

  const run = (folderOf: string, preloads: readonly string[]): Promise<Outcome> =>
    harness.run(path.join(folderOf, 'agent.cjs'), {
      scenario: scenario(),
      preload: 'none',
      environment: { NODE_OPTIONS: preloads.map((file) => `--require ${file}`).join(' ') },
    });

  beforeAll(async () => {
    harness = await openHarness();
    folder = await installPackages(name, packages);
    if (folder === undefined) return;
    for (const file of await readdir(PROGRAMS))
      await copyFile(path.join(PROGRAMS, file), path.join(folder, file));
    alone = await run(folder, [path.join(folder, `${name}.cjs`)]);
  }, 300_000);
  afterAll(() => harness.close());

  it.each(['we come first', 'it comes first'])('%s', async (order) => {
    if (folder === undefined) return;
    const preloads = [path.join(harness.packageDir, 'register.cjs'), path.join(folder, `${name}.cjs`)];
    const both = await run(folder, order === 'we come first' ? preloads : preloads.toReversed());

    expect(alone.code).toBe(3);
    expect(alone.stdout).not.toContain('peer saw 0');
    expect([both.stdout, both.stderr, both.code]).toEqual([alone.stdout, alone.stderr, alone.code]);
    expect(both.said).toEqual([]);

    const calls = eventsOf(both, 'agent.model_call').filter(
      (call) => !broken.includes(call['user.id'] ?? ''),
    );
    const expected = [
      ['create', PRICED],
      ['with_response', PRICED],
      ['stream', PRICED],
      ['stream_break', LEFT],
      ['helper', PRICED],
      ['bad_request', undefined],
    ].filter(([way]) => !broken.includes(String(way)));
    expect(calls.map((call) => [call['user.id'], call.cost_nano_usd])).toEqual(expected);

    expect(toldAgain(both)).toEqual([]);
    expect(new Set(both.spans.map(({ spanId }) => spanId)).size).toBe(both.spans.length);
  });
});
