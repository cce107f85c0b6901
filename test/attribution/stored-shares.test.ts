// From the SDK to the embedded server: what is stored of each call sums to its cost, and no sum of shares counts twice,
// also of a process that was killed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { openDatabaseReadOnly } from '../../server/store/file/database.ts';
import { EXAMPLE, openHarness, type Harness } from '../contract/harness.ts';
import { answer, toolUse } from '../fakes/messages.ts';
import { makeDataDir, startTestServer, type TestServer } from '../server/harness.ts';

describe('the shares that are stored', () => {
  let server: TestServer;
  let harness: Harness;
  let dataDir: string;
  beforeAll(async () => {
    harness = await openHarness();
    dataDir = await makeDataDir();
    server = await startTestServer({ dataDir });
  });
  afterAll(() => harness.close());

  it('sum to each call, after kill −9 too', async () => {
    const to = { protocol: 'http/protobuf', endpoint: { url: `http://${server.httpAddress}` } } as const;
    const example = await harness.run(EXAMPLE, { scenario: supportAgentScenario(), ...to });
    expect(example.code).toBe(0);
    const killed = await harness.run(path.join(import.meta.dirname, '../contract/programs/wait-in-run.mjs'), {
      scenario: {
        exchanges: Array.from({ length: 6 }, () => answer({ blocks: [toolUse('step', {})] })),
      },
      ...to,
      during: async (child) => {
        while ((await countCalls()) < 11 + 6) await sleep(50);
        child.kill('SIGKILL');
      },
    });
    expect([killed.signal, await countCalls()]).toEqual(['SIGKILL', 11 + 6]);
    // The next process closes what was left. It gets the same responses, which count once, with their shares.
    await harness.run(EXAMPLE, { scenario: supportAgentScenario(), ...to });
    await server.close();

    const database = await openDatabaseReadOnly(dataDir);
    const calls = await database.all(
      `SELECT span_id, cost_nano_usd AS cost, (SELECT sum(cost_nano_usd) FROM agent_tool_cost AS share
         WHERE share.span_id = call.span_id AND tallyspan_duplicate IS NOT TRUE)::BIGINT AS shares
       FROM agent_model_call AS call WHERE tallyspan_duplicate IS NOT TRUE`,
    );
    expect(calls).toHaveLength(11 + 6);
    for (const { cost, shares } of calls) expect(shares).toBe(cost);
    // Rows that sum up the same are kept, and count nowhere.
    const [sums] = await database.all(
      `SELECT sum(cost_nano_usd)::BIGINT AS cost, (SELECT sum(cost_nano_usd) FROM agent_model_call)::BIGINT AS all_cost,
         bool_and(tallyspan_duplicate) AS marked FROM agent_tool_cost WHERE tallyspan_calls IS NOT NULL`,
    );
    expect(sums?.['marked']).toBe(true);
    expect(Number(sums?.['cost'])).toBeGreaterThan(0);
    expect(Number(sums?.['cost'])).toBeLessThanOrEqual(Number(sums?.['all_cost']));
    await database.close();
  });

  async function countCalls(): Promise<number> {
    const answered = await fetch(new URL('/api/signals/model_calls?window=1h', server.uiUrl));
    const { value } = (await answered.json()) as { value: number | null };
    return value ?? 0;
  }
});
