// The way back: where somebody is sent after signing in, which is the page that was asked for before. It comes
// from an address or a form, so anybody may have written it: it is a path on this server, or it is dropped.

export const LOGIN_PATH = '/login';

export const LOGOUT_PATH = '/logout';

/** Name of the parameter and of the form's field. */
export const WAY_BACK = 'next';

/** A longer one would not fit into an address once more, as it is written as a parameter. */
const LONGEST = 2000;
const CONTROL_OR_BACKSLASH = /[\\\p{Cc}]/u;
/** Only shows how a browser reads the path; nobody is ever sent there. */
const ANY_SERVER = 'http://any-server.invalid';

/**
 * The path with its query, as a browser on this server would write it, or undefined when that would lead elsewhere.
 * A path such as `/.//other.example` becomes `//other.example` when it is written again, which names a host.
 */
export function pathOnServer(text: string): string | undefined {
  if (!/^\/(?!\/)/.test(text) || text.length > LONGEST || CONTROL_OR_BACKSLASH.test(text)) return undefined;
  const { pathname, search, hash } = new URL(text, ANY_SERVER);
  return pathname.startsWith('//') ? undefined : pathname + search + hash;
}

/** Where to go after signing in; the overview where nothing acceptable is named. */
export function wayBackOf(text: string | undefined): string {
  const path = pathOnServer(text ?? '/');
  return path === undefined || [LOGIN_PATH, LOGOUT_PATH].includes(path.split(/[?#]/)[0] ?? '') ? '/' : path;
}

/** Address of the form for somebody who asked for this. */
export function loginPathFor(url: string): string {
  const path = wayBackOf(url);
  return path === '/' ? LOGIN_PATH : `${LOGIN_PATH}?${new URLSearchParams({ [WAY_BACK]: path }).toString()}`;
}
