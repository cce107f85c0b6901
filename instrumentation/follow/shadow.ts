// A shadow is an own property, not enumerable, that stands before a method of an object: the object stays the same
// and keeps its class, its fields and its private state, and what the method gives is handed on as it is.

export type Method = (this: unknown, ...parameters: unknown[]) => unknown;

/**
 * Puts a shadow before the method; false where there is no such method or the object takes no property (it is frozen).
 * @param make gets the method that the shadow stands before and must call it with the same `this`
 */
export function shadow(target: object, key: PropertyKey, make: (original: Method) => Method): boolean {
  const original: unknown = Reflect.get(target, key);
  if (typeof original !== 'function') return false;
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  return Reflect.defineProperty(target, key, {
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
    value: make(original as Method),
  });
}
