// A session of the Agent SDK that goes on until it is interrupted.
const { wrapQuery } = await import(process.env.PACKAGE);

const seen = { interruptions: 0 };
async function* messages() {
  yield { type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-sonnet-5-5' };
  for (let call = 1; call < 20 && seen.interruptions === 0; call++) {
    // As long as others need to be asked.
    if (process.env.PACE_MS) await new Promise((resolve) => setTimeout(resolve, Number(process.env.PACE_MS)));
    yield {
      type: 'assistant',
      parent_tool_use_id: null,
      request_id: `req_${call}`,
      message: {
        id: `m${call}`,
        model: 'claude-sonnet-5-5',
        content: [{ type: 'text', text: 'x' }],
        stop_reason: null,
        usage: {
          input_tokens: 1000,
          output_tokens: 1,
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 0,
        },
      },
    };
  }
  yield {
    type: 'result',
    subtype: 'error_during_execution',
    is_error: true,
    session_id: 'session-1',
    usage: {},
    modelUsage: {},
  };
}

const query = wrapQuery(({ options }) => {
  console.log('budget', options?.maxBudgetUsd);
  const stream = messages();
  stream.interrupt = async () => {
    seen.interruptions += 1;
  };
  return stream;
});
let answers = 0;
for await (const { type } of query({ prompt: 'go', options: {} })) if (type === 'assistant') answers += 1;
if (process.env.PACE_MS) console.log('answers', answers);
console.log('interrupted', seen.interruptions);
// Another one begins with the model that the first has used up, and is left before it does anything.
if (process.env.AGAIN_MODEL) query({ prompt: 'go', options: { model: process.env.AGAIN_MODEL } }).return();
