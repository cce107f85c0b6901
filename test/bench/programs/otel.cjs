// Bare OpenTelemetry, as its documentation sets it up: the stock SDK with gRPC exporters, nothing of ours.
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK();
sdk.start();
process.once('beforeExit', () => void sdk.shutdown().catch(() => undefined));
