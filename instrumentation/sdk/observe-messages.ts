// Observation of the Messages resource: `create`, `stream` and `countTokens` on its prototype, in every copy
// and format of the SDK.

import { context } from '@opentelemetry/api';
import type { RequestOptions } from './attempts.ts';
import { clientOf } from '../otel/foreign-fields.ts';
import { guard } from '../process/guard.ts';
import { observeCall, type ApiPromise } from './observe-call.ts';
import { observeCounting, type CountPrototype } from './observe-count.ts';
import type { Observer } from './observer.ts';
import { replaceMethod } from './replace-method.ts';
import { readRequest } from '../record/request-facts.ts';

export interface MessagesClass {
  readonly prototype: MessagesPrototype;
}
interface MessagesPrototype extends CountPrototype {
  create?: Create;
  stream?: OpensStream;
}
type Create = (this: object, body: unknown, options?: RequestOptions) => ApiPromise;
type OpensStream = (this: object, body: unknown, options?: RequestOptions) => unknown;

/** Observes the class; false where it has no `create` to observe. */
export function observeMessagesClass(
  observer: Observer,
  messagesClass: MessagesClass,
  sdkVersion: string | undefined,
): boolean {
  const { prototype } = messagesClass;
  const isObserved = replaceMethod<Create>(
    prototype,
    'create',
    (create) =>
      function (body, options) {
        return observeCall(observer, { client: clientOf(this), body, sdkVersion }, options, (own, sent) =>
          create.call(this, sent, own),
        );
      },
  );
  if (!isObserved) return false;
  observeCounting(observer, prototype);
  replaceMethod<OpensStream>(
    prototype,
    'stream',
    (stream) =>
      function (body, options) {
        // The helper opens its span before it calls `create`, so the run must be the active one here already.
        const active = guard('begin stream', () => {
          const run = observer.runs.runOf(readRequest(body));
          return observer.runs.enterHelper(context.active(), run);
        });
        return active === undefined
          ? stream.call(this, body, options)
          : context.with(active, () => stream.call(this, body, options));
      },
  );
  return true;
}
