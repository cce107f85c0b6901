// Own connections: made by the method that Node had before the program began. What stands in for the network in tests of the
// program, or records it, puts another in its place (newer msw and nock do): our requests are none of the program's.

import { Socket } from 'node:net';

const own = methodNow();

function methodNow(): PropertyDescriptor | undefined {
  return Object.getOwnPropertyDescriptor(Socket.prototype, 'connect');
}

/** Runs what opens connections, at once, with Node's own method. */
export function withOwnConnect<Opened>(open: () => Opened): Opened {
  const replaced = methodNow();
  if (own === undefined || replaced === undefined || replaced.value === own.value) return open();
  // Nothing else runs in between.
  if (!Reflect.defineProperty(Socket.prototype, 'connect', own)) return open();
  try {
    return open();
  } finally {
    Reflect.defineProperty(Socket.prototype, 'connect', replaced);
  }
}
