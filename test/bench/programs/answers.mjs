// A server of Messages for benchmarks, in a process of its own: ten answers to a run, nine of which ask for a tool, and
// streamed ones where a stream is asked for. Prints its URL.
import { createServer } from 'node:http';

const MODEL = 'claude-sonnet-5-5';
const WORDS = Array.from({ length: 20 }, (_, index) => `word ${index} `);
let serial = 0;

function whole(body) {
  const results = body.split('"tool_result"').length - 1;
  const isLast = results >= 9;
  return {
    id: `msg_${serial}`,
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: isLast
      ? [{ type: 'text', text: 'done' }]
      : [{ type: 'tool_use', id: `toolu_${serial}`, name: 'lookup', input: { key: serial } }],
    stop_reason: isLast ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: 300,
      cache_read_input_tokens: 5000,
      cache_creation_input_tokens: 0,
      output_tokens: 40,
    },
  };
}

function streamed() {
  const usage = { input_tokens: 300, output_tokens: 1 };
  const message = {
    id: `msg_${serial}`,
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [],
    usage,
  };
  const events = [
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...WORDS.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: WORDS.length },
    },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    serial += 1;
    const body = Buffer.concat(chunks).toString('utf8');
    const isStreamed = /"stream":\s*true/.test(body);
    response.writeHead(200, {
      'content-type': isStreamed ? 'text/event-stream' : 'application/json',
      'request-id': `req_${serial}`,
    });
    response.end(isStreamed ? streamed() : JSON.stringify(whole(body)));
  });
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit()).resume();
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
