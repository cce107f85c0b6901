// The preload: sets everything up, once per process, before the user's program begins.

import { guard } from './process/guard.ts';
import { start } from './start.ts';

const STARTED = Symbol.for('tallyspan.node.started');
const scope = globalThis as Record<symbol, unknown>;

// Both a --require and an --import may name us, and NODE_OPTIONS a third.
if (scope[STARTED] !== true) {
  scope[STARTED] = true;
  guard('start', start);
}
