// A server can listen on every address of its machine. That is no address that a link can have: there it is told by the
// one at which the machine reaches itself.

const REACHABLE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Whether the address to listen on stands for all that the machine has. */
export function isEveryAddress(host: string): boolean {
  return host in REACHABLE;
}

/** The host of a link to a server that listens there, as it stands in an address. */
export function reachableHost(host: string): string {
  const reachable = REACHABLE[host] ?? host;
  return reachable.includes(':') ? `[${reachable}]` : reachable;
}
