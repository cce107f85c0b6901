// Laminar, which sets up OpenTelemetry by itself.
const { Laminar } = require('@lmnr-ai/lmnr');

const { hostname, port } = new URL(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
Laminar.initialize({
  projectApiKey: 'key',
  baseUrl: `http://${hostname}`,
  grpcPort: Number(port),
  httpPort: Number(new URL(process.env.HTTP_ENDPOINT).port),
});
process.once('beforeExit', () => void Laminar.shutdown().catch(() => undefined));
