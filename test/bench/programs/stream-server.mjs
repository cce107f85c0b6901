// A server of its own process that streams answers of BYTES bytes as fast as they are taken; a question that warms up gets
// a short one.
// With PAUSE_MS each piece waits that long, so that many streams are open at once.
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const bytes = Number(process.env.BYTES);
const pauseMs = Number(process.env.PAUSE_MS ?? 0);
const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const usage = { input_tokens: 100, output_tokens: 1 };
const model = 'claude-sonnet-5-5';
const start =
  event({
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], usage },
  }) + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
const text = 'some words of an answer as they come, about one for each token ';
const delta = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const end =
  event({ type: 'content_block_stop', index: 0 }) +
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } }) +
  event({ type: 'message_stop' });
const pieceBytes = Number(process.env.PIECE_BYTES ?? 65_536);
const piece = Buffer.from(delta.repeat(Math.ceil(pieceBytes / delta.length)));

async function serve(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(start);
  const wanted = body.includes('question warm') ? 0 : bytes;
  for (let sent = 0; sent < wanted; sent += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, bytes));
    if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve));
    if (pauseMs > 0) await wait(pauseMs);
  }
  response.end(end);
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
