import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Client, compressionAlgorithms, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { LOGS_EXPORT } from './grpc-sender.ts';
import { startChildServer, type ChildServer } from '../child-server.ts';
import { JSON_TYPE, PROTOBUF_TYPE, makeDataDir, post, type Answer } from '../harness.ts';

// A few kilobytes as sent are 20 MB when decompressed, and would be gigabytes when read: each is refused with what to
// do, in bounded memory, and the next request is answered.

const MEBIBYTE = 1024 * 1024;
const BODY_BYTES = 19 * MEBIBYTE;
const PEAK_LIMIT_BYTES = 600 * MEBIBYTE;

let dataDir: string;
let server: ChildServer;

beforeAll(async () => {
  dataDir = await makeDataDir();
  server = await startChildServer({ dataDir });
});

afterAll(async () => {
  await server.stop('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

/** A protobuf field with a length. */
function field(number: number, content: Buffer): Buffer {
  const head = [(number << 3) | 2];
  let length = content.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}

function repeated(bytes: readonly number[], totalBytes: number): Buffer {
  return Buffer.alloc(Math.floor(totalBytes / bytes.length) * bytes.length, Buffer.from(bytes));
}

/** A group with the given resource and as many empty records. */
function shared(resourceBytes: number, records: number): Buffer {
  const value = field(2, field(1, Buffer.alloc(resourceBytes, 0x61)));
  const resource = field(1, field(1, Buffer.concat([field(1, Buffer.from('service.name')), value])));
  return field(1, Buffer.concat([resource, field(2, repeated([0x12, 0x00], records * 2))]));
}

const ARRAY_ITEMS = repeated([0x0a, 0x00], BODY_BYTES);
const PROTOBUF_BODIES: readonly (readonly [string, string, Buffer])[] = [
  ['logs that are empty', '/v1/logs', field(1, field(2, repeated([0x12, 0x00], BODY_BYTES)))],
  ['spans that are empty', '/v1/traces', field(1, field(2, repeated([0x12, 0x00], BODY_BYTES)))],
  ['groups that are empty', '/v1/logs', repeated([0x0a, 0x00], BODY_BYTES)],
  ['attributes that are empty', '/v1/logs', field(1, field(2, field(2, repeated([0x32, 0x00], BODY_BYTES))))],
  ['attributes of a span', '/v1/traces', field(1, field(2, field(2, repeated([0x4a, 0x00], BODY_BYTES))))],
  ['a list without end', '/v1/logs', field(1, field(2, field(2, field(5, field(5, ARRAY_ITEMS)))))],
  ['a resource for many logs', '/v1/logs', shared(10 * MEBIBYTE, 40_000)],
  ['a resource for many spans', '/v1/traces', shared(10 * MEBIBYTE, 40_000)],
];

function jsonOf(start: string, item: string, end: string): Buffer {
  const count = Math.floor(BODY_BYTES / (item.length + 1));
  return Buffer.from(`${start}${`${item},`.repeat(count)}${item}${end}`);
}

const JSON_BODIES: readonly (readonly [string, string, Buffer])[] = [
  ['logs', '/v1/logs', jsonOf('{"resourceLogs":[{"scopeLogs":[{"logRecords":[', '{}', ']}]}]}')],
  ['spans', '/v1/traces', jsonOf('{"resourceSpans":[{"scopeSpans":[{"spans":[', '{}', ']}]}]}')],
];

async function sendGzip(path: string, body: Buffer, type: Readonly<Record<string, string>>): Promise<Answer> {
  return post(server.httpAddress, path, gzipSync(body), { ...type, 'content-encoding': 'gzip' });
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

function peakBytes(): number {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

describe('a small request that would be large when it is read is refused', () => {
  it.each(PROTOBUF_BODIES)('%s, in protobuf', async (_name, path, body) => {
    const answer = await sendGzip(path, body, PROTOBUF_TYPE);
    expect([answer.status, answer.body.toString('latin1')]).toEqual([
      413,
      expect.stringContaining('send smaller'),
    ]);
    expect(peakBytes()).toBeLessThan(PEAK_LIMIT_BYTES);
  });

  it.each(JSON_BODIES)('%s that are empty, in JSON', async (_name, path, body) => {
    const answer = await sendGzip(path, body, JSON_TYPE);
    expect([answer.status, answer.body.toString()]).toEqual([413, expect.stringContaining('send smaller')]);
    expect(peakBytes()).toBeLessThan(PEAK_LIMIT_BYTES);
  });

  it('over gRPC', async () => {
    const client = new Client(server.grpcAddress, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const [, , body] = PROTOBUF_BODIES[0] as (typeof PROTOBUF_BODIES)[number];
    const error = await new Promise<ServiceError | null>((done) => {
      client.makeUnaryRequest(LOGS_EXPORT, asItIs, asItIs, body, (failed) => done(failed));
    });
    client.close();
    expect([error?.code, error?.details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining('send smaller'),
    ]);
  });
});
