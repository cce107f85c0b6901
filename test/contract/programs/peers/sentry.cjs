// Sentry with its own provider and its integration for the SDK. Nothing listens at its address.
const Sentry = require('@sentry/node');

const seen = [];
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  traceLifecycle: 'static',
  integrations: [Sentry.anthropicAIIntegration()],
  beforeSendTransaction: (event) => {
    seen.push(event.contexts.trace.op ?? event.transaction, ...event.spans.map(({ op }) => op));
    return null;
  },
});
globalThis.peerReport = async () => {
  await Sentry.flush(1000);
  console.log('peer saw', seen.filter((op) => op?.startsWith('gen_ai')).length);
};
