// The proxy in front: TLS ends there, and it names the address and the scheme that a browser used. It is believed only where
// the settings name it, because anybody can send such headers.

import { isIP } from 'node:net';
import { ServerError } from './server-error.ts';

const NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** `TALLYSPAN_TRUSTED_PROXY`: addresses, networks (10.0.0.0/8) or `loopback`, separated by commas. @throws ServerError */
export function parseTrustedProxies(text: string): readonly string[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  for (const part of parts) {
    if (NAMES.has(part)) continue;
    const [address = '', bits, ...more] = part.split('/');
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const isNetwork =
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= most);
    if (family === 0 || !isNetwork || more.length > 0)
      throw new ServerError(
        `TALLYSPAN_TRUSTED_PROXY holds "${part}": write the address of the proxy, such as 127.0.0.1, a network such as 10.0.0.0/8, or loopback.`,
      );
  }
  return parts;
}
