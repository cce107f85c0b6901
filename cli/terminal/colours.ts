// Colours: on a terminal unless its user wants none (NO_COLOR) or it knows none (TERM=dumb); elsewhere only where they
// are asked for (FORCE_COLOR). https://no-color.org, https://force-color.org

import type { CliOutput } from './io.ts';

/** Whether what is printed to this output may have colours. */
export function hasColours(output: CliOutput, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced) return forced !== '0' && forced !== 'false';
  return output.isTTY === true && !isDumb(env);
}

/** Whether the terminal can neither colour text nor move its cursor. */
export function isDumb(env: NodeJS.ProcessEnv): boolean {
  return env['TERM'] === 'dumb';
}

/** The output, with what the environment says of its colours. */
export function withColours(output: CliOutput, env: NodeJS.ProcessEnv): CliOutput {
  return {
    write: (text) => output.write(text),
    drained: (signal) => output.drained?.(signal) ?? Promise.resolve(),
    isTTY: output.isTTY,
    hasColours: hasColours(output, env),
    // A window changes its size.
    get columns() {
      return output.columns;
    },
  };
}
