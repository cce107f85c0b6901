// Who may read recorded content: who has the token where the server asks for one, else who asks on the machine of the
// server by its own loopback address. A proxy in front of a server without a token lets in whoever reaches the proxy.

import type { FastifyRequest } from 'fastify';
import type { Access } from '../../process/access.ts';
import type { ContentAccess } from '../pages/run/run-data.ts';

const LOOPBACK_ADDRESS = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

export function contentAccessOf(request: FastifyRequest, access: Access): ContentAccess {
  // The request got this far: it has the token.
  if (access.needsToken) return 'shown';
  const isDirect = PROXY_HEADERS.every((name) => request.headers[name] === undefined);
  const isLocal =
    LOOPBACK_ADDRESS.test(request.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(request.headers.host ?? '');
  return isDirect && isLocal ? 'shown' : 'remote';
}
