// Builds what users run: the preload and manual API of @tallyspan/node, and the tallyspan program.
// Nothing is done when they are of the present sources.

import { ensureBuilt } from './ensure-built.ts';

await ensureBuilt();
