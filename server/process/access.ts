// Access: who may talk to the server. On loopback everybody on the machine may; any other address
// needs a token. A browser is kept from being led here under another name by the Host check.

import { timingSafeEqual } from 'node:crypto';
import { ServerError } from './server-error.ts';

/** Characters of a token that cannot be guessed. */
const LEAST_TOKEN = 16;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

export interface Access {
  /** Whether the value of an Authorization header opens the server. */
  readonly isAllowed: (authorization: string | undefined) => boolean;
  /** Whether the token itself opens the server, as in a cookie. */
  readonly isToken: (token: string | undefined) => boolean;
  /** Whether the value of a Host header is a name of this server. */
  readonly isOwnHost: (host: string | undefined) => boolean;
  readonly needsToken: boolean;
  /** Origin of the address by which people reach the page, such as https://tallyspan.example.com; undefined where none is set. */
  readonly pageOrigin: string | undefined;
}

/**
 * `pageUrl` is the address by which people reach the page, where a proxy is in front: its name is one of this server.
 * @throws ServerError when the address is not loopback and there is no token, or the address of the page is none
 */
export function accessOf(host: string, token: string | undefined, pageUrl?: string): Access {
  if (pageUrl !== undefined && !URL.canParse(pageUrl))
    throw new ServerError(
      `TALLYSPAN_URL is "${pageUrl}": write the whole address, with https:// or http://.`,
    );
  const page = pageUrl === undefined ? undefined : new URL(pageUrl);
  const isLoopback = LOOPBACK.test(host);
  if (!isLoopback && (token === undefined || token.length < LEAST_TOKEN))
    throw new ServerError(
      `listening on ${host} lets other machines in: set TALLYSPAN_TOKEN to 16 characters or more, or leave --host away for loopback only.`,
    );
  const expected = token === undefined ? undefined : Buffer.from(token);
  const isToken = (given: string | undefined): boolean => {
    if (expected === undefined) return true;
    const bytes = Buffer.from(given ?? '');
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  };
  return {
    needsToken: expected !== undefined,
    isToken,
    isAllowed: (authorization) => isToken(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1]),
    pageOrigin: page?.origin,
    isOwnHost(header) {
      // Behind another address the name is whatever the network calls the machine; the token guards it.
      if (!isLoopback) return true;
      const name = (header ?? '').replace(/:\d+$/, '');
      return LOOPBACK.test(name) || (page !== undefined && name.toLowerCase() === page.hostname);
    },
  };
}

/**
 * What to say of a server on loopback whose settings tell of a proxy in front of it, and that has no token worth the
 * name; undefined where there is nothing to say. The proxy may have a login of its own, so it is no error.
 */
export function openProxyWarning(given: {
  readonly token: string | undefined;
  readonly pageUrl: string | undefined;
  readonly hasTrustedProxies: boolean;
}): string | undefined {
  const { token = '', pageUrl, hasTrustedProxies } = given;
  const isProxied = hasTrustedProxies || (pageUrl !== undefined && !LOOPBACK.test(new URL(pageUrl).hostname));
  return isProxied && token.length < LEAST_TOKEN
    ? 'a proxy lets other machines in, and TALLYSPAN_TOKEN is not set to 16 characters or more: whoever the proxy lets in reads everything.'
    : undefined;
}
