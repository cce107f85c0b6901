// An agent loop on the Anthropic SDK in processes of every shape: a server, a thread, a worker of a cluster, a child.
import cluster from 'node:cluster';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';

const { WAY, IS_CHILD } = process.env;
const file = new URL(import.meta.url);

async function loop() {
  const { default: Anthropic } = await import('@anthropic-ai/sdk');
  const client = new Anthropic();
  const messages = [{ role: 'user', content: 'secret-prompt' }];
  const tools = [{ name: 'look', input_schema: { type: 'object' } }];
  for (;;) {
    const { content } = await client.messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      tools,
      messages,
    });
    messages.push({ role: 'assistant', content });
    const uses = content.filter(({ type }) => type === 'tool_use');
    if (uses.length === 0) return content[0].text;
    messages.push({
      role: 'user',
      content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'secret-result' })),
    });
  }
}

const ways = {
  async express() {
    const { default: express } = await import('express');
    const app = express();
    app.post('/ask', async (_request, response) => response.send(await loop()));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const answer = await fetch(`http://127.0.0.1:${port}/ask`, { method: 'POST' });
    console.log(await answer.text());
    server.close();
    server.closeAllConnections();
  },
  async thread() {
    if (isMainThread) await once(new Worker(file), 'exit');
    else console.log(await loop());
  },
  async cluster() {
    if (cluster.isPrimary) {
      await once(cluster.fork(), 'exit');
      return;
    }
    console.log(await loop());
    // As workers go that are told to: what is left is sent before.
    cluster.worker.disconnect();
  },
  async child() {
    if (IS_CHILD !== 'yes') {
      await once(fork(file.pathname, { env: { ...process.env, IS_CHILD: 'yes' } }), 'exit');
      return;
    }
    console.log(await loop());
    process.disconnect();
  },
  async pm2() {
    console.log(await loop());
  },
  /** The process is frozen when the answer is there, as such platforms do, and never goes on. */
  async lambda() {
    const { flush } = await import(process.env.API);
    const handler = async () => {
      try {
        return await loop();
      } finally {
        await flush();
      }
    };
    process.stdout.write(`${await handler()}\n`, () => process.kill(process.pid, 'SIGSTOP'));
  },
};
await ways[WAY]();
