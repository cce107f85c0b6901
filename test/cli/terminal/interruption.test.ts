// Ctrl-C and SIGTERM end whatever goes on, at once and with nothing left behind.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeEvent } from '../../../core/event.ts';
import { runCli } from '../../../cli/program.ts';
import { startTallyspan } from '../../programs/started.ts';
import { sampleRun } from '../../server/web/sample-run.ts';

const RUN_LINES = sampleRun({ mark: 'a', endMs: Date.now() })
  .map((event) => `${encodeEvent(event)}\n`)
  .join('');

const WRAP_OFF = '\u001B[?7l';
const WRAP_ON = '\u001B[?7h';

let dir: string;
let events: string;
let server: Server;
let url: string;
let onStuck: (path: string) => void = () => undefined;

/** Resolves when the server was asked something that it never answers. */
function stuck(): Promise<string> {
  return new Promise((resolve) => {
    onStuck = resolve;
  });
}

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-interrupt-'));
  events = path.join(dir, 'events.jsonl');
  writeFileSync(events, RUN_LINES);
  server = createServer((request, response) => {
    const asked = (request.url ?? '').split('?')[0] ?? '';
    if (asked === '/api/meta') {
      response.end(JSON.stringify({ events: 100, otlp_http: `127.0.0.1:${portOf(server)}` }));
      return;
    }
    if (asked === '/api/export') response.write(RUN_LINES);
    request.resume();
    onStuck(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${portOf(server)}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

function portOf(listening: Server): string {
  return String((listening.address() as AddressInfo).port);
}

describe('a command that is told to stop', () => {
  it.each([
    ['runs', 'SIGINT', 130],
    ['cost', 'SIGTERM', 143],
    ['import EVENTS', 'SIGINT', 130],
    ['recost', 'SIGTERM', 143],
  ] as const)('%s ends at %s with %d and says nothing', async (line, signal, exitCode) => {
    const waits = stuck();
    const command = startTallyspan([...line.replace('EVENTS', events).split(' '), '--url', url]);
    await waits;
    command.child.kill(signal);
    expect(await command.ended).toEqual({ exitCode, stdout: '', stderr: '' });
  });

  it('price ends while it waits for input', async () => {
    const command = startTallyspan(['price', '-', '--model', 'claude-sonnet-5-5']);
    // More than a pipe holds: once it is through, the command reads.
    await new Promise((resolve) => command.child.stdin?.write(' '.repeat(1_000_000), resolve));
    command.child.kill('SIGINT');
    expect(await command.ended).toEqual({ exitCode: 130, stdout: '', stderr: '' });
  });

  it('export leaves the file that was there and no other', async () => {
    const folder = path.join(dir, 'out');
    mkdirSync(folder);
    const file = path.join(folder, 'kept.jsonl');
    writeFileSync(file, 'kept\n');
    const waits = stuck();
    const command = startTallyspan(['export', file, '--url', url]);
    await waits;
    command.child.kill('SIGTERM');
    expect(await command.ended).toEqual({ exitCode: 143, stdout: '', stderr: '' });
    expect(readdirSync(folder)).toEqual(['kept.jsonl']);
    expect(readFileSync(file, 'utf8')).toBe('kept\n');
  });

  it('demo ends while it makes history, and removes its folder', async () => {
    const temporary = path.join(dir, 'tmp');
    mkdirSync(temporary);
    const ports = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
    const command = startTallyspan(['demo', '--days', '90', ...ports], { env: { TMPDIR: temporary } });
    await command.printed('tallyspan ready');
    command.child.kill('SIGTERM');
    expect(await command.ended).toMatchObject({ exitCode: 143, stderr: '' });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('gives the wrapping of lines back that its progress bar took', async () => {
    let err = '';
    const stop = new AbortController();
    const waits = stuck();
    const code = runCli(['import', events, '--url', url], {
      stdin: process.stdin,
      stdout: { write: () => true },
      stderr: { write: (text: string) => (err += text), isTTY: true, columns: 80 },
      env: {},
      now: Date.now,
      signal: stop.signal,
    });
    await waits;
    expect(err).toContain(WRAP_OFF);
    expect(err).not.toContain(WRAP_ON);
    stop.abort();
    expect(await code).toBe(130);
    expect(err.lastIndexOf(WRAP_ON)).toBeGreaterThan(err.lastIndexOf(WRAP_OFF));
  });
});
