// Name servers: which of them answer for a name at all. A datagram to each and any datagram back is enough; what it says
// is not read. The sockets do not hold the process, which a question of Node's own resolver does.

import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { isIPv6 } from 'node:net';
import { guarded } from './guard.ts';
import { clearTimeout, later } from './timers.ts';

/** Of addresses; each has a type of record. */
export type Family = 4 | 6;
const RECORD_TYPES: Readonly<Record<Family, number>> = { 4: 1, 6: 28 };
const FAMILIES: readonly Family[] = [4, 6];
const DNS_PORT = 53;
/** A datagram may be lost: it is sent so often within the patience. */
const SENDINGS = 4;
/** Once something was answered, the rest has this share of the patience: one more sending, and its answer. */
const REST_SHARE = 0.35;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 253;

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** The families for which a name server answered, whatever it said. */
export interface Answers {
  readonly server: NameServer;
  readonly families: ReadonlySet<Family>;
}

/** The name servers that the system names, as `/etc/resolv.conf` does. */
export function systemNameServers(): NameServer[] {
  return new Resolver().getServers().map((text) => {
    const [, bracketed, port] = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text) ?? [];
    return { address: bracketed ?? text, port: Number(port ?? DNS_PORT) };
  });
}

/** Whether a name server can be asked for the name: one label after the other, none too long. */
export function isDomainName(name: string): boolean {
  return (
    name.length <= MAX_NAME_BYTES &&
    labelsOf(name).every(({ length }) => length > 0 && length <= MAX_LABEL_BYTES)
  );
}

/**
 * Asks all of them. Ends when the first has answered for both families, a while after one has answered anything, or
 * with the patience.
 * @param name a domain name, see {@link isDomainName}
 * @returns in the order given, without those that cannot be reached: of these the system knows at once, too
 */
export function askNameServers(
  name: string,
  servers: readonly NameServer[],
  patienceMs: number,
): Promise<readonly Answers[]> {
  return new Promise((resolve) => {
    const id = Math.floor(Math.random() * 0x1_00_00);
    let asked: { readonly server: NameServer; readonly socket: Socket; readonly families: Set<Family> }[] =
      [];
    const timers: NodeJS.Timeout[] = [];
    let isAnswered = false;
    const finish = guarded('name servers', () => {
      for (const timer of timers) clearTimeout(timer);
      for (const { socket } of asked) socket.close();
      resolve(asked);
      asked = [];
    });
    const finishWhenClear = (): void => {
      if (asked.length === 0 || asked[0]?.families.size === FAMILIES.length) finish();
    };
    for (const server of servers) {
      const socket = createSocket(isIPv6(server.address.replace(/%.*$/, '')) ? 'udp6' : 'udp4').unref();
      const families = new Set<Family>();
      asked.push({ server, socket, families });
      const giveUp = guarded('name servers', (error: Error | null) => {
        if (error === null || !asked.some((one) => one.socket === socket)) return;
        asked = asked.filter((one) => one.socket !== socket);
        socket.close();
        finishWhenClear();
      });
      const send = (): void => {
        for (const family of FAMILIES)
          if (!families.has(family)) socket.send(questionOf(name, family, id), giveUp);
      };
      socket.on('error', giveUp);
      socket.on(
        'message',
        guarded('name servers', (message: Buffer) => {
          const family = FAMILIES.find(
            (one) => message.length > 1 && message.readUInt16BE(0) === idOf(id, one),
          );
          if (family === undefined) return;
          families.add(family);
          if (!isAnswered) timers.push(later('name servers', patienceMs * REST_SHARE, finish));
          isAnswered = true;
          finishWhenClear();
        }),
      );
      // Connected, so that a port where nobody listens is an error.
      socket.connect(server.port, server.address, guarded('name servers', send));
      for (let sending = 1; sending < SENDINGS; sending++)
        timers.push(later('name servers', (patienceMs * sending) / SENDINGS, send));
    }
    timers.push(later('name servers', patienceMs, finish));
  });
}

function labelsOf(name: string): string[] {
  return name.replace(/\.$/, '').split('.');
}

/** An answer has the number of its question. */
function idOf(id: number, family: Family): number {
  return family === 4 ? id : id ^ 1;
}

/** A question for the addresses of one family, to be looked up wherever they are (RFC 1035, section 4). */
function questionOf(name: string, family: Family, id: number): Buffer {
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(idOf(id, family));
  return Buffer.concat([
    header,
    ...labelsOf(name).map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.from([0, 0, RECORD_TYPES[family], 0, 1]),
  ]);
}
