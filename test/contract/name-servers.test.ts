// Endpoints whose names no name server knows to say anything of: the program ends when it would, and what it recorded is
// sent by the next process. Endpoints with names are found as the system finds them.
// The programs see files of their own in the place of /etc/resolv.conf and /etc/hosts, which needs a mount.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answer } from '../fakes/messages.ts';
import { startNameServer, type NameServer, type NameServerOptions } from '../fakes/name-server.ts';
import { startOtlpReceiver } from '../fakes/otlp-receiver.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { openHarness, type Harness, type Outcome, type RunOptions } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs', 'end-as-told.mjs');
const HOST = 'collector.example.com';
const PROTOCOLS = ['grpc', 'http/protobuf'] as const;
/** Only this port can be named in a file. */
const DNS = { address: '127.0.0.53', port: 53 };
const OTHER = '127.0.0.54';
const SILENT: NameServerOptions = { ...DNS, silentTypes: [1, 28] };
const FOUND: NameServerOptions = { ...DNS, addresses: { [HOST]: '127.0.0.1' } };
/** The system's look-up waits so long for it that a program which did is killed by the harness. */
const RESOLVER = `nameserver ${DNS.address}\noptions timeout:30 attempts:5\n`;

const folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-names-'));
const node = path.join(folder, 'node');

/** A Node for which the two files are what is in the folder. */
function writeNode(): void {
  const mounts = ['resolv.conf', 'hosts'].map(
    (name) => `mount --bind ${path.join(folder, name)} /etc/${name}`,
  );
  const inside = [...mounts, `exec ${process.execPath} "$@"`].join(' && ');
  writeFileSync(node, `#!/bin/sh\nexec unshare -m sh -c '${inside}' node "$@"\n`);
  chmodSync(node, 0o755);
}

function writeFiles(files: { hosts?: string; resolver?: string } = {}): void {
  writeFileSync(path.join(folder, 'hosts'), files.hosts ?? '127.0.0.1 localhost\n');
  writeFileSync(path.join(folder, 'resolv.conf'), files.resolver ?? RESOLVER);
}

async function canRun(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  writeNode();
  writeFiles();
  if (spawnSync(node, ['-e', ''], { stdio: 'ignore' }).status !== 0) return false;
  try {
    await (await startNameServer(SILENT)).close();
    return true;
  } catch {
    return false;
  }
}

const describeHere = describeWhere(await canRun(), 'name servers', 'no file can be mounted here');

describeHere('an endpoint with a name', () => {
  let harness: Harness;
  const servers: NameServer[] = [];
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  afterAll(async () => {
    await harness.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The outcome with the events that came to `HOST`. */
  async function run(
    protocol: (typeof PROTOCOLS)[number],
    spool: string,
    options: Partial<RunOptions> = {},
    host = HOST,
    port?: number,
  ): Promise<Outcome & { readonly came: readonly string[]; readonly port: number }> {
    const receiver = await startOtlpReceiver();
    const own = Number(new URL(protocol === 'grpc' ? receiver.grpcUrl : receiver.httpUrl).port);
    const outcome = await harness.run(PROGRAM, {
      scenario: { exchanges: [answer()] },
      node,
      protocol,
      endpoint: { url: `http://${host}:${String(port ?? own)}` },
      ...options,
      environment: { TALLYSPAN_SPOOL: path.join(folder, spool), ...options.environment },
    });
    await receiver.close();
    return { ...outcome, came: receiver.events().map((event) => event['event.name']), port: own };
  }

  const ENDINGS = [
    ['', 0, null],
    ['exit', 3, null],
    ['late exit', 3, null],
    ['SIGTERM', null, 'SIGTERM'],
  ] as const;

  it.each(PROTOCOLS.flatMap((protocol) => ENDINGS.map((ending) => [protocol, ...ending] as const)))(
    '%s, no name server answers, ending %j: it ends when it would, and the records wait',
    async (protocol, ending, code, signal) => {
      writeFiles();
      servers.push(await startNameServer(SILENT));
      const spool = `silent-${protocol.slice(0, 4)}-${ending}`;
      const outcome = await run(protocol, spool, { environment: { ENDING: ending } });
      expect([outcome.code, outcome.signal]).toEqual([code, signal]);
      expect([outcome.stdout, outcome.stderr]).toEqual(['Hello there, how can I help?\n', '']);
    },
  );

  it.each(PROTOCOLS)('%s: what was left then is sent by the next process', async (protocol) => {
    writeFiles();
    servers.push(await startNameServer(SILENT));
    const spool = `later-${protocol.slice(0, 4)}`;
    // The endpoint is part of what a spool belongs to.
    const receiver = await startOtlpReceiver();
    const url = new URL(protocol === 'grpc' ? receiver.grpcUrl : receiver.httpUrl);
    const port = Number(url.port);
    const first = await run(protocol, spool, { environment: { ENDING: 'late exit' } }, HOST, port);
    expect(first.code).toBe(3);
    await servers.pop()?.close();
    servers.push(await startNameServer(FOUND));
    const second = await run(protocol, spool, {}, HOST, port);
    expect(second.code).toBe(0);
    await receiver.close();
    const names = receiver.events().map((event) => event['event.name']);
    expect(names.filter((name) => name === 'agent.model_call')).toHaveLength(2);
    expect(names.filter((name) => name === 'agent.run')).toHaveLength(2);
  });

  const SECOND = { resolver: `nameserver ${OTHER}\n${RESOLVER}` };
  const SEARCHED = { resolver: `search example.com\n${RESOLVER}options ndots:5\n` };
  it('that only the second name server answers for, and has no address, holds no end up', async () => {
    writeFiles(SECOND);
    servers.push(await startNameServer({ ...SILENT, address: OTHER }), await startNameServer(DNS));
    const { came, code } = await run('grpc', 'without address');
    expect([code, came]).toEqual([0, []]);
  });

  it.each([
    ['the name server knows', {}, [FOUND], HOST],
    ['it does not answer for IPv6', {}, [{ ...FOUND, silentTypes: [28] }], HOST],
    ['a datagram is lost', {}, [{ ...FOUND, lost: 1 }], HOST],
    ['the second name server knows', SECOND, [{ ...SILENT, address: OTHER }, FOUND], HOST],
    ['the second name server knows where the first is gone', SECOND, [FOUND], HOST],
    ['the file of hosts has', { hosts: `127.0.0.1 ${HOST}\n` }, [SILENT], HOST],
    ['a domain to search has', SEARCHED, [FOUND], 'collector'],
    ['a domain of a closed network has', SEARCHED, [{ ...FOUND, silentNames: ['collector'] }], 'collector'],
    ['is localhost', {}, [SILENT], 'localhost'],
  ] as const)('a name that %s is found', async (_, files, nameServers, host) => {
    writeFiles(files);
    for (const options of nameServers) servers.push(await startNameServer(options));
    for (const protocol of PROTOCOLS) {
      const { came, code } = await run(protocol, 'found', {}, host);
      expect([code, came]).toEqual([0, expect.arrayContaining(['agent.model_call', 'agent.run'])]);
    }
  });
});
