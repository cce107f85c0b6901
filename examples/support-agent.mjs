// A support agent as people write them: a hand-written tool loop on the Anthropic SDK, without any
// observability code. Talks to ANTHROPIC_BASE_URL (the fake API of the demo); with --live and
// ANTHROPIC_API_KEY it talks to the real one.

import Anthropic from '@anthropic-ai/sdk';

const isLive = process.argv.includes('--live');
const client = isLive ? new Anthropic() : new Anthropic({ apiKey: 'demo-key' });

const SYSTEM = [
  {
    type: 'text',
    text: 'You are the support agent of a small shop. Look things up before you answer. Be brief.',
    cache_control: { type: 'ephemeral' },
  },
];

const TOOLS = [
  {
    name: 'lookup_order',
    description: 'Find an order by its number.',
    input_schema: { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] },
  },
  {
    name: 'search_docs',
    description: 'Search the help pages.',
    input_schema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  },
  {
    name: 'track_parcel',
    description: 'Where a parcel is.',
    input_schema: { type: 'object', properties: { parcel: { type: 'string' } }, required: ['parcel'] },
  },
  {
    name: 'refund',
    description: 'Pay money back to the customer.',
    input_schema: {
      type: 'object',
      properties: { order: { type: 'string' }, cents: { type: 'integer' } },
      required: ['order', 'cents'],
    },
    cache_control: { type: 'ephemeral' },
  },
];

const ORDERS = {
  'A-1001': { status: 'shipped', parcel: 'P-77', cents: 4200 },
  'A-1002': { status: 'delivered', parcel: 'P-78', cents: 1999 },
};
const PARCELS = { 'P-77': 'in the sorting centre of Leipzig since yesterday' };
const PAGES = [
  'Parcels: delivery takes two to four working days after dispatch. A parcel that has not moved for five days is searched for.',
  'Refunds: we refund up to the price of the order, to the card that paid. It takes three days.',
  'Batteries: lamps of the series Lumen take two AA cells. Rechargeable cells work, at a little less light.',
];

const EXECUTE = {
  lookup_order: ({ order }) => {
    if (!ORDERS[order]) throw new Error(`no order ${order}`);
    return JSON.stringify(ORDERS[order]);
  },
  track_parcel: ({ parcel }) => PARCELS[parcel] ?? 'unknown parcel',
  search_docs: ({ query }) =>
    PAGES.filter((page) => query.split(' ').some((word) => page.toLowerCase().includes(word))).join('\n'),
  refund: ({ order, cents }) => {
    if (cents > ORDERS[order].cents) throw new Error('the refund is higher than the price of the order');
    return `refunded ${cents} cents`;
  },
};

function runTool({ id, name, input }) {
  try {
    return { type: 'tool_result', tool_use_id: id, content: EXECUTE[name](input) };
  } catch (error) {
    return { type: 'tool_result', tool_use_id: id, content: error.message, is_error: true };
  }
}

async function ask({ model, question, userId, isStreamed }) {
  const messages = [{ role: 'user', content: question }];
  for (let turn = 1; turn <= 8; turn += 1) {
    const params = {
      model,
      max_tokens: 1024,
      system: SYSTEM,
      tools: TOOLS,
      messages,
      metadata: { user_id: userId },
    };
    const message = isStreamed ? await streamOnce(params) : await client.messages.create(params);
    messages.push({ role: 'assistant', content: message.content });
    if (message.stop_reason !== 'tool_use') {
      return message.content
        .filter((block) => block.type === 'text')
        .map((block) => block.text)
        .join('');
    }
    const results = message.content.filter((block) => block.type === 'tool_use').map(runTool);
    messages.push({ role: 'user', content: results });
  }
  return 'gave up';
}

async function streamOnce(params) {
  const stream = client.messages.stream(params);
  let pieces = 0;
  for await (const event of stream) if (event.type === 'content_block_delta') pieces += 1;
  const message = await stream.finalMessage();
  console.log(`  (${pieces} pieces streamed, ${message.usage.output_tokens} tokens)`);
  return message;
}

const QUESTIONS = [
  { model: 'claude-sonnet-5-5', question: 'Where is my order A-1001?', userId: 'user-17', isStreamed: true },
  {
    model: 'claude-opus-5-5',
    question: 'The lamp of order A-1002 is broken. I want 25 euros back.',
    userId: 'user-88',
  },
  { model: 'claude-haiku-5-5', question: 'Which batteries does the lamp take?', userId: 'user-17' },
];

for (const question of QUESTIONS) {
  console.log(`> ${question.question}`);
  console.log(await ask(question));
}
