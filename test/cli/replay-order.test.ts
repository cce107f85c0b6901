// An agent that does several things at once asks in another order each time.

import { expect, it } from '@jest/globals';
import { startReplayServer, type ReplayStep } from '../../cli/replay/replay-server.ts';

const request = (text: string): ReplayStep['request'] => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 10,
  messages: [{ role: 'user', content: text }],
});
const step = (text: string, id = text): ReplayStep => ({
  request: request(text),
  answer: { message: { id } },
});

async function ask(url: string, ...texts: readonly string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const text of texts) {
    const answer = await fetch(`${url}/v1/messages`, { method: 'POST', body: JSON.stringify(request(text)) });
    answers.push(answer.ok ? ((await answer.json()) as { id: string }).id : answer.status);
  }
  return answers;
}

it('each request gets the answer that was recorded for it, in whatever order they come', async () => {
  const server = await startReplayServer([step('a'), step('b'), step('again', '1'), step('again', '2')]);
  expect(await ask(server.url, 'again', 'b', 'again', 'a')).toEqual(['1', 'b', '2', 'a']);
  expect([server.served, server.missing, server.divergence]).toEqual([4, undefined, undefined]);
  await server.close();
});

it('the first step that was not asked for is the one that another request is compared with', async () => {
  const server = await startReplayServer([step('a'), step('b'), step('c')]);
  expect(await ask(server.url, 'b', 'a', 'd', 'c')).toEqual(['b', 'a', 409, 409]);
  expect([server.served, server.missing]).toEqual([2, 3]);
  expect(server.divergence).toMatchObject({ step: 3, part: 'message 1 (user)' });
  await server.close();
});
