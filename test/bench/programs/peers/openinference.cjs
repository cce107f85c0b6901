// OpenInference's instrumentation on bare OpenTelemetry.
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { AnthropicInstrumentation } = require('@arizeai/openinference-instrumentation-anthropic');

const sdk = new NodeSDK({ instrumentations: [new AnthropicInstrumentation()] });
sdk.start();
process.once('beforeExit', () => void sdk.shutdown().catch(() => undefined));
