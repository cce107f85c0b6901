// OpenLLMetry's instrumentation, on a provider of the program.
const { provider } = require('./provider.cjs');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { AnthropicInstrumentation } = require('@traceloop/instrumentation-anthropic');

registerInstrumentations({ tracerProvider: provider, instrumentations: [new AnthropicInstrumentation()] });
