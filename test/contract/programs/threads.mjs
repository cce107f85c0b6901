// Three threads ask a model and are terminated as soon as they tell of their answer: by the main thread, or with the process
// (`ENDING=exit`).
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import Anthropic from '@anthropic-ai/sdk';

if (isMainThread) {
  const isExit = process.env.ENDING === 'exit';
  const answers = Array.from({ length: 3 }, async () => {
    const worker = new Worker(new URL(import.meta.url));
    const [answer] = await once(worker, 'message');
    if (!isExit) await worker.terminate();
    return answer;
  });
  console.log((await Promise.all(answers)).join(' '));
  if (isExit) process.exit(3);
} else {
  const { content } = await new Anthropic().messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(content[0].type);
  setInterval(() => {}, 1_000);
}
