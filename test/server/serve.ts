// A server in a process of its own, so that it can be killed. Options come as JSON in the first argument;
// the addresses go to stdout as one line of JSON, or what is wrong as `{"error": …}`.

import { ownProcess } from '../../server/process/memory.ts';
import { ServerError, startServer } from '../../server/start-server.ts';

ownProcess();
const options = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string };

try {
  const server = await startServer({
    uiPort: 0,
    grpcPort: 0,
    httpPort: 0,
    ...options,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const { uiUrl, grpcAddress, httpAddress, dataDir } = server;
  process.stdout.write(`${JSON.stringify({ uiUrl, grpcAddress, httpAddress, dataDir })}\n`);
  process.once('SIGTERM', () => {
    void server.close().then(() => process.stdout.write('closed\n'));
  });
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  process.stdout.write(`${JSON.stringify({ error: error.message })}\n`);
}
