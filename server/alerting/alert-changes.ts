// Alert changes: limits and silences that somebody set on the page, with who and when. They are kept in a file of the data
// folder. A limit that the environment sets counts before one of the page.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  SETTINGS,
  readVariable,
  type Environment,
  type SettingDefinition,
  type SettingId,
  type SettingValues,
} from '../../alerts/rules/setting.ts';
import { messageOf } from '../process/server-error.ts';

interface Change {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** Address that it came from. */
  readonly by: string;
}

export interface LimitChange extends Change {
  /** In the unit of the setting. */
  readonly value: number;
}

export interface Silence extends Change {
  /** Unix milliseconds. */
  readonly untilMs: number;
}

const FILE = 'alert-changes.json';
const OWNER_ONLY = 0o600;

/** A value that a setting cannot have. */
export class LimitError extends Error {}

export class AlertChanges {
  readonly #file: string;
  readonly #env: Environment;
  readonly #limits = new Map<SettingId, LimitChange>();
  readonly #silences = new Map<string, Silence>();

  /** What cannot be read is left out, and said. */
  constructor(dataDir: string, env: Environment, log: (line: string) => void) {
    this.#file = join(dataDir, FILE);
    this.#env = env;
    const stored = readStored(this.#file, log);
    for (const [id, change] of Object.entries(stored.limits ?? {}))
      if (id in SETTINGS && isLimit(id as SettingId, change)) this.#limits.set(id as SettingId, change);
    for (const [id, silence] of Object.entries(stored.silences ?? {}))
      if (isSilence(silence)) this.#silences.set(id, silence);
  }

  /** The settings of the environment with the limits of the page in the place of defaults. */
  applyTo(settings: SettingValues): SettingValues {
    const changed = [...this.#limits].filter(([id]) => !this.isFixed(id));
    return { ...settings, ...Object.fromEntries(changed.map(([id, { value }]) => [id, value])) };
  }

  /** Whether the environment sets it, so that it cannot be changed here. */
  isFixed(id: SettingId): boolean {
    return readVariable(this.#env, SETTINGS[id].env) !== undefined;
  }

  limitOf(id: SettingId): LimitChange | undefined {
    return this.isFixed(id) ? undefined : this.#limits.get(id);
  }

  silenceOf(ruleId: string, nowMs: number): Silence | undefined {
    const silence = this.#silences.get(ruleId);
    return silence !== undefined && silence.untilMs > nowMs ? silence : undefined;
  }

  /** Without a value the default counts again. @throws LimitError */
  setLimit(id: SettingId, value: number | undefined, change: Change): void {
    const { env, min, max, unit } = SETTINGS[id] as SettingDefinition;
    if (this.isFixed(id)) throw new LimitError(`${env} is set in the environment: change it there`);
    if (value === undefined) this.#limits.delete(id);
    else if (!Number.isFinite(value) || value < min || value > max)
      throw new LimitError(`the limit is a number from ${min} to ${max} (${unit})`);
    else this.#limits.set(id, { value, ...change });
    this.#write();
  }

  /** Without an end it is over. */
  silence(ruleId: string, untilMs: number | undefined, change: Change): void {
    if (untilMs === undefined) this.#silences.delete(ruleId);
    else this.#silences.set(ruleId, { untilMs, ...change });
    this.#write();
  }

  #write(): void {
    const text = JSON.stringify(
      { limits: Object.fromEntries(this.#limits), silences: Object.fromEntries(this.#silences) },
      undefined,
      2,
    );
    writeFileSync(`${this.#file}.new`, text, { mode: OWNER_ONLY });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

interface Stored {
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly silences?: Readonly<Record<string, unknown>>;
}

function readStored(file: string, log: (line: string) => void): Stored {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  try {
    const stored: unknown = JSON.parse(text);
    return typeof stored === 'object' && stored !== null ? stored : {};
  } catch (error) {
    log(`alerts: ${file} cannot be read (${messageOf(error)}): limits and silences of the page do not count`);
    return {};
  }
}

function isLimit(id: SettingId, change: unknown): change is LimitChange {
  const { min, max } = SETTINGS[id];
  if (!isChange(change)) return false;
  const { value } = change as Partial<LimitChange>;
  return typeof value === 'number' && value >= min && value <= max;
}

function isSilence(silence: unknown): silence is Silence {
  return isChange(silence) && Number.isFinite((silence as Partial<Silence>).untilMs);
}

function isChange(change: unknown): change is Change {
  if (typeof change !== 'object' || change === null) return false;
  const { atMs, by } = change as Partial<Change>;
  return typeof atMs === 'number' && Number.isFinite(atMs) && typeof by === 'string';
}
