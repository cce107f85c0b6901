// Streams: objects that report their own end. The SDK's message stream emits it (its listeners cannot be counted; one
// for errors would make them count as handled), Node's streams are seen as they emit it, a web stream reports it to
// its reader.

import type { Context } from '@opentelemetry/api';
import { guard } from '../process/guard.ts';
import { followIterable } from './iterators.ts';
import type { Outcome } from './outcome.ts';
import { shadow } from './shadow.ts';

interface Emitter {
  on(event: string, listener: () => void): unknown;
}

/** The streaming helper of the SDK. */
interface MessageStreamLike extends Emitter {
  readonly ended: boolean;
  readonly errored: boolean;
  readonly aborted: boolean;
}

interface NodeStreamLike extends Emitter {
  readonly errored: unknown;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
}

/** Reports the end of a stream that tells it itself; false where the value is none. */
export function followStream(value: object, active: Context, outcome: Outcome): boolean {
  if (isEmitter(value) && 'ended' in value && 'done' in value) {
    followMessageStream(value as unknown as MessageStreamLike, outcome);
    return true;
  }
  if (isEmitter(value) && 'read' in value && 'pipe' in value) {
    followNodeStream(value as unknown as NodeStreamLike, outcome);
    return true;
  }
  return 'getReader' in value && 'pipeThrough' in value && followWebStream(value, active, outcome);
}

function isEmitter(value: object): value is Emitter {
  return typeof (value as Partial<Emitter>).on === 'function';
}

function followMessageStream(stream: MessageStreamLike, outcome: Outcome): void {
  const end = (): void => {
    guard('message stream ended', () => {
      if (stream.aborted) outcome.left();
      else if (stream.errored) outcome.failed(undefined);
      else outcome.completed(undefined);
    });
  };
  if (stream.ended) end();
  else stream.on('end', end);
}

function followNodeStream(stream: NodeStreamLike, outcome: Outcome): void {
  const end = (): void => {
    guard('stream ended', () => {
      if (stream.errored !== undefined && stream.errored !== null) outcome.failed(stream.errored);
      else if (stream.readableEnded) outcome.completed(undefined);
      else outcome.left();
    });
  };
  if (stream.readableEnded || stream.destroyed) {
    end();
    return;
  }
  shadow(
    stream,
    'emit',
    (emit) =>
      function (this: unknown, ...parameters) {
        if (parameters[0] === 'end' || parameters[0] === 'close') end();
        return Reflect.apply(emit, this, parameters);
      },
  );
}

function followWebStream(stream: object, active: Context, outcome: Outcome): boolean {
  for (const name of ['pipeTo', 'pipeThrough', 'tee'] as const) {
    shadow(
      stream,
      name,
      (original) =>
        function (this: unknown, ...parameters) {
          outcome.handedOn(undefined);
          return Reflect.apply(original, this, parameters);
        },
    );
  }
  shadow(
    stream,
    'cancel',
    (original) =>
      function (this: unknown, ...parameters) {
        outcome.left();
        return Reflect.apply(original, this, parameters);
      },
  );
  followIterable(stream, Symbol.asyncIterator, active, outcome);
  return shadow(
    stream,
    'getReader',
    (original) =>
      function (this: unknown, ...parameters) {
        const reader = Reflect.apply(original, this, parameters);
        guard('stream reader', () => {
          followReader(this as { readonly locked: boolean }, reader as WebReader, outcome);
        });
        return reader;
      },
  );
}

interface WebReader {
  readonly closed: Promise<unknown>;
}

/** `closed` never counts as unhandled, so asking for it changes nothing. */
function followReader(stream: { readonly locked: boolean }, reader: WebReader, outcome: Outcome): void {
  shadow(
    reader,
    'cancel',
    (original) =>
      function (this: unknown, ...parameters) {
        outcome.left();
        return Reflect.apply(original, this, parameters);
      },
  );
  const waitForEnd = async (): Promise<void> => {
    try {
      await reader.closed;
      outcome.completed(undefined);
    } catch (error) {
      // A reader that was released is closed for itself only.
      if (stream.locked) outcome.failed(error);
    }
  };
  void waitForEnd();
}
