// An MCP server over stdin and stdout with one tool, as a project's own is.
import { createInterface } from 'node:readline';

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'shop', version: '1.0.0' },
  }),
  'tools/list': () => ({
    tools: [
      { name: 'stock', description: 'what is in stock', inputSchema: { type: 'object', properties: {} } },
    ],
  }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'three' }] }),
  ping: () => ({}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  const result = answers[method]?.(params ?? {});
  const answer = result === undefined ? { error: { code: -32601, message: 'not found' } } : { result };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
}
