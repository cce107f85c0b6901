// Listening on a port; a port that cannot be had is said in the words of the option that sets it.

import type { FastifyInstance } from 'fastify';
import { messageOf, ServerError } from './server-error.ts';

/** A port that the server listens on. */
export interface Door {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The option that sets the port. */
  readonly option: string;
  /** What is reached by it. */
  readonly what: string;
}

/** Answers what `open` does. @throws ServerError that names the door when it cannot be opened */
export async function openDoor<T>(door: Door, open: (host: string, port: number) => Promise<T>): Promise<T> {
  try {
    return await open(door.host, door.port);
  } catch (error) {
    throw listenError(error, door);
  }
}

/** Answers the port that was taken. @throws ServerError that names the door */
export async function listen(app: FastifyInstance, door: Door): Promise<number> {
  await openDoor(door, (host, port) => app.listen({ host, port }));
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : door.port;
}

function listenError(error: unknown, { host, port, option, what }: Door): ServerError {
  const reason = messageOf(error);
  if (/EADDRINUSE|address already in use/i.test(reason))
    return new ServerError(
      `port ${port} on ${host} (${what}) is already in use. Stop the program that has it, or choose another with ${option}.`,
    );
  if (/EACCES|permission denied/i.test(reason))
    return new ServerError(
      `port ${port} on ${host} (${what}) may not be used by this user. Choose one above 1023 with ${option}.`,
    );
  return new ServerError(`cannot listen on ${host} port ${port} for ${what}: ${reason}.`);
}
