// An agent loop without any SDK, by the HTTP client that CLIENT names.
const { CLIENT, ANTHROPIC_BASE_URL: base } = process.env;
const url = `${base}/v1/messages`;
const headers = { 'content-type': 'application/json', 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
const model = 'claude-sonnet-4-5';

/** Forwards requests, and tunnels: which of both is used depends on the version. */
const PROXY = `
  const { createServer, request } = require('node:http');
  const { connect } = require('node:net');
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    incoming.pipe(request(url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    }));
  });
  proxy.on('connect', ({ url }, socket) => {
    const [host, port] = url.split(':');
    const far = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\\r\\n\\r\\n');
      far.pipe(socket).pipe(far);
    });
  });
  proxy.listen(0, '127.0.0.1', () => process.stdout.write(String(proxy.address().port)));`;

async function byUndici(name, dispatcherOf = () => undefined) {
  const undici = await import(name);
  const dispatcher = dispatcherOf(undici);
  return async (body) => {
    const answer = await undici.request(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    return answer.body.json();
  };
}

const clients = {
  undici: () => byUndici('undici'),
  'undici-7': () => byUndici('undici-7'),
  'undici-6': () => byUndici('undici-6'),
  'undici-pool': () => byUndici('undici', ({ Pool }) => new Pool(base, { connections: 1 })),
  'undici-proxy': async () => {
    // Another process: here its requests would be ours as well.
    const { spawn } = await import('node:child_process');
    const proxy = spawn(process.execPath, ['-e', PROXY], { stdio: ['pipe', 'pipe', 'inherit'] });
    const port = await new Promise((resolve) => proxy.stdout.once('data', (text) => resolve(String(text))));
    process.once('exit', () => proxy.kill());
    for (const held of [proxy, proxy.stdin, proxy.stdout]) held.unref();
    return byUndici('undici', ({ ProxyAgent }) => new ProxyAgent(`http://127.0.0.1:${port}`));
  },
  'undici-fetch': async () => {
    const { fetch } = await import('undici');
    return async (body) => (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  },
  axios: async () => {
    const { default: axios } = await import('axios');
    return async (body) => (await axios.post(url, body, { headers })).data;
  },
  got: async () => {
    const { default: got } = await import('got');
    return (body) => got.post(url, { headers, json: body }).json();
  },
  'node-fetch': async () => {
    const { default: fetch } = await import('node-fetch');
    return async (body) => (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  },
  bedrock: async () => {
    const { BedrockRuntimeClient, InvokeModelCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const client = new BedrockRuntimeClient({
      endpoint: base,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler: new NodeHttpHandler(),
    });
    return async ({ model: _model, ...body }) => {
      const { body: answer } = await client.send(
        new InvokeModelCommand({
          modelId: `global.anthropic.${model}-20250929-v1:0`,
          contentType: 'application/json',
          body: JSON.stringify({ ...body, anthropic_version: 'bedrock-2023-05-31' }),
        }),
      );
      return JSON.parse(Buffer.from(answer).toString());
    };
  },
};

const ask = await clients[CLIENT]();
const messages = [{ role: 'user', content: 'secret-prompt' }];
for (;;) {
  const tools = [{ name: 'look', input_schema: { type: 'object' } }];
  const { content } = await ask({ model, max_tokens: 100, tools, messages });
  messages.push({ role: 'assistant', content });
  const uses = content.filter(({ type }) => type === 'tool_use');
  if (uses.length === 0) {
    console.log(content[0].text);
    break;
  }
  messages.push({
    role: 'user',
    content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'secret-result' })),
  });
}
