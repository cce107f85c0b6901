// dd-trace with LLM observability; nothing listens at the agent's port.
const tracer = require('dd-trace').init({
  hostname: '127.0.0.1',
  port: 9,
  startupLogs: false,
  llmobs: { mlApp: 'contract', agentlessEnabled: false },
});
globalThis.peerReport = () => console.log('peer is', typeof tracer.trace);
