// The global API: the one object on globalThis in which all copies of @opentelemetry/api in a process meet. A
// copy only sees an object whose version is at least its own minor, and registers only in one of exactly its
// version, where nobody has registered before. So that ours is in nobody's way, the object tells each copy
// the version it asks for while it registers, and a registration of ours gives way to the program's.

import { guard } from '../process/guard.ts';

const KEY = Symbol.for('opentelemetry.js.api.1');

type Api = { readonly version: string } & Readonly<Record<string, unknown>>;
/** What every copy of the API registers through. */
export type Register = (
  type: string,
  instance: object,
  diagnostics: unknown,
  allowOverride?: boolean,
) => boolean;

export class GlobalApi {
  /** What we have registered, by type. */
  readonly #own = new Map<string, unknown>();
  /** The newest copy that the program has loaded; `undefined` when it has none. */
  #newest: string | undefined;
  readonly #onReplaced: (type: string) => void;

  /** @param onReplaced told when the program has registered something in the place of ours */
  constructor(onReplaced: (type: string) => void) {
    this.#onReplaced = onReplaced;
  }

  /** What other code has registered, whatever the version of its copy. */
  registered(type: string): unknown {
    return readApi()?.[type];
  }

  /** Registers with our own copy what others have not; what they have stays, and our copy can see it. */
  register(types: Readonly<Record<string, () => void>>): void {
    const foreign = readApi();
    writeApi(undefined);
    for (const registerOwn of Object.values(types)) registerOwn();
    const own = readApi();
    for (const type of Object.keys(types))
      if (foreign?.[type] === undefined) this.#own.set(type, own?.[type]);
    if (own === undefined) writeApi(foreign);
    else writeApi({ ...own, ...foreign, version: newestOf(own.version, foreign?.version, this.#newest) });
  }

  /** The registering function of a copy of the API, so that it works beside ours. */
  wrap(register: Register, version: string): Register {
    this.#newest = newestOf(version, this.#newest);
    guard('api version', () => {
      const api = readApi();
      if (this.#own.size > 0 && api !== undefined)
        writeApi({ ...api, version: newestOf(api.version, version) });
    });
    return (type, instance, diagnostics, allowOverride) => {
      const before = readApi();
      if (before === undefined || this.#own.size === 0)
        return register(type, instance, diagnostics, allowOverride);
      const isOurs = before[type] !== undefined && before[type] === this.#own.get(type);
      writeApi({ ...before, version, ...(isOurs ? { [type]: undefined } : {}) });
      const isDone = register(type, instance, diagnostics, allowOverride);
      guard('give way', () => {
        const after = readApi() ?? before;
        writeApi({ ...after, ...(isDone ? {} : before), version: newestOf(before.version, version) });
        if (!isDone || !isOurs) return;
        this.#own.delete(type);
        this.#onReplaced(type);
      });
      return isDone;
    };
  }
}

function readApi(): Api | undefined {
  return (globalThis as { [KEY]?: Api })[KEY];
}

/** A new object each time: newer copies of the API keep the version of one that they have seen. */
function writeApi(api: Api | undefined): void {
  (globalThis as { [KEY]?: Api | undefined })[KEY] = api;
}

/** The newest of the versions; those that are not there are left out. */
function newestOf(first: string, ...others: readonly (string | undefined)[]): string {
  return others.reduce<string>(
    (newest, version) => (version !== undefined && isNewer(version, newest) ? version : newest),
    first,
  );
}

function isNewer(version: string, than: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const [thanMajor = 0, thanMinor = 0, thanPatch = 0] = than.split(/[.-]/).map(Number);
  if (major !== thanMajor) return major > thanMajor;
  return minor === thanMinor ? patch > thanPatch : minor > thanMinor;
}
