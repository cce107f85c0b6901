// Settings of the stack that no rule reads: those that other services are started with. A wrong one would leave a service
// that starts again and again, with a line in its log that names no variable; so the init service looks at them first.

import type { Environment } from './rules/setting.ts';

interface StackSetting {
  readonly env: string;
  readonly isRight: (text: string) => boolean;
  /** What to write, after “write”. */
  readonly form: string;
  /** The value may hold a password and is not repeated. */
  readonly isSecret?: boolean;
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const HOST = /^[^\s/]+$/;

const STACK_SETTINGS: readonly StackSetting[] = [
  wholeNumber('RETENTION_DAYS', 1, 36_500, 90),
  wholeNumber('TRACE_RETENTION_HOURS', 1, 876_000, 720),
  wholeNumber('METRICS_RETENTION_DAYS', 1, 36_500, 7),
  oneOf('LOKI_CACHE_NUMBERS', ['true', 'false']),
  oneOf('TALLYSPAN_CONTENT', ['full', 'none']),
  address('GRAFANA_URL'),
  address('LANGFUSE_HOST'),
  address('DATADOG_OTLP_ENDPOINT'),
  address('OTLP_BACKEND_URL'),
  hostAndPort('HONEYCOMB_ENDPOINT'),
  hostAndPort('JAEGER_ENDPOINT'),
  hostAndPort('TALLYSPAN_ENDPOINT'),
  {
    env: 'SAMPLING_PERCENT',
    isRight: (text) => /^\d+(?:\.\d+)?$/.test(text) && Number(text) <= 100,
    form: 'a number from 0 to 100',
  },
  wholeNumber('SAMPLING_SLOW_MS', 0, 1e12, 60_000),
  wholeNumber('SAMPLING_DEAR_NANO_USD', 0, 1e15, 1e9),
  { env: 'SAMPLING_MAX_RUN', isRight: (text) => DURATION.test(text), form: '30m, 90s or 1h30m' },
  {
    env: 'S3_ENDPOINT',
    isRight: (text) => HOST.test(text),
    form: 'the host alone, without https:// and without a path',
  },
  oneOf('S3_INSECURE', ['true', 'false']),
  {
    env: 'TIMEZONE',
    isRight: isSpelledAsIana,
    form: 'the name as IANA spells it, such as Europe/Berlin: Loki takes any other for UTC',
  },
];

/** A line for each setting with a value that the service cannot be started with. */
export function stackProblems(env: Environment): readonly string[] {
  return STACK_SETTINGS.flatMap(({ env: name, isRight, form, isSecret }) => {
    // As it is: other services get it with the blanks that quotes keep.
    const text = env[name] ?? '';
    if (text === '' || isRight(text)) return [];
    return [`${name} ${isSecret === true ? 'cannot be used' : `is "${text}"`}: write ${form}.`];
  });
}

function wholeNumber(env: string, min: number, max: number, value: number): StackSetting {
  return {
    env,
    isRight: (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
    form: `a whole number from ${min} to ${max} (default ${value})`,
  };
}

function oneOf(env: string, values: readonly string[]): StackSetting {
  return { env, isRight: (text) => values.includes(text), form: values.join(' or ') };
}

function address(env: string): StackSetting {
  return {
    env,
    isRight: (text) => /^https?:\/\/[^\s/]/.test(text) && URL.canParse(text),
    form: 'the whole address, with https:// or http://',
    isSecret: true,
  };
}

function hostAndPort(env: string): StackSetting {
  return {
    env,
    isRight: (text) => /^(?:[a-z]+:\/{2,3})?[^\s/]+:\d{1,5}$/.test(text),
    form: 'host and port, such as collector.example.com:4317',
  };
}

/** Node reads a zone in any case, and an offset as one; Go, and so Loki and Grafana, the name as it is. */
function isSpelledAsIana(text: string): boolean {
  let known: string;
  try {
    known = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    // No zone at all: the reader of the policy says so, but where it is one without its blanks.
    return text.trim() === text;
  }
  if (known.toLowerCase() === text.toLowerCase()) return known === text && !/^[+-]/.test(text);
  // An older name of the zone. Every part of one begins with a capital letter, and only short ones are all capitals.
  return text.split('/').every((part) => /^[A-Z]/.test(part) && !/^[A-Z_]{5,}$/.test(part));
}
