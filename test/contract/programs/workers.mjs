// Asks in the main thread, in a worker thread and in a forked process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import Anthropic from '@anthropic-ai/sdk';

const message = await new Anthropic().messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
});
const place = !isMainThread ? 'worker' : process.env.IS_FORK === 'yes' ? 'fork' : 'main';
console.log(place, message.content[0].text);
if (place === 'main') {
  await once(new Worker(new URL(import.meta.url)), 'exit');
  await once(fork(new URL(import.meta.url).pathname, { env: { ...process.env, IS_FORK: 'yes' } }), 'exit');
}
