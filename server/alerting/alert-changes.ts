// Alert changes: limits, channels and silences that somebody set on the page, with who and when. They are kept in a file of the data
// folder. A limit that the environment sets counts before one of the page.

import { join } from 'node:path';
import { CHANNEL_NAMES, type ChannelName } from '../../alerts/rules/channel-settings.ts';
import {
  SETTINGS,
  readVariable,
  type Environment,
  type SettingDefinition,
  type SettingId,
  type SettingValues,
} from '../../alerts/rules/setting.ts';
import type { RuleLimit } from '../../alerts/rules/rule.ts';
import { KeptFile } from './kept-file.ts';

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

export interface ChannelChange extends Change {
  /** Empty: notices of the rule stay on the page. */
  readonly names: readonly ChannelName[];
}

const FILE = 'alert-changes.json';

/** A value that a setting cannot have. */
export class LimitError extends Error {}

export class AlertChanges {
  readonly #file: KeptFile;
  readonly #env: Environment;
  readonly #limits = new Map<SettingId, LimitChange>();
  readonly #silences = new Map<string, Silence>();
  readonly #channels = new Map<string, ChannelChange>();

  /** What cannot be read is left out, and said. */
  constructor(dataDir: string, env: Environment, log: (line: string) => void) {
    this.#file = new KeptFile(join(dataDir, FILE));
    this.#env = env;
    const stored = readStored(this.#file, log);
    const leaveOut = (what: string): void => {
      this.#file.leavePartOut();
      log(`alerts: ${what} in ${this.#file.path} cannot be used and is left out`);
    };
    for (const [id, change] of entriesOf(stored.limits))
      if (id in SETTINGS && isLimit(id as SettingId, change)) this.#limits.set(id as SettingId, change);
      else leaveOut(`the limit of ${id}`);
    for (const [id, silence] of entriesOf(stored.silences))
      if (isSilence(silence)) this.#silences.set(id, silence);
      else leaveOut(`the silence of ${id}`);
    for (const [id, change] of entriesOf(stored.channels))
      if (isChannelChange(change)) this.#channels.set(id, change);
      else leaveOut(`the choice of channels of ${id}`);
  }

  /** The settings of the environment with the limits of the page in the place of defaults. */
  applyTo(settings: SettingValues): SettingValues {
    const changed = [...this.#limits].filter(([id]) => !this.isFixed(id));
    return { ...settings, ...Object.fromEntries(changed.map(([id, { value }]) => [id, value])) };
  }

  /** Whether the environment sets it, so that it cannot be changed here. */
  isFixed(id: RuleLimit): boolean {
    if (typeof id === 'number') return true;
    return readVariable(this.#env, SETTINGS[id].env) !== undefined;
  }

  limitOf(id: RuleLimit): LimitChange | undefined {
    return typeof id === 'number' || this.isFixed(id) ? undefined : this.#limits.get(id);
  }

  silenceOf(ruleId: string, nowMs: number): Silence | undefined {
    const set = this.#silences.get(ruleId);
    if (set === undefined) return undefined;
    // A clock that was set back leaves silences that begin in the future and would last until long after.
    const silence = set.atMs > nowMs ? { ...set, atMs: nowMs, untilMs: nowMs + set.untilMs - set.atMs } : set;
    if (silence !== set) this.#silences.set(ruleId, silence);
    return silence.untilMs > nowMs ? silence : undefined;
  }

  /** Without a value the default counts again. @throws LimitError */
  setLimit(id: RuleLimit, value: number | undefined, change: Change): void {
    if (typeof id === 'number')
      throw new LimitError('the limit of a rule of your own is changed with the rule');
    const { env, min, max, unit } = SETTINGS[id] as SettingDefinition;
    if (this.isFixed(id)) throw new LimitError(`${env} is set in the environment: change it there`);
    if (value === undefined) this.#limits.delete(id);
    else if (!Number.isFinite(value) || value < min || value > max)
      throw new LimitError(`the limit is a number from ${min} to ${max} (${unit})`);
    else this.#limits.set(id, { value, ...change });
    this.#write();
  }

  /** The channels that a rule was given; undefined where nobody chose. */
  channelsOf(ruleId: string): ChannelChange | undefined {
    return this.#channels.get(ruleId);
  }

  /** Without names every channel counts again. */
  setChannels(ruleId: string, names: readonly ChannelName[] | undefined, change: Change): void {
    if (names === undefined) this.#channels.delete(ruleId);
    else this.#channels.set(ruleId, { names, ...change });
    this.#write();
  }

  /** Forgets what was chosen for a rule that is gone. */
  forget(ruleId: string): void {
    this.#channels.delete(ruleId);
    this.#silences.delete(ruleId);
    this.#write();
  }

  /** Without an end it is over. */
  silence(ruleId: string, untilMs: number | undefined, change: Change): void {
    if (untilMs === undefined) this.#silences.delete(ruleId);
    else this.#silences.set(ruleId, { untilMs, ...change });
    this.#write();
  }

  #write(): void {
    this.#file.write({
      limits: Object.fromEntries(this.#limits),
      silences: Object.fromEntries(this.#silences),
      channels: Object.fromEntries(this.#channels),
    });
  }
}

interface Stored {
  readonly limits?: unknown;
  readonly silences?: unknown;
  readonly channels?: unknown;
}

function readStored(file: KeptFile, log: (line: string) => void): Stored {
  const sayFault = (reason: string): void =>
    log(
      `alerts: ${file.path} cannot be read (${reason}): limits, channels and silences of the page do not count`,
    );
  const stored = file.read(sayFault);
  if (stored === undefined) return {};
  if (typeof stored === 'object' && stored !== null && !Array.isArray(stored)) return stored;
  file.leavePartOut();
  sayFault('it holds no object');
  return {};
}

function entriesOf(part: unknown): readonly (readonly [string, unknown])[] {
  return typeof part === 'object' && part !== null ? Object.entries(part) : [];
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

function isChannelChange(change: unknown): change is ChannelChange {
  if (!isChange(change)) return false;
  const { names } = change as Partial<ChannelChange>;
  return Array.isArray(names) && names.every((name) => CHANNEL_NAMES.includes(name));
}

function isChange(change: unknown): change is Change {
  if (typeof change !== 'object' || change === null) return false;
  const { atMs, by } = change as Partial<Change>;
  return typeof atMs === 'number' && Number.isFinite(atMs) && typeof by === 'string';
}
