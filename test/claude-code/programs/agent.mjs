// A program on the real Claude Agent SDK, with no word of tallyspan but for the run around one scenario. One line of JSON
// for each scenario: what the SDK says of it.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.PACKAGES}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { query, startup, tool, createSdkMcpServer } = await load('@anthropic-ai/claude-agent-sdk');
const { run } = process.env.TALLYSPAN ? await import(process.env.TALLYSPAN) : {};

const options = (more = {}) => ({
  cwd: process.env.PROJECT,
  pathToClaudeCodeExecutable: process.env.CLAUDE,
  permissionMode: 'bypassPermissions',
  allowDangerouslySkipPermissions: true,
  settingSources: [],
  ...more,
});

async function read(messages, until = () => false) {
  let result;
  let session;
  const types = [];
  for await (const message of messages) {
    types.push(message.type);
    session ??= message.session_id;
    if (message.type === 'result') result = message;
    if (until(message)) break;
  }
  return { session, types, usage: result?.usage, modelUsage: result?.modelUsage, subtype: result?.subtype };
}

async function* prompts(...texts) {
  for (const text of texts) {
    yield { type: 'user', message: { role: 'user', content: text }, parent_tool_use_id: null };
    await new Promise((done) => setTimeout(done, 300));
  }
}

const scenarios = {
  plain: () => read(query({ prompt: 'MODE-tools', options: options() })),
  stream: () => read(query({ prompt: 'MODE-tools', options: options({ includePartialMessages: true }) })),
  agents: () => read(query({ prompt: 'MODE-agents', options: options({ includePartialMessages: true }) })),
  turns: () => read(query({ prompt: prompts('MODE-plain one', 'MODE-plain two'), options: options() })),
  resume: async () => {
    const first = await read(query({ prompt: 'MODE-plain', options: options() }));
    const again = await read(query({ prompt: 'MODE-plain', options: options({ resume: first.session }) }));
    const fork = options({ resume: first.session, forkSession: true });
    return { first, again, fork: await read(query({ prompt: 'MODE-plain', options: fork })) };
  },
  mcp: async () => {
    const { z } = await load('zod');
    const look = tool('look', 'looks', { at: z.string() }, async ({ at }) => ({
      content: [{ type: 'text', text: `seen ${at}` }],
    }));
    const server = createSdkMcpServer({ name: 'eyes', version: '1.0.0', tools: [look] });
    return read(query({ prompt: 'MODE-mcp', options: options({ mcpServers: { eyes: server } }) }));
  },
  warm: async () => {
    const warm = await startup({ options: options() });
    return read(warm.query('MODE-plain'));
  },
  error: () => read(query({ prompt: 'MODE-error', options: options() })),
  interrupt: async () => {
    let finish;
    const finished = new Promise((done) => (finish = done));
    // What is open takes an interruption.
    async function* open() {
      yield* prompts('MODE-slow');
      await finished;
    }
    const session = query({ prompt: open(), options: options() });
    return read(session, ({ type }) => {
      if (type === 'assistant') session.interrupt().catch(() => undefined);
      if (type === 'result') finish();
      return false;
    });
  },
  endless: () =>
    read(query({ prompt: 'MODE-endless', options: options() })).catch((error) => ({ error: error.name })),
  endlessOpen: async () => {
    let finish;
    const finished = new Promise((done) => (finish = done));
    async function* open() {
      yield* prompts('MODE-endless');
      await finished;
    }
    const session = query({ prompt: open(), options: options() });
    return read(session, ({ type }) => {
      if (type === 'result') finish();
      return false;
    });
  },
  leave: () => read(query({ prompt: 'MODE-tools', options: options() }), ({ type }) => type === 'assistant'),
  around: () =>
    run === undefined
      ? {}
      : run({ agent: 'outer', userId: 'cust-7' }, () =>
          read(query({ prompt: 'MODE-plain', options: options() })),
        ),
};

for (const name of process.argv.slice(2)) {
  let outcome;
  try {
    outcome = await scenarios[name]();
  } catch (error) {
    outcome = { error: String(error) };
  }
  console.log(JSON.stringify({ name, ...outcome }));
}
