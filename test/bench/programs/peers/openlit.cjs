// OpenLIT, which sets up OpenTelemetry by itself. Its list of prices stays out of reach: nothing leaves the machine.
const { trace } = require('@opentelemetry/api');
const { default: Openlit } = require('openlit');

Openlit.init({
  otlpEndpoint: process.env.HTTP_ENDPOINT,
  applicationName: 'bench',
  environment: 'bench',
  pricingJson: 'http://127.0.0.1:9',
});
// It does not flush by itself when the program has no work left.
process.once('beforeExit', () => void trace.getTracerProvider().getDelegate?.().forceFlush?.());
