// A program on the Claude Agent SDK, with a stand-in for its query that plays recorded-looking messages.
const { wrapQuery } = await import(process.env.PACKAGE);

class Query {
  #messages;
  constructor(messages) {
    this.#messages = messages[Symbol.iterator]();
  }
  async next() {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return this.#messages.next();
  }
  async return(value) {
    return { done: true, value };
  }
  async interrupt() {
    return 'interrupted';
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

const usage = (input, output) => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
});
const assistant = (id, content, tokens, parent = null, model = 'claude-sonnet-5-5') => ({
  type: 'assistant',
  parent_tool_use_id: parent,
  request_id: `req_${id}`,
  message: { id, model, content, stop_reason: null, usage: tokens },
});
const results = (...ids) => ({
  type: 'user',
  parent_tool_use_id: null,
  message: { content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'found' })) },
});
const totals = (sonnet, haiku) => ({
  'claude-sonnet-5-5': { inputTokens: sonnet[0], outputTokens: sonnet[1], costUSD: 0 },
  ...(haiku ? { 'claude-haiku-5-5': { inputTokens: haiku[0], outputTokens: haiku[1], costUSD: 0 } } : {}),
});

const messages = [
  { type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-sonnet-5-5' },
  // One message in two blocks: the usage is repeated, not added.
  assistant('m1', [{ type: 'text', text: 'I look.' }], usage(100, 1)),
  assistant(
    'm1',
    [{ type: 'tool_use', id: 't1', name: 'Task', input: { subagent_type: 'searcher' } }],
    usage(100, 1),
  ),
  assistant('s1', [{ type: 'text', text: 'nested' }], usage(50, 1), 't1', 'claude-haiku-5-5'),
  results('t1'),
  { type: 'system', subtype: 'api_retry', error_status: 529 },
  assistant('m2', [{ type: 'text', text: 'Done.' }], usage(200, 1)),
  {
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'Done.',
    total_cost_usd: (300 * 2 + 40 * 10 + 50 * 0.1 + 20 * 0.5) / 1e6,
    modelUsage: totals([300, 40], [50, 20]),
  },
  // A second turn of the same session: the totals go on. Claude Code says something itself.
  assistant('x1', [{ type: 'text', text: 'API Error' }], usage(0, 0), null, '<synthetic>'),
  assistant('m3', [{ type: 'text', text: 'More.' }], usage(400, 1)),
  {
    type: 'result',
    subtype: 'error_max_turns',
    is_error: true,
    total_cost_usd: 0.5,
    modelUsage: totals([700, 60], [50, 20]),
  },
];

const query = wrapQuery(() => new Query(messages));
const session = query({ prompt: 'find it' });
const types = [];
for await (const message of session) types.push(message.type);
console.log(types.length, await session.interrupt(), session instanceof Query);
