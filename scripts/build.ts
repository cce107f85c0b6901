// Builds what users run: the preload and manual API of @tallyspan/node, and the tallyspan program.

import { buildCli } from './build-cli.ts';
import { buildInstrumentation } from './build-instrumentation.ts';

await Promise.all([buildInstrumentation(), buildCli()]);
