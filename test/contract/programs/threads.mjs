// Three threads ask a model until it wants no tool, and are terminated with its answer: by the main thread, or with the
// process (`ENDING=exit`). With `ENDING=own` each ends itself, with `ENDING=tool` it is terminated while the tool works.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import Anthropic from '@anthropic-ai/sdk';

const ending = process.env.ENDING;
if (isMainThread) {
  const answers = Array.from({ length: 3 }, async () => {
    const worker = new Worker(new URL(import.meta.url));
    const [answer] = await once(worker, 'message');
    if (ending !== 'exit') await worker.terminate();
    return answer;
  });
  console.log((await Promise.all(answers)).join(' '));
  if (ending === 'exit') process.exit(3);
} else {
  const messages = [{ role: 'user', content: 'hello' }];
  const client = new Anthropic();
  const ask = () => client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, messages });
  let { content } = await ask();
  while (content[0].type === 'tool_use') {
    if (ending === 'tool') break;
    // Long enough for a part of it to arrive meanwhile.
    await sleep(600);
    messages.push({ role: 'assistant', content });
    messages.push({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: content[0].id, content: 'x'.repeat(500) }],
    });
    ({ content } = await ask());
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(content[0].type);
  if (ending === 'own') process.exit();
  setInterval(() => {}, 1_000);
}
