// Late fields: what the event of a span says and its span shall say, too. Where nobody but us reads the span, they do not
// become attributes of it first: they are sent as the event's bytes.

import type { Fields } from './encode-event.ts';

const LATE = Symbol('late fields');

interface LateSpan {
  [LATE]?: Fields;
}

/** The fields belong to the span from here on. */
export function addLateFields(span: object, fields: Fields): void {
  (span as LateSpan)[LATE] = fields;
}

export function lateFieldsOf(span: object): Fields | undefined {
  return (span as LateSpan)[LATE];
}
