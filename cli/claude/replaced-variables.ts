// What `tallyspan claude setup` replaced in the settings of Claude Code: kept beside them, so that `--undo` gives back
// what was there and leaves what somebody has written since.

import { readFile, rm, writeFile } from 'node:fs/promises';
import type { Variables } from './telemetry-settings.ts';

/** Of each variable that setup wrote: what it wrote, and what was there before; null where there was none. */
export type ReplacedVariables = Readonly<
  Record<string, { readonly written: string; readonly before: string | null }>
>;

function recordFile(file: string): string {
  return `${file}.before-tallyspan`;
}

/** @returns what is kept beside these settings; undefined where there is nothing, or nothing that can be read */
export async function readReplaced(file: string): Promise<ReplacedVariables | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(file), 'utf8')) as ReplacedVariables;
  } catch {
    return undefined;
  }
}

/** Keeps what was there before the first time that setup wrote a variable. */
export async function keepReplaced(file: string, written: Variables, present: Variables): Promise<void> {
  const kept = (await readReplaced(file)) ?? {};
  const replaced = Object.fromEntries(
    Object.entries(written).map(([name, value]) => {
      const earlier = kept[name];
      const isStillOurs = earlier !== undefined && earlier.written === present[name];
      return [name, { written: value, before: isStillOurs ? earlier.before : (present[name] ?? null) }];
    }),
  );
  await writeFile(recordFile(file), `${JSON.stringify({ ...kept, ...replaced }, undefined, 2)}\n`, {
    mode: 0o600,
  });
}

export async function forgetReplaced(file: string): Promise<void> {
  await rm(recordFile(file), { force: true });
}

/**
 * The variables as they were before setup, undefined for those that were not there. What has another value than setup
 * wrote is left. Without a record it is what stands as setup writes it, and any address, as others than the default are
 * written, too.
 */
export function variablesBefore(
  replaced: ReplacedVariables | undefined,
  present: Variables,
  variables: Variables,
): Record<string, string | undefined> {
  const before: Record<string, string | undefined> = {};
  if (replaced === undefined) {
    for (const name of Object.keys(variables)) {
      const isOurs = name === 'OTEL_EXPORTER_OTLP_ENDPOINT' || present[name] === variables[name];
      if (present[name] !== undefined && isOurs) before[name] = undefined;
    }
    return before;
  }
  for (const [name, { written, before: value }] of Object.entries(replaced)) {
    if (present[name] === written) before[name] = value ?? undefined;
  }
  return before;
}
