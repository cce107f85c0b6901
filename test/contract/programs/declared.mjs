// An agent that declares its run and its tools. PACKAGE is the built package.
import Anthropic from '@anthropic-ai/sdk';

const { run, tool, note, identify, wrapAgent, usageOf, flush } = await import(process.env.PACKAGE);
const client = new Anthropic();

const weather = tool('weather', async ({ city }) => {
  if (city === 'Atlantis') throw new RangeError('no such city');
  return `sunny in ${city}`;
});

async function loop(question) {
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const message = await client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, messages });
    messages.push({ role: 'assistant', content: message.content });
    if (message.stop_reason !== 'tool_use') return message.content[0].text;
    const uses = message.content.filter((block) => block.type === 'tool_use');
    const results = await Promise.all(
      uses.map(async ({ id, input }) => {
        try {
          return { type: 'tool_result', tool_use_id: id, content: await weather(input) };
        } catch (error) {
          return { type: 'tool_result', tool_use_id: id, content: String(error), is_error: true };
        }
      }),
    );
    messages.push({ role: 'user', content: results });
  }
}

const answer = await run(
  {
    agent: 'forecaster',
    input: 'weather?',
    userId: 'u1',
    taskType: 'forecast',
    tags: ['beta'],
    version: '2',
  },
  (r) => {
    identify({ tags: ['beta', 'europe'] });
    note('decision', 'ask for the weather first', { tool: 'weather' });
    return loop('weather?').finally(() => console.log('run id', r.id === '' ? 'none' : r.id.length));
  },
);
console.log(answer);

class Greeter {
  #greeting = 'good day';
  name = 'greeter';
  greet() {
    return this.#greeting;
  }
  async run(input) {
    identify({ sessionId: 'session-9' });
    return `${this.#greeting} ${input}, ${await loop('greet')}`;
  }
}
const greeter = wrapAgent(new Greeter());
console.log(greeter instanceof Greeter, greeter.greet(), await greeter.run('Ada'));

try {
  await run({ agent: 'broken' }, () => Promise.reject(new SyntaxError('broken')));
} catch (error) {
  console.log('thrown', error.name);
}
console.log(await run({ agent: 'limited' }, (r) => (r.setStatus('budget_exceeded'), 'stopped')));
console.log(
  usageOf({ model: 'claude-sonnet-5-5', usage: { input_tokens: 10, output_tokens: 1 } }).costNanoUsd,
);
await flush();
