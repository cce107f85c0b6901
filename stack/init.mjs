// The init service: what the other services need before they start. Runs as root on a stock Node image.
// The Collector's queue gets its owner, Grafana's provisioning its static files, and the rest is rendered
// from the environment by the script of the alert rules.

import { chownSync, cpSync, mkdirSync } from 'node:fs';

const COLLECTOR_USER = 10001;

chownSync('/queue', COLLECTOR_USER, COLLECTOR_USER);
mkdirSync('/out/grafana', { recursive: true });
cpSync('/static', '/out/grafana', { recursive: true });

await import('/init/stack-init.mjs');
