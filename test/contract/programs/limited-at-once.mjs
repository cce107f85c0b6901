// Calls of a copy of the SDK that cannot hold a request back, until one is refused; after each, the server has heard of it.
const { default: Anthropic } = await import('anthropic-sdk-0-39-0');
const { run } = await import(process.env.PACKAGE);
const client = new Anthropic({ maxRetries: 0 });
const body = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };

async function spent() {
  const response = await fetch(`${process.env.TALLYSPAN_LIMIT_SERVER}/api/limits`);
  const { limits } = await response.json();
  return limits.find(({ key }) => key === 'at-once')?.spent_nano_usd ?? 0;
}

let before = await spent();
await run({ agent: 'a', userId: 'at-once' }, async () => {
  for (let passed = 0; passed < 20; passed++) {
    try {
      await client.messages.create(body);
    } catch (error) {
      console.log(passed, error.name, error.spent);
      return;
    }
    let heard = before;
    while (heard === before) heard = await spent();
    // The answer that was given with it is read.
    before = await spent();
  }
  console.log('never refused');
});
