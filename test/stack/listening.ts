// The addresses on which a process listens, as the kernel tells them (Linux).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** State LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

/** Addresses of the listening TCP sockets of a process: `127.0.0.1`, `0.0.0.0`, or the 32 digits of IPv6. */
export function listenAddresses(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      return inode === undefined ? [] : [inode];
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        return state === LISTEN && sockets.has(inode) ? [describeAddress(local.split(':')[0] ?? '')] : [];
      }),
  );
}

function describeAddress(digits: string): string {
  if (digits.length !== 8) return digits;
  // The bytes of an IPv4 address stand in the order of the machine: the last one first.
  return (digits.match(/../g) ?? [])
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}
