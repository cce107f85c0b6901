// The matrix of frameworks: real packages, each in a project of its own with a lockfile, run with the preload alone
// and bare. What each row shows is compared with what the API was asked, to the nano-dollar.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProcessReport } from '../../core/process-report.ts';
import { findDialect } from '../../core/dialects/normalise.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from '../contract/harness.ts';
import { AGENT_COST_NANO_USD, AGENT_TOKENS_IN, AGENT_TOKENS_OUT, agentScenario } from './agent-scenario.ts';
import { prepareRow } from './prepare-row.ts';
import { ROWS, type FrameworkRow } from '../../scripts/generate/frameworks/rows.ts';

const INSTALL_MS = 300_000;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

async function runRow(
  row: FrameworkRow,
  preload: 'none' | 'import' | 'require',
): Promise<Outcome | undefined> {
  const prepared = await prepareRow(row);
  if (prepared === undefined) return undefined;
  const environment = { ...prepared.environment, TALLYSPAN_REPORT: reportFile() };
  return harness.run(prepared.file, { ...prepared, environment, scenario: agentScenario, preload });
}

function reportFile(): string {
  return path.join(harness.spoolDir, 'report.jsonl');
}

/** How the calls of the process that reported last were seen. */
async function callsByWay(): Promise<unknown> {
  const lines = (await readFile(reportFile(), 'utf8')).trim().split('\n');
  return (JSON.parse(lines.at(-1) ?? '') as ProcessReport).callsByWay;
}

describe.each(ROWS.filter(({ isServer }) => isServer !== true).map((row) => [row.title, row] as const))(
  '%s',
  (_title, row) => {
    it(
      'is exact, and runs as without us',
      async () => {
        const [bare, observed] = [await runRow(row, 'none'), await runRow(row, row.preload ?? 'import')];
        if (bare === undefined || observed === undefined) return;
        expect([observed.stdout, observed.stderr, observed.code, observed.said]).toEqual([
          bare.stdout,
          bare.stderr,
          0,
          [],
        ]);
        expect(bare.stdout).toContain('secret-answer');
        expect(bare.requests).toHaveLength(3);
        const { agentName, sessionId, userId } = row;
        expect(
          eventsOf(observed, 'agent.run').map((run) => ({
            agent: run['gen_ai.agent.name'],
            status: run['agent.status'],
            turns: run['agent.turns'],
            tools: run['agent.tool_calls'],
            tokensIn: run['agent.tokens_in'],
            tokensOut: run['agent.tokens_out'],
            cost: run['agent.cost_nano_usd'],
            session: run['gen_ai.conversation.id'],
            user: run['user.id'],
            service: run['service.name'],
          })),
        ).toEqual([
          {
            agent: agentName ?? `tallyspan-${row.project}`,
            status: 'ok',
            turns: 3,
            tools: 2,
            tokensIn: AGENT_TOKENS_IN,
            tokensOut: AGENT_TOKENS_OUT,
            cost: AGENT_COST_NANO_USD,
            session: sessionId,
            user: userId,
            service: `tallyspan-${row.project}`,
          },
        ]);
        const calls = eventsOf(observed, 'agent.model_call');
        expect(calls).toHaveLength(3);
        const ways = await callsByWay();
        expect(ways).toEqual(row.isSeenInSdk === true ? { sdk: calls.length, request: 0 } : ways);
        // One call counts once: no span of others is left that readers would count.
        const foreign = observed.spans.filter(({ scope, name, attributes }) =>
          findDialect({ scopeName: scope, name, attributes }),
        );
        expect(foreign.map(({ name }) => name)).toEqual([]);
        expect(eventsOf(observed, 'agent.tool_call').map((tool) => tool['gen_ai.tool.name'])).toEqual([
          'look',
          'look',
        ]);
        // No prompt, argument, result or answer in what left the process.
        expect(JSON.stringify([observed.logs, observed.spans]).match(/"[^"]*":"[^"]*secret-\w+/g)).toBeNull();
      },
      INSTALL_MS,
    );
  },
);
