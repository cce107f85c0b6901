// The fake Anthropic API as the tests use it; the engine lives beside the examples because the demo runs it too.

export * from '../../examples/fake-api/exchange.ts';
export * from '../../examples/fake-api/message-stream.ts';
export { startAnthropicApi, type AnthropicApi } from '../../examples/fake-api/server.ts';
