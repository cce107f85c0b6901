// The sampler of spans, from OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. Events are never sampled.

import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';

/** The names that the variable can hold. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The sampler that the variables name; `parentbased_always_on` without them or for an unknown name. */
export function readSampler(environment: Readonly<Record<string, string | undefined>>): Sampler {
  const given = environment['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  const name = SAMPLERS.find((known) => known === given) ?? 'parentbased_always_on';
  const isParentBased = name.startsWith('parentbased_');
  const root = rootSampler(name.replace('parentbased_', ''), environment['OTEL_TRACES_SAMPLER_ARG']);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, argument: string | undefined): Sampler {
  switch (name) {
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio': {
      const ratio = Number(argument ?? '1');
      return new TraceIdRatioBasedSampler(ratio >= 0 && ratio <= 1 ? ratio : 1);
    }
    default:
      return new AlwaysOnSampler();
  }
}
