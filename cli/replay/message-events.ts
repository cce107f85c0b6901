// A recorded message as the server-sent events that the Messages API would send for it. Each block comes in
// one piece: what the reader puts together is the same.

type Json = Readonly<Record<string, unknown>>;

/** The body of the answer. A message without a stop reason was cut, and ends where the recording does. */
export function messageEvents(message: Json): string {
  const { content, stop_reason: stopReason, stop_sequence: stopSequence, usage } = message;
  const blocks = Array.isArray(content) ? (content as readonly Json[]) : [];
  const events: Json[] = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null } },
    ...blocks.flatMap(blockEvents),
  ];
  if (typeof stopReason === 'string')
    events.push(
      {
        type: 'message_delta',
        delta: { stop_reason: stopReason, stop_sequence: stopSequence ?? null },
        usage,
      },
      { type: 'message_stop' },
    );
  return events
    .map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

function blockEvents(block: Json, index: number): Json[] {
  const { start, deltas } = partsOf(block);
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** How a block begins and what is then added to it; blocks of other kinds come whole. */
function partsOf(block: Json): { readonly start: Json; readonly deltas: readonly Json[] } {
  switch (block['type']) {
    case 'text': {
      const { citations, ...rest } = block;
      const cited = Array.isArray(citations) ? (citations as unknown[]) : [];
      return {
        start: { ...rest, text: '', ...(cited.length === 0 ? {} : { citations: [] }) },
        deltas: [
          ...cited.map((citation) => ({ type: 'citations_delta', citation })),
          { type: 'text_delta', text: block['text'] },
        ],
      };
    }
    case 'thinking':
      return {
        start: { ...block, thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking: block['thinking'] },
          { type: 'signature_delta', signature: block['signature'] ?? '' },
        ],
      };
    case 'tool_use':
    case 'server_tool_use':
      return {
        start: { ...block, input: {} },
        deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(block['input'] ?? {}) }],
      };
    default:
      return { start: block, deltas: [] };
  }
}
