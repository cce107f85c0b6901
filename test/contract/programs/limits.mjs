// What a program sees of limits, case by case: each argument is one.
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { rmSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';
import path from 'node:path';

const { run, limit, LimitExceededError } = await import(process.env.PACKAGE);
const client = new Anthropic({ maxRetries: 2 });
const MODEL = 'claude-sonnet-5-5';
const body = (more = {}) => ({
  model: MODEL,
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hi' }],
  ...more,
});
const say = (...words) => console.log(words.join(' '));
const describe = (error) => [
  error.name,
  error instanceof LimitExceededError,
  error instanceof APIError,
  error.status,
  error.scope,
  error.rule,
  error.unit,
  error.limit,
  error.model,
];
/** Calls until one is refused; gives how many passed. */
async function until(call) {
  for (let passed = 0; passed < 50; passed++) {
    try {
      await call();
    } catch (error) {
      say(passed, ...describe(error));
      return;
    }
  }
  say('never refused');
}

async function* generate() {
  for (let turn = 0; turn < 5; turn++) yield await client.messages.create(body());
}

/** A body of which the first look at one field throws. */
const hostile = () => {
  let looks = 0;
  return Object.defineProperty(body(), 'metadata', {
    enumerable: true,
    get: () => {
      if (looks++ === 0) throw new Error('not yet');
      return { user_id: 'u' };
    },
  });
};

const cases = {
  setting: () => run({ agent: 'a', userId: 'u' }, () => until(() => client.messages.create(body()))),
  raw: () => run({ agent: 'a' }, () => until(() => client.messages.create(body()).asResponse())),
  both: () => run({ agent: 'a' }, () => until(() => client.messages.create(body()).withResponse())),
  helper: () => run({ agent: 'a' }, () => until(() => client.messages.stream(body()).finalMessage())),
  post: () => run({ agent: 'a' }, () => until(() => client.post('/v1/messages', { body: body() }))),
  fetch: () =>
    run({ agent: 'a', userId: 'u' }, () =>
      until(async () => {
        const response = await fetch(`${process.env.ANTHROPIC_BASE_URL}/v1/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body()),
        });
        await response.json();
      }),
    ),
  fetchStream: async () => {
    try {
      await run({ agent: 'a', limit: { usd: 0.0021 } }, async () => {
        const response = await fetch(`${process.env.ANTHROPIC_BASE_URL}/v1/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body({ stream: true })),
        });
        for await (const _ of response.body);
      });
    } catch (error) {
      say(...describe(error));
    }
  },
  batch: () =>
    run({ agent: 'a' }, async () => {
      const { batches } = client.messages;
      const create = (size) =>
        batches.create({
          requests: Array.from({ length: size }, (_, index) => ({ custom_id: `c${index}`, params: body() })),
        });
      const sizes = [];
      for (const size of [4, 4, 20]) {
        try {
          const { id } = await create(size);
          for await (const _ of await batches.results(id));
          sizes.push(size);
        } catch (error) {
          say(sizes, ...describe(error));
        }
      }
    }),
  code: async () => {
    const warnings = [];
    await limit({ turns: 5, onWarning: (warning) => warnings.push(warning.spent) }, () =>
      until(() => client.messages.create(body())),
    );
    say('warned at', warnings);
  },
  nested: async () => {
    await run({ agent: 'outer', limit: { turns: 4 } }, async () => {
      await run({ agent: 'inner' }, () => client.messages.create(body()));
      await run({ agent: 'inner' }, () => client.messages.create(body()));
      await run({ agent: 'inner' }, () => until(() => client.messages.create(body())));
    });
  },
  parallel: async () => {
    const settled = await run({ agent: 'a', limit: { usd: 0.0055 } }, () =>
      Promise.allSettled(Array.from({ length: 20 }, () => client.messages.create(body()))),
    );
    say(settled.filter(({ status }) => status === 'fulfilled').length, 'passed');
  },
  runner: async () => {
    const again = {
      name: 'again',
      input_schema: { type: 'object' },
      run: async () => `result ${Math.random()}`,
    };
    try {
      await run({ agent: 'a', limit: { turns: 3 } }, async () => {
        await client.beta.messages.toolRunner(body({ tools: [again] }));
      });
    } catch (error) {
      say(...describe(error));
    }
  },
  /** What limit() gives back asks only as it is read. */
  lazy: async () => {
    const again = { name: 'again', input_schema: { type: 'object' }, run: async () => String(Math.random()) };
    const messages = () => client.beta.messages.toolRunner(body({ tools: [again] }));
    for (const work of [
      generate,
      async () => generate(),
      async () => ({ [Symbol.asyncIterator]: generate }),
      messages,
    ]) {
      let read = 0;
      try {
        const lazy = run({ agent: 'a' }, () => limit({ turns: 2 }, work));
        for await (const _ of lazy instanceof Promise ? await lazy : lazy) read += 1;
      } catch (error) {
        say(read, ...describe(error));
      }
    }
    try {
      await limit({ turns: 2 }, messages);
    } catch (error) {
      say('awaited', ...describe(error));
    }
  },
  stream: async () => {
    try {
      await run({ agent: 'a', limit: { usd: 0.0021 } }, async () => {
        let events = 0;
        try {
          for await (const _ of await client.messages.create(body({ stream: true }))) events += 1;
        } finally {
          say(events, 'events');
        }
      });
    } catch (error) {
      say(...describe(error));
    }
  },
  loop: async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    try {
      await run({ agent: 'a', limit: { loop: 'stop' } }, async () => {
        for (let turn = 1; turn < 30; turn++) {
          const { content } = await client.messages.create(body({ messages }));
          messages.push({ role: 'assistant', content });
          const results = content.flatMap(({ type, id }) =>
            type === 'tool_use'
              ? [
                  {
                    type: 'tool_result',
                    tool_use_id: id,
                    content: `nothing at 2026-11-30T10:00:${10 + turn}Z`,
                  },
                ]
              : [],
          );
          messages.push({ role: 'user', content: results });
        }
      });
    } catch (error) {
      say(...describe(error));
    }
  },
  shorten: async () => {
    await run({ agent: 'a', limit: { usd: 0.0015 } }, () =>
      until(() => client.messages.create(body({ max_tokens: 5_000 }))),
    );
  },
  /** An agent whose search gives more and more, and whose other tool does not. */
  tool: async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    await run({ agent: 'a' }, () =>
      until(async () => {
        const { content } = await client.messages.create(body({ messages }));
        messages.push({ role: 'assistant', content });
        messages.push({
          role: 'user',
          content: content
            .filter(({ type }) => type === 'tool_use')
            .map(({ id, name }) => ({
              type: 'tool_result',
              tool_use_id: id,
              content: name === 'search' ? `found ${messages.length} `.repeat(100) : `ok ${messages.length}`,
            })),
        });
      }),
    );
  },
  unpriced: () =>
    run({ agent: 'a' }, () =>
      until(async () => {
        await client.messages.create(body({ model: 'claude-unheard-of-9' }));
        throw Object.assign(new Error('passed'), { name: 'Passed' });
      }),
    ),
  /** The guard cannot read what the program sends: the first look at it throws. */
  fault: async () => {
    for (const ask of [
      () => client.messages.create(hostile()),
      () => run({ agent: 'a' }, () => client.messages.create(hostile())),
      () => client.messages.create(body()),
    ]) {
      try {
        say('passed', (await ask()).usage.output_tokens);
      } catch (error) {
        say(...describe(error));
      }
    }
  },
  /** One user after the other, each until refused. */
  users: async () => {
    for (const [userId, agent, model] of [
      ['premium-ana', 'support', MODEL],
      ['ben', 'support', MODEL],
      ['ben', 'report-weekly', MODEL],
      ['cleo', 'support', 'claude-haiku-5-5'],
    ])
      await run({ agent, userId }, () => until(() => client.messages.create(body({ model }))));
  },
  /** The file with the limits gets one content after the other, or is removed; each time the same run goes on. */
  changedFile: () =>
    run({ agent: 'a', userId: 'ana' }, async () => {
      const { TALLYSPAN_LIMITS, CONTENTS, ELSEWHERE = '.' } = process.env;
      const file = path.resolve(TALLYSPAN_LIMITS);
      // A watch that the preload began keeps no program.
      const work = setInterval(() => undefined, 1_000);
      // Nor does it matter where the program goes.
      process.chdir(ELSEWHERE);
      await until(() => client.messages.create(body()));
      for (const content of JSON.parse(CONTENTS)) {
        await new Promise((resolve) => {
          watchFile(file, resolve);
          if (content === null) rmSync(file);
          else writeFileSync(file, content);
        });
        await until(() => client.messages.create(body()));
      }
      unwatchFile(file);
      clearInterval(work);
    }),
  /** Users whom a server could take for a mistake: without a name, and with a long one. */
  oddUsers: async () => {
    for (const userId of ['ana', '', 'x'.repeat(3_000)])
      await run({ agent: 'a', userId }, () => client.messages.create(body()));
    say('passed');
  },
  /** What is said of a limit is not understood. */
  badLimits: async () => {
    for (const given of [
      null,
      5,
      [],
      { usd: '0.5' },
      { usd: -1 },
      { usd: NaN },
      { dollars: 1 },
      { loop: 'warn' },
    ])
      for (const start of [() => limit(given, () => 1), () => run({ agent: 'a', limit: given }, () => 1)]) {
        try {
          say('passed', start());
        } catch (error) {
          say(error.name, error.message);
        }
      }
  },
  /** A callback of a warning that fails, at once or later, is no fault of the program. */
  warnings: async () => {
    for (const onWarning of [
      () => {
        throw new Error('at once');
      },
      () => Promise.reject(new Error('later')),
    ])
      await limit({ turns: 1, onWarning }, () => client.messages.create(body()));
    say('done');
  },
  /** Goes on until it is killed, or has been refused for a while. */
  steady: () =>
    run({ agent: 'a', userId: 'u' }, async () => {
      const { setTimeout } = await import('node:timers/promises');
      for (let refused = 0; refused < 600; await setTimeout(40)) {
        try {
          await client.messages.create(body());
          refused = 0;
        } catch (error) {
          if (error.name !== 'LimitExceededError') throw error;
          refused += 1;
        }
      }
    }),
  caught: () =>
    run({ agent: 'a', limit: { turns: 1 } }, async () => {
      await client.messages.create(body());
      await client.messages.create(body()).catch(() => undefined);
      return 'what there is';
    }),
};

await cases[process.argv[2]]();
