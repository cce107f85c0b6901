// A graceful close: requests under way are answered, within a limit; connections that have none are closed at once, so that
// senders who keep theirs, and browsers that opened one in advance, hold nobody up.

import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long a request may still take. Whoever stops the process waits ten seconds as a rule (`docker stop`). */
export const UNDER_WAY_LIMIT_MS = 3000;
/** A connection whose request was answered has none from then on. */
const LOOK_EVERY_MS = 50;

/** Call it before the server listens; the answer closes it. Connections are closed by it, so `forceCloseConnections` is 'idle'. */
export function closeGracefully(app: FastifyInstance): () => Promise<void> {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  function closeIdle(): void {
    app.server.closeIdleConnections();
    // Node does not call a connection idle that has not asked anything yet.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  return async () => {
    const looking = setInterval(closeIdle, LOOK_EVERY_MS);
    const limit = setTimeout(() => app.server.closeAllConnections(), UNDER_WAY_LIMIT_MS);
    try {
      await app.close();
    } finally {
      clearInterval(looking);
      clearTimeout(limit);
    }
  };
}
