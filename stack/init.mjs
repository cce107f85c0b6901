// The init service: what the other services need before they start. Runs as root on a stock Node image.
// The Collector's queue and the server's folder get their owners and the token between them, Grafana's provisioning its static files and the boards, and the
// rest is rendered from the environment by the script of the alert rules.

import { chownSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { placeBoards } from './boards.mjs';
import { placeServerToken } from './server-token.mjs';

const COLLECTOR_USER = 10001;
const NODE_USER = 1000;

chownSync('/queue', COLLECTOR_USER, COLLECTOR_USER);
// Mounted where the stack has a server of its own.
const hasServer = existsSync('/tallyspan');
if (hasServer) chownSync('/tallyspan', NODE_USER, NODE_USER);
placeToken();
mkdirSync('/out/grafana', { recursive: true });
cpSync('/static', '/out/grafana', { recursive: true });

// A data source is there only with its server: docker-compose.metrics.yml.
const METRICS = '/out/grafana/datasources/prometheus.yaml';
if (process.env['INIT_METRICS'] === 'true') cpSync('/static/metrics/prometheus.yaml', METRICS);
else rmSync(METRICS, { force: true });

await import('/init/alerts/stack-init.ts');
// Only now is it known that the zone is one.
placeBoards('/boards', '/out/boards', process.env['TIMEZONE'] || 'UTC');

function placeToken() {
  const collector = { file: '/queue/tallyspan-token', user: COLLECTOR_USER };
  const server = hasServer ? { file: '/tallyspan/token', user: NODE_USER } : undefined;
  try {
    process.stdout.write(placeServerToken({ server, collector }, process.env['TALLYSPAN_TOKEN']));
  } catch (error) {
    process.stderr.write(`tallyspan: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write('tallyspan: nothing was started. Fix .env and run docker compose up again.\n');
    process.exit(1);
  }
}
