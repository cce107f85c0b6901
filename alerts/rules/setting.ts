// A setting: one number or text that a user may change, under the name of an environment variable,
// with its default, its bounds and what it means. Every threshold of every rule is one.

/** How a value is written for people, and what a threshold is compared with. */
export type ValueUnit = 'usd' | 'ratio' | 'times' | 'seconds' | 'count' | 'hours' | 'minutes';

export interface SettingDefinition {
  /** Environment variable that users set. */
  readonly env: string;
  readonly default: number;
  readonly unit: ValueUnit;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

const anyCount = { unit: 'count', min: 0, max: 1e9 } as const;
const anyRatio = { unit: 'ratio', min: 0, max: 1 } as const;
const anyUsd = { unit: 'usd', min: 0, max: 1e6 } as const;

// prettier-ignore
export const SETTINGS = {
  costSpikeTimes: { env: 'ALERT_COST_SPIKE_TIMES', default: 2, unit: 'times', min: 1, max: 1000, doc: 'Cost today against the average of the previous 7 days.' },
  costPaceTimes: { env: 'ALERT_COST_PACE_TIMES', default: 2, unit: 'times', min: 1, max: 1000, doc: 'Cost today so far against the same share of the previous 7 days.' },
  costFloor: { env: 'COST_ALERT_FLOOR_USD', default: 1, ...anyUsd, doc: 'Below this cost of the day neither cost rule speaks.' },
  userDayCost: { env: 'ALERT_USER_DAY_USD', default: 5, ...anyUsd, doc: 'Cost of one user in one calendar day.' },
  runCost: { env: 'ALERT_RUN_USD', default: 0.5, ...anyUsd, doc: 'Cost of one run.' },
  conversationCost: { env: 'ALERT_CONVERSATION_USD', default: 0.5, ...anyUsd, doc: 'Cost of one conversation within 24 hours.' },
  runFailureRate: { env: 'ALERT_RUN_FAILURE_RATE', default: 0.2, ...anyRatio, doc: 'Share of ended runs that did not end ok, over 5 minutes.' },
  runFailureVolume: { env: 'ALERT_RUN_FAILURE_MIN_RUNS', default: 5, ...anyCount, doc: 'Runs that must have ended in the 5 minutes.' },
  cacheHitRatio: { env: 'ALERT_CACHE_HIT_RATIO', default: 0.6, ...anyRatio, doc: 'Share of input tokens read from the cache, over an hour.' },
  cacheHitVolume: { env: 'ALERT_CACHE_HIT_MIN_CALLS', default: 20, ...anyCount, doc: 'Model calls that the hour must hold.' },
  turnsPerRun: { env: 'ALERT_TURNS_PER_RUN', default: 15, ...anyCount, doc: 'Mean model calls of a run, over an hour.' },
  turnsVolume: { env: 'ALERT_TURNS_MIN_RUNS', default: 3, ...anyCount, doc: 'Runs that must have ended in the hour.' },
  runLatencyP95: { env: 'ALERT_RUN_P95_SECONDS', default: 10, unit: 'seconds', min: 0.001, max: 86_400, doc: 'p95 latency of runs, over 15 minutes.' },
  runLatencyVolume: { env: 'ALERT_RUN_P95_MIN_RUNS', default: 10, ...anyCount, doc: 'Runs that must have ended in the 15 minutes.' },
  toolFailureRate: { env: 'ALERT_TOOL_FAILURE_RATE', default: 0.05, ...anyRatio, doc: 'Share of failed calls of one tool, over 15 minutes.' },
  toolFailureVolume: { env: 'ALERT_TOOL_FAILURE_MIN_CALLS', default: 20, ...anyCount, doc: 'Calls of the tool in the 15 minutes.' },
  toolRetryRate: { env: 'ALERT_TOOL_RETRY_RATE', default: 0.3, ...anyRatio, doc: 'Share of calls of one tool that repeat a failed one, over an hour.' },
  toolRetryVolume: { env: 'ALERT_TOOL_RETRY_MIN_CALLS', default: 10, ...anyCount, doc: 'Calls of the tool in the hour.' },
  apiErrorRate: { env: 'ALERT_API_ERROR_RATE', default: 0.01, ...anyRatio, doc: 'Share of model calls that met 429 or 529, over 15 minutes.' },
  apiErrorVolume: { env: 'ALERT_API_ERROR_MIN_CALLS', default: 20, ...anyCount, doc: 'Model calls that the 15 minutes must hold.' },
  unpricedCalls: { env: 'ALERT_UNPRICED_CALLS', default: 0, ...anyCount, doc: 'Model calls without a price, over an hour.' },
  limitRefusals: { env: 'ALERT_LIMIT_REFUSALS', default: 0, ...anyCount, doc: 'Requests that limits refused, over 15 minutes.' },
  limitUsedRatio: { env: 'ALERT_LIMIT_USED_RATIO', default: 0.79, ...anyRatio, doc: 'Share of a limit that is spent and reserved, over 15 minutes.' },
  telemetryLoss: { env: 'ALERT_TELEMETRY_LOSS', default: 0.001, ...anyRatio, doc: 'Share of events that never arrived, over an hour.' },
  lostRunRate: { env: 'ALERT_LOST_RUN_RATE', default: 0.05, ...anyRatio, doc: 'Share of started runs that never ended by themselves, over 24 hours.' },
  lostRunVolume: { env: 'ALERT_LOST_RUN_MIN_RUNS', default: 5, ...anyCount, doc: 'Runs that must have started in the 24 hours.' },
  silenceRuns: { env: 'ALERT_SILENCE_RUNS', default: 1, ...anyCount, doc: 'Runs started in 2 hours below which it is called silence.' },
  silenceVolume: { env: 'ALERT_SILENCE_USUAL_RUNS', default: 5, ...anyCount, doc: 'Runs in the same 2 hours a week ago; with fewer, silence is normal.' },
  recoverableCost: { env: 'ALERT_RECOVERABLE_USD', default: 10, ...anyUsd, doc: 'What the fixes of the open findings would recover a week.' },
  billingCoverage: { env: 'ALERT_BILLING_COVERAGE', default: 0.99, ...anyRatio, doc: 'Share of the bill of 7 days that observed calls account for.' },
  billingDrift: { env: 'ALERT_BILLING_DRIFT', default: 0.01, ...anyRatio, doc: 'Price differences against the bill of 7 days, as a share of it.' },
  renotifyHours: { env: 'ALERT_RENOTIFY_HOURS', default: 4, unit: 'hours', min: 0.1, max: 720, doc: 'While an alert keeps firing, people are notified again after this time.' },
  cooldownMinutes: { env: 'ALERT_COOLDOWN_MINUTES', default: 30, unit: 'minutes', min: 0, max: 10_080, doc: 'After "back to normal" the same alert stays silent for this long.' },
  groupMinutes: { env: 'ALERT_GROUP_MINUTES', default: 10, unit: 'minutes', min: 0, max: 1440, doc: 'Notices of one rule about different users, tools or conversations gather for this long.' },
} as const satisfies Record<string, SettingDefinition>;

export type SettingId = keyof typeof SETTINGS;
export type SettingValues = Readonly<Record<SettingId, number>>;

/** The environment as a program sees it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One or more variables have a wrong value; the message has a line for each, naming it and what to do. */
export class SettingError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingError';
    this.problems = problems;
  }
}

/** Value of a variable without blanks around it; an empty one is as good as none. */
export function readVariable(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === undefined || text === '' ? undefined : text;
}

/** The defaults. */
export function defaultSettings(): SettingValues {
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([id, setting]) => [id, setting.default]),
  ) as SettingValues;
}

/** Settings from the environment. Adds a line to `problems` for each value that cannot be used. */
export function readRuleSettings(env: Environment, problems: string[]): SettingValues {
  const values: Record<SettingId, number> = { ...defaultSettings() };
  for (const [id, setting] of Object.entries(SETTINGS) as [SettingId, SettingDefinition][]) {
    const text = readVariable(env, setting.env);
    if (text === undefined) continue;
    const value = Number(text);
    if (Number.isFinite(value) && value >= setting.min && value <= setting.max) values[id] = value;
    else {
      problems.push(
        `${setting.env} is "${text}": write a number from ${setting.min} to ${setting.max} ` +
          `(${setting.unit}; default ${setting.default}).`,
      );
    }
  }
  return values;
}
