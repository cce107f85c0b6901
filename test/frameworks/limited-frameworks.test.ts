// A limit holds whatever a program asks a model by: the matrix of frameworks, each stopped after its first call. What it
// refuses never leaves, and the program gets an error that nobody tries again.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { openHarness, type Harness } from '../contract/harness.ts';
import { ROWS } from '../../scripts/generate/frameworks/rows.ts';
import { agentScenario } from './agent-scenario.ts';
import { prepareRow } from './prepare-row.ts';

const INSTALL_MS = 300_000;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
  await mkdir(harness.spoolDir, { recursive: true });
});
afterAll(() => harness.close());

describe.each(ROWS.filter(({ isServer }) => isServer !== true).map((row) => [row.title, row] as const))(
  '%s',
  (_title, row) => {
    it(
      'is refused before its second call leaves',
      async () => {
        const prepared = await prepareRow(row);
        if (prepared === undefined) return;
        const folder = await mkdtemp(path.join(harness.spoolDir, 'file-'));
        const outcome = await harness.run(prepared.file, {
          ...prepared,
          scenario: agentScenario,
          preload: row.preload ?? 'import',
          environment: { ...prepared.environment, TALLYSPAN_LIMIT_TURNS: '1', TALLYSPAN_FILE: folder },
        });
        expect(outcome.requests).toHaveLength(1);
        expect(`${outcome.stdout}${outcome.stderr}`).toContain('limit of turns in the run reached');
        // The program ends by the error: what did not leave in time is in the file.
        const events = await readEvents(folder);
        const named = (name: string) => events.filter((event) => event['event.name'] === name);
        expect(named('agent.model_call')).toHaveLength(1);
        expect(named('agent.run')).toMatchObject([{ 'agent.status': 'turn_limit' }]);
        const refused = named('agent.limit').filter((event) => event['limit.action'] === 'refused');
        expect(refused).toMatchObject([{ 'limit.scope': 'turns', 'limit.rule': 'TALLYSPAN_LIMIT_TURNS' }]);
      },
      INSTALL_MS,
    );
  },
);

async function readEvents(folder: string): Promise<Readonly<Record<string, unknown>>[]> {
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
  );
}
