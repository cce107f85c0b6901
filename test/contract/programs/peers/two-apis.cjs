// A provider that is registered with an older copy of the OpenTelemetry API than the SDK has, at the time that
// WHEN says: before the SDK, or after a client was made.
const path = require('node:path');

const ask = async () => {
  const Anthropic = require('@anthropic-ai/sdk').default;
  const client = new Anthropic();
  if (process.env.WHEN === 'late') {
    await new Promise((resolve) => setTimeout(resolve, 150));
    require('./provider.cjs');
  }
  const { trace } = require('@opentelemetry/api');
  const versions = [__dirname, path.join(__dirname, 'node_modules/@anthropic-ai/sdk')].map(
    (folder) => require(path.join(folder, 'node_modules/@opentelemetry/api/package.json')).version,
  );
  await trace.getTracer('mine').startActiveSpan('GET /answer', async (span) => {
    const params = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
    console.log((await client.messages.create(params)).content[0].text);
    span.end();
  });
  console.log(versions.join());
  await globalThis.peerReport();
};

if (process.env.WHEN !== 'late') require('./provider.cjs');
void ask();
