// Batches of four requests for one user, by one copy of the SDK, until one is refused or eight are made.
const { default: Anthropic } = await import(process.env.SDK);
const { run } = await import(process.env.PACKAGE);
const client = new Anthropic({ maxRetries: 0 });
const params = {
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hi' }],
};
const { batches } = client.messages ?? client.beta.messages;

await run({ agent: 'a', userId: process.argv[2] }, async () => {
  for (let made = 0; made < 8; made++) {
    try {
      await batches.create({
        requests: Array.from({ length: 4 }, (_, index) => ({ custom_id: `c${index}`, params })),
      });
    } catch (error) {
      console.log(made, error.name);
      return;
    }
  }
  console.log('never refused');
});
