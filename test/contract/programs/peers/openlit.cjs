// OpenLIT, which sets up a provider of its own. Nothing listens at its endpoint.
const { default: Openlit } = require('openlit');

Openlit.init({
  otlpEndpoint: 'http://127.0.0.1:9',
  applicationName: 'contract',
  environment: 'test',
  pricingJson: 'http://127.0.0.1:9',
});
