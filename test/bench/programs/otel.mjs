// Bare OpenTelemetry, as its documentation sets it up: the stock SDK with gRPC exporters, nothing of ours.
import { NodeSDK } from '@opentelemetry/sdk-node';

const sdk = new NodeSDK();
sdk.start();
process.once('beforeExit', () => void sdk.shutdown().catch(() => undefined));
