// Methods of the SDK's classes: ours in their place has their name, their number of parameters and the way in which they
// are defined, since mocks, loggers and other instrumentations look at these. What they throw at once has its own stack.

import { withoutOwnFrames } from './own-frames.ts';

/** Puts a method in the place of one of the class; false where the class has none. */
export function replaceMethod<Method extends (this: never, ...parameters: never[]) => unknown>(
  prototype: object,
  key: PropertyKey,
  make: (original: Method) => Method,
): boolean {
  const original: unknown = Reflect.get(prototype, key);
  if (typeof original !== 'function') return false;
  const own = make(original as unknown as Method);
  const value = function (this: unknown, ...parameters: unknown[]): unknown {
    return withoutOwnFrames(() => Reflect.apply(own, this, parameters) as unknown);
  };
  for (const name of ['name', 'length'] as const)
    Object.defineProperty(value, name, { value: original[name], configurable: true });
  return Reflect.defineProperty(prototype, key, {
    configurable: true,
    writable: true,
    enumerable: Object.getOwnPropertyDescriptor(prototype, key)?.enumerable ?? false,
    value,
  });
}
