// Asks once through the client of a platform, each with credentials that need no network.
const url = process.env.ANTHROPIC_BASE_URL;
const CLIENTS = {
  bedrock: async () => {
    const { AnthropicBedrock } = await import('@anthropic-ai/bedrock-sdk');
    return new AnthropicBedrock({ baseURL: url, awsRegion: 'eu-west-1', apiKey: 'key' });
  },
  'bedrock-mantle': async () => {
    const { AnthropicBedrockMantle } = await import('@anthropic-ai/bedrock-sdk');
    return new AnthropicBedrockMantle({ baseURL: url, awsRegion: 'eu-west-1', apiKey: 'key' });
  },
  vertex: async () => {
    const { AnthropicVertex } = await import('@anthropic-ai/vertex-sdk');
    const authClient = { getRequestHeaders: async () => new Headers({ authorization: 'Bearer token' }) };
    return new AnthropicVertex({ baseURL: url, region: 'europe-west1', projectId: 'p', authClient });
  },
  foundry: async () => {
    const { AnthropicFoundry } = await import('@anthropic-ai/foundry-sdk');
    return new AnthropicFoundry({ baseURL: `${url}/`, apiKey: 'key' });
  },
  aws: async () => {
    const { AnthropicAws } = await import('@anthropic-ai/aws-sdk');
    return new AnthropicAws({ baseURL: url, awsRegion: 'us-east-1', apiKey: 'key', workspaceId: 'w' });
  },
};
const client = await CLIENTS[process.env.PLATFORM]();
const message = await client.messages.create({
  model: process.env.MODEL,
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(message.content[0].text);
