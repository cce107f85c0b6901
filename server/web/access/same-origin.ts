// Same origin: whether a request that changes something, or takes long, comes from a page of this server, and not from a
// page of somebody else that the same browser has open.

import type { FastifyRequest } from 'fastify';
import { RequestError } from '../../questions/request-error.ts';

/**
 * Lets a request pass that a page of this server sent, or a program that names its token itself, which no
 * page of somebody else can do. Whether the token is right is checked before.
 * `pageOrigin` is the origin of TALLYSPAN_URL.
 * @throws RequestError
 */
export function checkSameOrigin(request: FastifyRequest, pageOrigin: string | undefined): void {
  const { origin, host, authorization } = request.headers;
  const site = request.headers['sec-fetch-site'];
  // A proxy may have put another Host in the place of the one that the browser asked for.
  const isOwn =
    origin !== undefined &&
    (origin === pageOrigin || (host !== undefined && hostOf(origin) === host.toLowerCase()));
  if (isOwn && (site === undefined || site === 'same-origin')) return;
  if (origin === undefined && site === undefined && authorization !== undefined) return;
  throw new RequestError(
    403,
    'this can be asked from a page of this server only: open the page and use the button there',
  );
}

/**
 * Lets a request pass that a program, the address bar or a page of this server sent. A page of another site, also one on
 * another port of the same machine, could not read the answer, but make the server work.
 * @throws RequestError
 */
export function checkOwnSite(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new RequestError(403, 'this cannot be asked from a page of another site: open its address yourself');
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
