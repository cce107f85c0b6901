// Sentry with its own provider and its integration for the SDK; everything is sampled, as ours is.
const Sentry = require('@sentry/node');

const { host } = new URL(process.env.HTTP_ENDPOINT);
Sentry.init({
  dsn: `http://key@${host}/1`,
  tracesSampleRate: 1,
  integrations: [Sentry.anthropicAIIntegration()],
});
process.once('beforeExit', () => void Sentry.flush(2_000));
