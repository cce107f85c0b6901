// Many calls at once against one limit, in schedules drawn from a seed: plain and streamed, some aborted, in nested runs.
// What was spent is what the fake API billed; each schedule is a line: what passed, and whether the bound held.
import Anthropic from '@anthropic-ai/sdk';

const { run, limit } = await import(process.env.PACKAGE);
const client = new Anthropic({ maxRetries: 1 });
const CALLS = 200;
const SONNET = JSON.parse(process.env.SONNET);
const HAIKU = JSON.parse(process.env.HAIKU);

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function costOf({ usage, model }) {
  const [input, output] = model.includes('haiku') ? HAIKU : SONNET;
  return usage.input_tokens * input + usage.output_tokens * output;
}

async function schedule(seed) {
  const next = random(seed);
  let billed = 0;
  const usd = 0.001 + next() * 0.1;
  const one = async (index) => {
    await new Promise((resolve) => setTimeout(resolve, next() * 20));
    const maxTokens = 1 + Math.floor(next() * 200);
    const isStreamed = next() < 0.3;
    const controller = new AbortController();
    if (next() < 0.1) setTimeout(() => controller.abort(), next() * 10);
    const body = {
      model: next() < 0.5 ? 'claude-sonnet-5-5' : 'claude-haiku-5-5',
      max_tokens: maxTokens,
      stream: isStreamed,
      messages: [{ role: 'user', content: `call ${index}` }],
    };
    const options = { signal: controller.signal };
    try {
      if (!isStreamed) {
        const message = await client.messages.create(body, options);
        billed += costOf(message);
        return 'passed';
      }
      const message = await client.messages.stream(body, options).finalMessage();
      billed += costOf(message);
      return 'passed';
    } catch (error) {
      return error.name === 'LimitExceededError' ? 'refused' : 'failed';
    }
  };
  const ends = await limit({ usd }, () =>
    Promise.all(
      Array.from({ length: CALLS }, (_, index) =>
        index % 3 === 0 ? run({ agent: 'nested' }, () => one(index)) : one(index),
      ),
    ),
  );
  const of = (end) => ends.filter((each) => each === end).length;
  const spent = billed / 1e9;
  console.log(JSON.stringify({ seed, usd, spent, passed: of('passed'), refused: of('refused') }));
}

const [first, count] = process.argv.slice(2).map(Number);
for (let seed = first; seed < first + count; seed++) await schedule(seed);
