// Notes of first sights: each part of a call that the program has not sent before is worth a mark on its run.

import type { SpanContext } from '@opentelemetry/api';
import { prefixFields } from '../../../core/attribution/request-shape.ts';
import { guard } from '../../process/guard.ts';
import type { SightKind } from './first-sights.ts';
import type { PaidModelCall } from '../paid-call.ts';
import type { Telemetry } from '../telemetry.ts';

/** Writes a note for each part of the call that the program has not sent before. */
export function recordFirstSights(
  telemetry: Telemetry,
  call: PaidModelCall,
  endMs: number,
  spanContext: SpanContext,
): void {
  guard('first sights', () => {
    const { shape, model } = call.facts;
    const { hashes } = shape;
    const { model: answered = model } = call.answer;
    // Most calls are like the one before.
    if (
      telemetry.firstSights.isLast([
        answered,
        hashes.system,
        hashes.tools,
        hashes.toolSet,
        call.revision,
        call.sdkVersion,
      ])
    )
      return;
    const prefix = prefixFields(shape);
    const sights: [SightKind, string][] = [['model', answered]];
    if (shape.blocks.some((block) => block.kind === 'system'))
      sights.push(['system_prompt', prefix['tallyspan.prefix.system']]);
    if (shape.toolNames.length > 0) sights.push(['tool_definitions', prefix['tallyspan.prefix.tools']]);
    if (call.revision !== undefined) sights.push(['revision', call.revision]);
    if (call.sdkVersion !== undefined) sights.push(['sdk_version', call.sdkVersion]);
    for (const [kind, value] of sights) {
      if (!telemetry.firstSights.add(kind, value, endMs)) continue;
      telemetry.events.emit('agent.note', endMs, spanContext, {
        ...call.run.fields(),
        'agent.note.kind': 'first_seen',
        'agent.note.subject': kind,
        'agent.note.value': value,
        'agent.step_number': call.step,
      });
    }
  });
}
