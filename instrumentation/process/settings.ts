// Settings: what the environment says, read once at start. A value that is not valid is told and
// replaced by the default; a TALLYSPAN_ variable that is none of ours is told with its nearest neighbour.

import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import type { LogLevel } from './diagnostics.ts';
import { readLimitSettings, type LimitSettings } from '../../core/limits/limit-settings.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import {
  CONTENT_MODES,
  unknownSettings,
  type ContentMode,
  type PreloadSettingName,
} from '../../core/setting-names.ts';
import { spoolFolderParts } from '../../core/spool.ts';
import { readStandardSettings, type Protocol } from './standard-settings.ts';

export interface Settings {
  readonly isDisabled: boolean;
  readonly content: ContentMode;
  /** With `errors`: content of a run that cost more is recorded as well, nano-USD; `undefined`: only of failed runs. */
  readonly contentOverNanoUsd: number | undefined;
  readonly log: LogLevel;
  readonly protocol: Protocol;
  /** Whether spans leave the process. */
  readonly sendsSpans: boolean;
  /** Whether events leave the process. */
  readonly sendsEvents: boolean;
  /** Whether requests carry the trace context on; baggage never goes. */
  readonly sendsTraceContext: boolean;
  /** Folder of the daily JSON-lines file; `undefined` when off. */
  readonly fileFolder: string | undefined;
  readonly spoolFolder: string;
  readonly pricesFile: string | undefined;
  /** File to which the process appends what was seen of it; a command sets it for the programs that it starts. */
  readonly reportFile: string | undefined;
  /** Whether each run ends with a line on stderr. */
  readonly hasReceipts: boolean;
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  readonly taskType: string | undefined;
  /** Limits that hold; `undefined` where none is set. */
  readonly limits: LimitSettings | undefined;
  /** Lines to say at start: what was not understood, and what to do. */
  readonly problems: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ['off', 'warn', 'debug'] as const;

export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const text = (name: PreloadSettingName): string | undefined =>
    environment[name]?.trim() === '' ? undefined : environment[name]?.trim();
  const oneOf = <T extends string>(name: PreloadSettingName, allowed: readonly T[], fallback: T): T => {
    const value = text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      problems.push(`${name}=${value} is not valid; it is one of ${allowed.join(', ')}. Using ${fallback}.`);
    return found ?? fallback;
  };

  problems.push(...unknownSettings(environment));

  return {
    content: oneOf('TALLYSPAN_CONTENT', CONTENT_MODES, 'none'),
    contentOverNanoUsd: readUsd('TALLYSPAN_CONTENT_OVER_USD', text('TALLYSPAN_CONTENT_OVER_USD'), problems),
    log: oneOf('TALLYSPAN_LOG', LOG_LEVELS, 'warn'),
    ...readStandardSettings(environment, problems),
    fileFolder: text('TALLYSPAN_FILE'),
    spoolFolder: join(...spoolFolderParts(environment, platform(), homedir())),
    pricesFile: text('TALLYSPAN_PRICES'),
    reportFile: text('TALLYSPAN_REPORT'),
    hasReceipts: oneOf('TALLYSPAN_RECEIPT', ['0', '1'], '0') === '1',
    userId: text('TALLYSPAN_USER_ID'),
    sessionId: text('TALLYSPAN_SESSION_ID'),
    taskType: text('TALLYSPAN_TASK_TYPE'),
    limits: readLimitSettings(environment, problems),
    problems,
  };
}

/** Dollars as nano-USD; what is no amount is told and left out. */
function readUsd(name: string, text: string | undefined, problems: string[]): number | undefined {
  if (text === undefined) return undefined;
  const usd = Number(text.replace(/^\$/, ''));
  if (Number.isFinite(usd) && usd > 0) return Math.round(usd * NANO_USD_PER_USD);
  problems.push(`${name}=${text} is not an amount of dollars; write 0.50. Only failed runs are recorded.`);
  return undefined;
}
