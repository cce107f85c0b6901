// Calls at once against one limit, in schedules that fast-check draws: how many schedules, of how many calls at most, from
// which seed. One that fails is made small. The SDK is the real one; the API is a function in this process, so that a schedule takes milliseconds. It bills what it
// answers; a call that is given up is billed with its input alone, the least that it can have cost.
import Anthropic from '@anthropic-ai/sdk';
import {
  assert,
  asyncProperty,
  array,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
} from 'fast-check';
import { worstPrice } from '../../../core/limits/worst-price.ts';
import { describeRequest } from '../../../core/attribution/request-shape.ts';

const { run, limit } = await import(process.env.PACKAGE);
const [schedules, mostCalls, seed] = process.argv.slice(2).map(Number);
const MODELS = { 'claude-sonnet-5-5': [2_000, 10_000], 'claude-haiku-5-5': [100, 500] };

const turn = () => new Promise((resolve) => setImmediate(resolve));
const turns = async (count) => {
  for (let at = 0; at < count; at++) await turn();
};

/** What the API does with a call, by its first words. */
const scripts = new Map();

async function api(_url, { body, signal }) {
  const { messages, stream, model, max_tokens: maxTokens } = JSON.parse(body);
  const script = scripts.get(messages[0].content);
  await turns(script.waits);
  if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
  if (script.failsLeft-- > 0)
    return Response.json(
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      { status: 529, headers: { 'retry-after-ms': '1', 'request-id': 'r' } },
    );
  const output = 1 + Math.floor(((maxTokens - 1) * script.outputPercent) / 100);
  const usage = { input_tokens: script.input, output_tokens: output };
  const message = {
    id: `msg_${messages[0].content}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: 'ok' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  };
  const [input$, output$] = MODELS[model];
  script.billed = script.input * input$;
  if (stream !== true) {
    script.billed += output * output$;
    return Response.json(message, { headers: { 'request-id': 'r' } });
  }
  const events = [
    { type: 'message_start', message: { ...message, content: [], usage: { ...usage, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'o' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'k' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
    { type: 'message_stop' },
  ];
  const bytes = new TextEncoder();
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await turn();
        if (signal?.aborted) return controller.error(new DOMException('aborted', 'AbortError'));
        const event = events.shift();
        if (event === undefined) return controller.close();
        if (event.type === 'message_delta') script.billed += output * output$;
        controller.enqueue(bytes.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
      },
    }),
    { headers: { 'content-type': 'text/event-stream', 'request-id': 'r' } },
  );
}

const client = new Anthropic({ apiKey: 'k', maxRetries: 2, fetch: api });

/** Null but for one in so many. */
const sometimes = (every, arbitrary) =>
  oneof({ weight: every - 1, arbitrary: constant(null) }, { weight: 1, arbitrary });
const callArb = record({
  model: constantFrom(...Object.keys(MODELS)),
  maxTokens: integer({ min: 1, max: 200 }),
  way: constantFrom('plain', 'plain', 'raw', 'stream', 'helper', 'leave'),
  starts: nat(12),
  waits: nat(6),
  abortAfter: sometimes(8, nat(12)),
  fails: constantFrom(0, 0, 0, 0, 1, 3),
  outputPercent: nat(100),
  // Mostly fewer tokens than estimated; now and then more, which is the bound.
  input: oneof({ weight: 9, arbitrary: nat(3) }, { weight: 1, arbitrary: integer({ min: 3, max: 90 }) }),
  nested: sometimes(3, integer({ min: 1, max: 40 })),
});
const scheduleArb = record({
  milliUsd: integer({ min: 1, max: 100 }),
  calls: array(callArb, { minLength: mostCalls >= 100 ? mostCalls : 1, maxLength: mostCalls, size: 'max' }),
});

let serial = 0;
const counts = { passed: 0, refused: 0, failed: 0, over: 0 };

async function one(call) {
  const { way, model, maxTokens, abortAfter } = call;
  const name = `call ${serial++}`;
  const body = { model, max_tokens: maxTokens, messages: [{ role: 'user', content: name }] };
  const script = { ...call, failsLeft: call.fails, billed: 0, beyond: 0 };
  scripts.set(name, script);
  const reserved = worstPrice(
    {
      body,
      shape: describeRequest(body),
      maxTokens,
      counted: undefined,
      atMs: Date.now(),
      platform: 'anthropic',
    },
    undefined,
  );
  script.beyond = Math.max(0, call.input - reserved.inputTokens) * MODELS[model][0];
  await turns(call.starts);
  const controller = new AbortController();
  if (abortAfter !== null) void turns(abortAfter).then(() => controller.abort());
  const options = { signal: controller.signal };
  try {
    if (way === 'plain') await client.messages.create(body, options);
    else if (way === 'raw') await (await client.messages.create(body, options).asResponse()).text();
    else if (way === 'helper') await client.messages.stream(body, options).finalMessage();
    else
      for await (const event of await client.messages.create({ ...body, stream: true }, options))
        if (way === 'leave' && event.type === 'content_block_start') break;
    counts.passed += 1;
  } catch (error) {
    counts[error.name === 'LimitExceededError' ? 'refused' : 'failed'] += 1;
  }
  return script;
}

async function holds({ milliUsd, calls }) {
  scripts.clear();
  const limitNanoUsd = milliUsd * 1e6;
  await limit({ usd: milliUsd / 1000 }, async () => {
    const done = await Promise.all(
      calls.map((call) =>
        call.nested === null
          ? one(call)
          : run({ agent: 'nested', limit: { usd: call.nested / 10_000 } }, () => one(call)),
      ),
    );
    const sum = (key) => done.reduce((total, script) => total + script[key], 0);
    const billed = sum('billed');
    // What requests turned out to cost beyond their reservations.
    const bound = done.reduce((total, { billed: paid, beyond }) => total + (paid > 0 ? beyond : 0), 0);
    if (billed > limitNanoUsd + bound) throw new Error(`billed ${billed} of ${limitNanoUsd}, bound ${bound}`);
    if (billed > limitNanoUsd) counts.over += 1;
    const { spent, reserved } = await settled();
    if (reserved !== 0) throw new Error(`reserved ${reserved} though all is over`);
    if (Math.round(spent * 1e9) + bound < billed) throw new Error(`spent ${spent}, billed ${billed}`);
    if (Math.round(spent * 1e9) > limitNanoUsd + bound) throw new Error(`spent ${spent} of ${limitNanoUsd}`);
  });
}

/** What the limit says when all calls are over: a request that is always too much is refused with it. */
async function settled() {
  for (let tries = 0; ; tries++) {
    const body = {
      model: 'claude-sonnet-5-5',
      max_tokens: 1e9,
      stream: true,
      messages: [{ role: 'user', content: 'probe' }],
    };
    const error = await client.messages.create(body).catch((caught) => caught);
    if (error.reserved === 0 || tries === 100) return error;
    await turns(3);
  }
}

await assert(asyncProperty(scheduleArb, holds), {
  numRuns: schedules,
  seed,
  endOnFailure: mostCalls >= 100,
});
console.log(JSON.stringify({ schedules, mostCalls, ...counts }));
process.exit(0);
