// A server that is killed between two requests of a trace: what it acknowledged is there, and the rest of the trace
// completes the run as if nothing had been.

import { expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, readRecording } from '../../fixtures/recorded-spans.ts';
import { startChildServer, type ChildServer } from '../child-server.ts';
import { JSON_TYPE, makeDataDir, post } from '../harness.ts';

it('kill −9 between the spans of a trace ends in the same run', async () => {
  const { spans } = readRecording('pydantic-ai-over-native');
  const late = Date.now() - Math.max(...spans.map(({ endMs }) => endMs));
  const nanos = (ms: number): string => String(BigInt(Math.floor((ms + late) * 1000)) * 1000n);
  const dataDir = await makeDataDir();
  let server: ChildServer = await startChildServer({ dataDir });
  for (const [index, span] of spans.entries()) {
    if (index % 4 === 3) {
      await server.stop('SIGKILL');
      server = await startChildServer({ dataDir });
    }
    const body = otlpJsonOf([
      { ...span, startTimeUnixNano: nanos(span.startMs), endTimeUnixNano: nanos(span.endMs) },
    ]);
    const answer = await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
  }
  const runs = (await (await fetch(`${server.uiUrl}/api/runs`)).json()) as unknown[];
  expect(runs).toMatchObject([{ ...CONVERSATION, 'user.id': 'cust-7', 'gen_ai.agent.name': 'support' }]);
  const cost = (await (await fetch(`${server.uiUrl}/api/signals/cost?window=24h`)).json()) as {
    value: number;
  };
  expect(cost.value).toBe(CONVERSATION['agent.cost_nano_usd']);
  await server.stop('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});
