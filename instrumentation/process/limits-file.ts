// The limits of a file (TALLYSPAN_LIMITS): read once at start and put before those of the environment. What is wrong in
// it is said, and then none of the file applies. A change while the program runs is said, too, and waits for the next
// start.

import { watchFile } from 'node:fs';
import { parseLimitsFile } from '../../core/limits/limit-settings.ts';
import { say } from './diagnostics.ts';
import { readIfThere } from './files.ts';
import { guarded } from './guard.ts';
import type { Settings } from './settings.ts';

/** How often the file is looked at, which no process waits for. */
const LOOK_MS = 2_000;

export function withLimitsFile(settings: Settings): Settings {
  const { limits, problems } = settings;
  if (limits?.file === undefined) return settings;
  const content = readIfThere(limits.file);
  const found =
    content === undefined
      ? { errors: [`${limits.file} cannot be read`] }
      : parseLimitsFile(content, limits.file);
  if ('errors' in found) {
    const said = found.errors.map(
      (error) => `TALLYSPAN_LIMITS: ${error.replace(/\.$/, '')}. No limit of the file applies.`,
    );
    return {
      ...settings,
      limits: { ...limits, faults: [...limits.faults, ...said] },
      problems: [...problems, ...said],
    };
  }
  return { ...settings, limits: { ...limits, rules: [...found.rules, ...limits.rules] } };
}

/** Says where the file changes that its limits are those of the start: nobody is to wait for a limit that never comes. */
export function watchLimitsFile(file: string): void {
  let last = readIfThere(file);
  const look = guarded('limits file', () => {
    const content = readIfThere(file);
    if (content === last) return;
    last = content;
    say(
      `TALLYSPAN_LIMITS: ${file} was ${content === undefined ? 'removed' : 'changed'}. The limits that were read at the start stay in force until the program starts again.`,
    );
  });
  watchFile(file, { persistent: false, interval: LOOK_MS }, look);
}
