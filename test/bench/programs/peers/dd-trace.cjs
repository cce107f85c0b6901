// dd-trace with LLM observability; the receiver stands in for its agent.
const { hostname, port } = new URL(process.env.HTTP_ENDPOINT);
require('dd-trace').init({
  hostname,
  port: Number(port),
  startupLogs: false,
  llmobs: { mlApp: 'bench', agentlessEnabled: false },
});
