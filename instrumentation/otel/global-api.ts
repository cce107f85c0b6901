// The global API: the one object on globalThis in which all copies of @opentelemetry/api in a process meet. A
// copy only sees an object whose version is at least its own minor, and registers only in one of exactly its
// version, where nobody has registered before. So that ours is in nobody's way, the object tells each copy
// the version it asks for while it registers, and a registration of ours gives way to the program's. A copy that a
// loader hook sees does so by its registering function; one in a bundle is known by how it reaches for the object: it
// sets the property to what it has just read from it.

import { guard } from '../process/guard.ts';

const KEY = Symbol.for('opentelemetry.js.api.1');

/** What can be registered. */
const TYPES = ['trace', 'context', 'propagation', 'metrics', 'logs', 'diag'] as const;

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
  /** Version of the copy that is part of the program's own file. */
  #bundled: string | undefined;
  readonly #onReplaced: (type: string) => void;
  readonly #onRead: () => void;
  #current: Api | undefined;
  /** True from the moment at which a copy reached for the object so as to register, until it does something else. */
  #isRegistering = false;
  /** True while a copy registers whose version is known: our own, or one that a hook has seen. */
  #isHandled = false;

  /**
   * @param onReplaced told when the program has registered something in the place of ours
   * @param onRead told when a copy asks for the tracer provider
   */
  constructor(onReplaced: (type: string) => void, onRead: () => void) {
    this.#onReplaced = onReplaced;
    this.#onRead = onRead;
  }

  /** What other code has registered, whatever the version of its copy. */
  registered(type: string): unknown {
    return this.#read()?.[type];
  }

  /** The program's file holds a copy of that version. */
  seeBundled(version: string): void {
    this.#bundled = newestOf(version, this.#bundled);
    this.#watch();
  }

  /** Registers with our own copy what others have not; what they have stays, and our copy can see it. */
  register(types: Readonly<Record<string, () => void>>): void {
    const foreign = this.#read();
    this.#write(undefined);
    this.#handled(() => {
      for (const registerOwn of Object.values(types)) registerOwn();
    });
    const own = this.#read();
    for (const type of Object.keys(types))
      if (foreign?.[type] === undefined) this.#own.set(type, own?.[type]);
    if (own === undefined) this.#write(foreign);
    else
      this.#write({
        ...own,
        ...foreign,
        version: newestOf(own.version, foreign?.version, this.#newest, this.#bundled),
      });
  }

  /** The registering function of a copy of the API, so that it works beside ours. */
  wrap(register: Register, version: string): Register {
    this.#newest = newestOf(version, this.#newest);
    guard('api version', () => {
      const api = this.#read();
      if (this.#own.size > 0 && api !== undefined)
        this.#write({ ...api, version: newestOf(api.version, version) });
    });
    return (type, instance, diagnostics, allowOverride) => {
      const before = this.#read();
      if (before === undefined || this.#own.size === 0)
        return this.#handled(() => register(type, instance, diagnostics, allowOverride));
      const isOurs = before[type] !== undefined && before[type] === this.#own.get(type);
      this.#write({ ...before, version, ...(isOurs ? { [type]: undefined } : {}) });
      const isDone = this.#handled(() => register(type, instance, diagnostics, allowOverride));
      guard('give way', () => {
        const after = this.#read() ?? before;
        this.#write({ ...after, ...(isDone ? {} : before), version: newestOf(before.version, version) });
        if (!isDone || !isOurs) return;
        this.#own.delete(type);
        this.#onReplaced(type);
      });
      return isDone;
    };
  }

  #handled<T>(work: () => T): T {
    this.#isHandled = true;
    try {
      return work();
    } finally {
      this.#isHandled = false;
    }
  }

  /** A plain copy, as it is at the moment. */
  #read(): Api | undefined {
    const api = (globalThis as { [KEY]?: Api })[KEY];
    if (api === undefined) return undefined;
    return Object.fromEntries(Object.entries(api).filter(([, value]) => value !== undefined)) as Api;
  }

  /** A new object each time: newer copies of the API keep the version of one that they have seen. */
  #write(api: Api | undefined): void {
    this.#isRegistering = false;
    if (this.#isWatched()) this.#current = api === undefined ? undefined : this.#watched({ ...api });
    else (globalThis as { [KEY]?: Api | undefined })[KEY] = api;
  }

  #isWatched(): boolean {
    return Object.getOwnPropertyDescriptor(globalThis, KEY)?.get === this.#get;
  }

  readonly #get = (): Api | undefined => {
    this.#isRegistering = false;
    return this.#current;
  };

  #watch(): void {
    if (this.#isWatched()) return;
    const before = this.#read();
    Object.defineProperty(globalThis, KEY, {
      configurable: true,
      enumerable: true,
      get: this.#get,
      set: (api: Api | undefined) => {
        const isSame = api !== undefined && api === this.#current;
        this.#current = api;
        if (!isSame && api !== undefined) guard('watch api', () => this.#watched(api));
        this.#isRegistering = api !== undefined && !this.#isHandled;
      },
    });
    this.#current = before === undefined ? undefined : this.#watched(before);
  }

  /** The object itself, since a copy holds on to it: what is read from it and set depends on who does so. */
  #watched(api: Api): Api {
    const values: Record<string, unknown> = { ...api };
    // Newer copies make one whose version is fixed: then it is theirs.
    Reflect.defineProperty(api, 'version', {
      configurable: true,
      enumerable: true,
      get: () =>
        this.#isRegistering && this.#own.size > 0 ? (this.#bundled ?? values['version']) : values['version'],
      set: (version: unknown) => {
        values['version'] = version;
      },
    });
    for (const type of TYPES) {
      Reflect.defineProperty(api, type, {
        configurable: true,
        enumerable: true,
        get: () => {
          const value = values[type];
          if (this.#isRegistering) return value === this.#own.get(type) ? undefined : value;
          if (type === 'trace' && !this.#isHandled) this.#onRead();
          return values[type];
        },
        set: (value: unknown) => {
          const isReplaced = this.#isRegistering && value !== undefined;
          values[type] = value;
          this.#isRegistering = false;
          if (!isReplaced) return;
          this.#own.delete(type);
          this.#onReplaced(type);
        },
      });
    }
    return api;
  }
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
