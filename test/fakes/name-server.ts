// A name server for tests, on UDP: knows the addresses that it is given, and leaves unanswered what it is told to.

import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';

export interface NameServerOptions {
  readonly address?: string;
  /** 0 for any. */
  readonly port?: number;
  /** IPv4 addresses by name; other names do not exist. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** Types of records that are left unanswered: 1 is A, 28 is AAAA. */
  readonly silentTypes?: readonly number[];
  /** Names that are left unanswered. */
  readonly silentNames?: readonly string[];
  /** Leaves the first so many questions unanswered. */
  readonly lost?: number;
}

export interface NameServer {
  readonly address: string;
  readonly port: number;
  /** Names that were asked for, with the type of record: `a.example/1`. */
  readonly questions: readonly string[];
  close(): Promise<void>;
}

const TYPE_A = 1;
const NO_SUCH_NAME = 3;
const HEADER_BYTES = 12;
const TTL_S = 60;

export async function startNameServer(options: NameServerOptions = {}): Promise<NameServer> {
  const { address = '127.0.0.1', addresses = {}, silentTypes = [], silentNames = [] } = options;
  const socket = createSocket('udp4');
  const questions: string[] = [];
  let lost = options.lost ?? 0;
  socket.on('message', (query, sender) => {
    const { name, type, end } = readQuestion(query);
    questions.push(`${name}/${String(type)}`);
    if (silentTypes.includes(type) || silentNames.includes(name) || lost-- > 0) return;
    const found = addresses[name];
    const record = found !== undefined && type === TYPE_A && isIPv4(found) ? found : undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x81_80 | (found === undefined ? NO_SUCH_NAME : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(record === undefined ? 0 : 1, 6);
    socket.send(
      Buffer.concat([
        header,
        query.subarray(HEADER_BYTES, end),
        ...(record === undefined ? [] : [recordOf(record)]),
      ]),
      sender.port,
      sender.address,
    );
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port ?? 0, address, resolve);
  });
  return {
    address,
    port: socket.address().port,
    questions,
    close: () =>
      new Promise((resolve) => {
        socket.close(resolve);
      }),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** A record of the name that was asked for. */
function recordOf(address: string): Buffer {
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, TTL_S, 0, 4]);
  return Buffer.concat([record, Buffer.from(address.split('.').map(Number))]);
}
