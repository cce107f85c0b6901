// The standard settings: the OTEL_ variables that concern us, read as OpenTelemetry's specification says. An
// unknown value is told, with what it may have meant, and counts as not set.

import { nearestOf } from '../../core/text/nearest.ts';
import { SAMPLERS } from './sampler.ts';

export type Protocol = 'grpc' | 'http/protobuf';

export interface StandardSettings {
  readonly isDisabled: boolean;
  readonly protocol: Protocol;
  readonly sendsSpans: boolean;
  readonly sendsEvents: boolean;
  readonly sendsTraceContext: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const BOOLEANS = ['true', 'false'] as const;
const PROTOCOLS = ['grpc', 'http/protobuf'] as const;
const EXPORTERS = ['otlp', 'none'] as const;
const PROPAGATORS = ['tracecontext', 'baggage', 'none'] as const;

/** Where OTLP over HTTP can be sent: OpenTelemetry takes `localhost:4318` for a URL of the scheme `localhost:`. */
export function isHttpAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Reads the variables; what is not understood is added to `problems` as a line to say. */
export function readStandardSettings(environment: Environment, problems: string[]): StandardSettings {
  /** The values of a list that are known, in order; the default where the variable is not set or nothing of it is known. */
  const list = <T extends string>(
    name: string,
    known: readonly T[],
    fallback: readonly T[],
  ): readonly T[] => {
    const given = (environment[name] ?? '')
      .split(',')
      .map((value) => value.trim())
      .filter((value) => value !== '');
    const found = given.flatMap((value) => known.find((candidate) => candidate === value) ?? []);
    const used = found.length === 0 ? fallback : found;
    for (const value of given) {
      if ((known as readonly string[]).includes(value)) continue;
      problems.push(`${name}=${value} is not supported; ${hintOf(value, known)} Using ${used.join(',')}.`);
    }
    return used;
  };
  const one = <T extends string>(name: string, known: readonly T[], fallback: T): T => {
    const [first] = list(name, known, [fallback]);
    return first ?? fallback;
  };

  const isDisabled = environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() ?? '';
  if (isDisabled !== '' && !(BOOLEANS as readonly string[]).includes(isDisabled))
    problems.push(`OTEL_SDK_DISABLED=${isDisabled} is not valid; it is true or false. Using false.`);
  one('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on');
  const propagators = list('OTEL_PROPAGATORS', PROPAGATORS, ['tracecontext']);
  const sendsEvents = one('OTEL_LOGS_EXPORTER', EXPORTERS, 'otlp') === 'otlp';
  if (!sendsEvents && isDisabled !== 'true') {
    problems.push(
      'OTEL_LOGS_EXPORTER=none: no events leave this process, and events hold every number. Unset it, or set TALLYSPAN_FILE.',
    );
  }
  const protocol = one('OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS, 'grpc');
  if (protocol === 'http/protobuf') problems.push(...addressProblems(environment));
  return {
    isDisabled: isDisabled === 'true',
    protocol,
    sendsSpans: one('OTEL_TRACES_EXPORTER', EXPORTERS, 'otlp') === 'otlp',
    sendsEvents,
    sendsTraceContext: propagators.includes('tracecontext'),
  };
}

function addressProblems(environment: Environment): string[] {
  return ['', 'LOGS_', 'TRACES_'].flatMap((signal) => {
    const name = `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`;
    const value = environment[name]?.trim() ?? '';
    if (value === '' || isHttpAddress(value)) return [];
    const meant = `http://${value}`;
    const hint = !value.includes('://') && isHttpAddress(meant) ? meant : 'http://127.0.0.1:4318';
    return [`${name}=${value} is no address of HTTP; write it like ${hint}. It counts as not set.`];
  });
}

function hintOf(value: string, known: readonly string[]): string {
  const nearest = nearestOf(value, known, 2);
  return nearest === undefined ? `it is one of ${known.join(', ')}.` : `did you mean ${nearest}?`;
}
