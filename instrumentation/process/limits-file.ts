// The limits of a file (TALLYSPAN_LIMITS): read at start and put before those of the environment, and read again when the
// file changes. A file with a fault applies as a whole or not at all: at the start none of its limits does, later those
// that it had stay in force.

import { watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { parseLimitsFile, type LimitSettings } from '../../core/limits/limit-settings.ts';
import type { LimitRule } from '../../core/limits/limit.ts';
import { say } from './diagnostics.ts';
import { readIfThere } from './files.ts';
import { guard, guarded } from './guard.ts';
import type { Settings } from './settings.ts';

/** How often the file is looked at, which no process waits for. */
const LOOK_MS = 2_000;

export function withLimitsFile(settings: Settings): Settings {
  const { limits, problems } = settings;
  if (limits?.file === undefined) return settings;
  const found = read(limits.file, readIfThere(limits.file));
  if ('errors' in found) {
    const said = found.errors.map((error) => `${sentence(error)} No limit of the file applies.`);
    return {
      ...settings,
      limits: { ...limits, faults: [...limits.faults, ...said] },
      problems: [...problems, ...said],
    };
  }
  return { ...settings, limits: together(found.rules, limits) };
}

/**
 * Reads the file again whenever it changes.
 * @param own the settings without those of the file
 * @param change puts settings in force, or gives why it does not
 */
export function watchLimitsFile(
  file: string,
  own: LimitSettings,
  change: (settings: LimitSettings) => readonly string[],
): void {
  // The program may go to another folder.
  const place = resolve(file);
  let last = readIfThere(place);
  const look = guarded('limits file', () => {
    const content = readIfThere(place);
    if (content === last) return;
    last = content;
    const found = read(file, content);
    const errors = 'errors' in found ? found.errors : change(together(found.rules, own));
    for (const error of errors) say(`${sentence(error)} The limits stay as they were before the change.`);
    if (errors.length > 0 || 'errors' in found) return;
    const { length } = found.rules;
    say(
      `TALLYSPAN_LIMITS: ${file} was changed. ${length === 1 ? 'Its limit holds' : `Its ${length} limits hold`} from now on; what was spent goes on to count.`,
    );
  });
  // Where a process may read some files alone, none can be watched.
  guard('watch limits file', () => {
    watchFile(place, { persistent: false, interval: LOOK_MS }, look);
  });
}

function read(file: string, content: string | undefined): ReturnType<typeof parseLimitsFile> {
  return content === undefined ? { errors: [`${file} cannot be read`] } : parseLimitsFile(content, file);
}

function together(rules: readonly LimitRule[], own: LimitSettings): LimitSettings {
  return { ...own, rules: [...rules, ...own.rules] };
}

function sentence(error: string): string {
  return `TALLYSPAN_LIMITS: ${error.replace(/\.$/, '')}.`;
}
