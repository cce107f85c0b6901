// Asks Claude by the Bedrock client of AWS: OPERATION says how, HANDLER by which of its ways to send.
import * as bedrock from '@aws-sdk/client-bedrock-runtime';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';

const { BASE, OPERATION, HANDLER, BODY, MODEL } = process.env;
const client = new bedrock.BedrockRuntimeClient({
  endpoint: BASE,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  requestHandler: HANDLER === 'http2' ? new NodeHttp2Handler() : new NodeHttpHandler(),
  maxAttempts: 1,
});
const invoke = { modelId: MODEL, contentType: 'application/json', body: BODY };
const operations = {
  invoke: async () => {
    const { body } = await client.send(new bedrock.InvokeModelCommand(invoke));
    return JSON.parse(Buffer.from(body).toString()).content[0].text;
  },
  'invoke-with-response-stream': async () => {
    const { body } = await client.send(new bedrock.InvokeModelWithResponseStreamCommand(invoke));
    let text = '';
    for await (const { chunk } of body) {
      const { delta } = JSON.parse(Buffer.from(chunk.bytes).toString());
      text += delta?.text ?? '';
    }
    return text;
  },
  converse: async () => {
    const { output } = await client.send(
      new bedrock.ConverseCommand({ modelId: MODEL, ...JSON.parse(BODY) }),
    );
    return output.message.content[0].text;
  },
  'converse-stream': async () => {
    const { stream } = await client.send(
      new bedrock.ConverseStreamCommand({ modelId: MODEL, ...JSON.parse(BODY) }),
    );
    let text = '';
    for await (const { contentBlockDelta } of stream) text += contentBlockDelta?.delta?.text ?? '';
    return text;
  },
};
console.log(await operations[OPERATION]());
client.destroy();
