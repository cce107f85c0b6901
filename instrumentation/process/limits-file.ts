// The limits of a file (TALLYSPAN_LIMITS): read once at start and put before those of the environment. What is wrong in
// it is said, and then none of the file applies.

import { parseLimitsFile } from '../../core/limits/limit-settings.ts';
import { readIfThere } from './files.ts';
import type { Settings } from './settings.ts';

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
