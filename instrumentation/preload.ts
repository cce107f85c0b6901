// The preload: sets everything up, once per process, before the user's program begins.

import { say } from './process/diagnostics.ts';
import { guard } from './process/guard.ts';
import { find, leave, STARTED } from './process/meeting-place.ts';
import { start } from './start.ts';

// Both a --require and an --import may name us, and NODE_OPTIONS a third; so may each file that a test runner loads.
if (find(STARTED) !== true) {
  leave(STARTED, true);
  guard('start', () => {
    try {
      start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(
        `off: ${reason} Calls are not observed. Load @tallyspan/node/register before the program: by --import, --require or NODE_OPTIONS.`,
      );
      throw error;
    }
  });
}
