// `tallyspan mcp` of a data folder, without a server: programs ask several things at once.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { PROGRAM } from '../../programs/tallyspan.ts';
import { sendEvents, startTestServer, type TestServer } from '../../server/harness.ts';
import { sampleRun } from '../../server/web/sample-run.ts';

let server: TestServer;
let client: Client;

async function ask(name: string): Promise<unknown> {
  const { isError, content } = await client.callTool({ name, arguments: {} });
  return isError === true ? content : 'answered';
}

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(server, sampleRun({ mark: 'a', endMs: Date.now() - 1000 }));
  await server.close();
  client = new Client({ name: 'test', version: '1.0.0' });
  const args = [PROGRAM, 'mcp', '--data', server.dataDir];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }));
});

afterAll(async () => {
  await client.close();
  await server.remove();
});

it('answers questions at once, and one after the other', async () => {
  const names = ['cost', 'runs', 'reconcile', 'signals', 'cost', 'runs'];
  const atOnce = await Promise.all(names.map(ask));
  const later = [await ask('cost'), await ask('runs')];
  expect([...atOnce, ...later]).toEqual(Array.from({ length: names.length + 2 }, () => 'answered'));
});

it('leaves the folder to a server that starts in between', async () => {
  await ask('cost');
  const again = await startTestServer({ dataDir: server.dataDir });
  await again.close();
  expect(await ask('cost')).toBe('answered');
});
