// Field names: which field of the schema, or which event, some bytes name, without making a string of them.

import { EVENT_NAMES, FIELD_KEYS, type EventName } from '../../core/schema.ts';
import type { FieldIndex } from '../store/columns/event-batch.ts';

const SLOTS = 1024;
const KEYS = FIELD_KEYS.map((key) => Buffer.from(key));
const EVENTS = EVENT_NAMES.map((name) => Buffer.from(name));
/** Open addressing: field + 1 by hash, 0 where none is. */
const fieldBySlot = new Int16Array(SLOTS);

for (const [field, bytes] of KEYS.entries()) {
  let slot = hashOf(bytes, 0, bytes.length);
  while (fieldBySlot[slot] !== 0) slot = (slot + 1) % SLOTS;
  fieldBySlot[slot] = field + 1;
}

/** The field with this name; -1 when there is none. */
export function findField(bytes: Uint8Array, start: number, end: number): FieldIndex {
  for (let slot = hashOf(bytes, start, end); ; slot = (slot + 1) % SLOTS) {
    const field = (fieldBySlot[slot] as number) - 1;
    if (field < 0 || isName(KEYS[field] as Buffer, bytes, start, end)) return field;
  }
}

/** Event of the GenAI conventions that is a score. */
export const EVALUATION_EVENT = 'gen_ai.evaluation.result';
const EVALUATION = Buffer.from(EVALUATION_EVENT);

/** The event with this name. */
export function findEventName(bytes: Uint8Array, start: number, end: number): EventName | undefined {
  for (let event = 0; event < EVENTS.length; event++)
    if (isName(EVENTS[event] as Buffer, bytes, start, end)) return EVENT_NAMES[event];
  return isName(EVALUATION, bytes, start, end) ? 'agent.score' : undefined;
}

function isName(name: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (bytes[index] as number)) | 0;
  return (hash ^ (hash >>> 10)) & (SLOTS - 1);
}
