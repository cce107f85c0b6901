// The refusal of a request that could not be checked, because the guard itself failed: made where the settings ask for it,
// whatever else is broken.

import { INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import { guard } from '../process/guard.ts';
import type { Telemetry } from '../record/telemetry.ts';
import { limitErrorFor, type LimitExceededError } from './limit-error.ts';

const RULE = 'TALLYSPAN_LIMIT_ON_FAULT';
const UNKNOWN_FAULT = 'The limits could not be checked; set TALLYSPAN_LOG=debug to see why.';

/**
 * @param client of the SDK, whose class of errors it is made from
 * @param fault what is wrong with the limits, where that is known
 */
export function refuseUnchecked(
  telemetry: Telemetry,
  client: object | undefined,
  model = '',
  fault = UNKNOWN_FAULT,
): LimitExceededError {
  guard('limit fault', () => {
    telemetry.events.emit(
      'agent.limit',
      Date.now(),
      trace.getActiveSpan()?.spanContext() ?? INVALID_SPAN_CONTEXT,
      {
        'limit.action': 'refused',
        'limit.scope': 'fault',
        'limit.rule': RULE,
        'limit.key': '(not known)',
        'gen_ai.request.model': model === '' ? undefined : model,
      },
    );
  });
  return limitErrorFor(client, {
    scope: 'fault',
    rule: RULE,
    key: '(not known)',
    unit: 'repetitions',
    limit: 0,
    spent: 0,
    reserved: 0,
    needed: 1,
    model,
    hint: `${fault} TALLYSPAN_LIMIT_ON_FAULT=refuse stops calls meanwhile.`,
  });
}
