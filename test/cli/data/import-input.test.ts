// What import takes: plain and packed files, standard input; and what it says of what it does not take.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeEvent } from '../../../core/event.ts';
import type { Finished } from '../../programs/tallyspan.ts';
import { startTestServer } from '../../server/harness.ts';
import { sampleRun } from '../../server/web/sample-run.ts';
import { runCommand } from '../run-command.ts';

const EVENTS = sampleRun({ mark: 'a', endMs: Date.now() - 1000 });
const LINES = EVENTS.map((event) => `${encodeEvent(event)}\n`).join('');
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-input-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function write(name: string, content: string | Buffer): string {
  const file = path.join(dir, name);
  writeFileSync(file, content);
  return file;
}

function importOf(files: readonly string[], stdin?: string, ...more: readonly string[]): Promise<Finished> {
  const data = ['--data', path.join(dir, 'data')];
  return runCommand(['import', ...files, ...data, ...more], stdin === undefined ? {} : { stdin });
}

describe('tallyspan import', () => {
  it.each([
    ['a packed file', gzipSync(LINES)],
    [
      'a packed file of several parts',
      Buffer.concat([gzipSync(LINES.slice(0, 700)), gzipSync(LINES.slice(700))]),
    ],
    ['a byte order mark', `\uFEFF${LINES}`],
    ['line ends of Windows', LINES.replaceAll('\n', '\r\n')],
    ['a last line without an end', LINES.trimEnd()],
  ])('takes %s', async (_name, content) => {
    expect(await importOf([write('events', content)])).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `${EVENTS.length} events from 1 file\n`,
    });
  });

  it('takes standard input, and says what was new', async () => {
    expect(await importOf(['-'], LINES)).toMatchObject({ exitCode: 0, stdout: '6 events from 1 file\n' });
    const again = await importOf(['-'], LINES);
    expect(again.stdout).toBe('6 events (none new, the rest was stored before) from 1 file\n');
    expect(JSON.parse((await importOf(['-'], LINES, '--json')).stdout)).toEqual({
      events: 6,
      skipped: 0,
      new_events: 0,
    });
    expect(await importOf(['-', '-'], LINES)).toMatchObject({ exitCode: 2 });
  });

  it('counts what is new in a server, too', async () => {
    const server = await startTestServer();
    try {
      const first = write('first', LINES.split('\n').slice(0, 2).join('\n'));
      await runCommand(['import', first, '--url', server.uiUrl]);
      const { stdout } = await runCommand(['import', write('all', LINES), '--url', server.uiUrl, '--json']);
      expect(JSON.parse(stdout)).toEqual({ events: 6, skipped: 0, new_events: 4 });
    } finally {
      await server.remove();
    }
  });

  it('goes to the server that the environment names, and into no folder where that does not answer', async () => {
    const server = await startTestServer();
    const env = { XDG_DATA_HOME: dir, TALLYSPAN_URL: server.uiUrl };
    const file = write('events', LINES);
    try {
      await runCommand(['import', file], { env });
      const runs = await runCommand(['runs', '--json', '--url', server.uiUrl]);
      expect(JSON.parse(runs.stdout)).toHaveLength(1);
    } finally {
      await server.remove();
    }
    const { exitCode, stderr } = await runCommand(['import', file], { env });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(server.uiUrl);
    expect(existsSync(path.join(dir, 'tallyspan'))).toBe(false);
  });

  it.each([
    ['events.csv', 'a,b\n1,2\n', 'CSV'],
    ['events', 'timestamp,event_name\n', 'CSV'],
    ['events.parquet', 'PAR1....', 'Parquet'],
  ])('refuses %s before anything is imported', async (name, content, kind) => {
    const { exitCode, stdout, stderr } = await importOf([write('good.jsonl', LINES), write(name, content)]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${path.join(dir, name)} is ${kind}`);
    expect(stderr).toContain('--format jsonl');
    expect((await importOf([path.join(dir, 'good.jsonl')])).stdout).toBe('6 events from 1 file\n');
  });

  it('names a packed file that is cut', async () => {
    const file = write('cut.gz', gzipSync(LINES).subarray(0, 200));
    const { exitCode, stderr } = await importOf([file]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${file} could not be read: unexpected end of file`);
  });

  it('waits for a server that has too much to do, and says what is stored when it gives up', async () => {
    const answers = [503, 503, 200, 400];
    const bodies: number[] = [];
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/api/meta') === true) {
        const { port } = server.address() as AddressInfo;
        response.end(JSON.stringify({ otlp_http: `127.0.0.1:${port}`, store: { eventsStored: 0 } }));
        return;
      }
      let length = 0;
      request.on('data', (chunk: Buffer) => (length += chunk.length));
      request.on('end', () => {
        bodies.push(length);
        response.writeHead(answers.shift() ?? 500, { 'retry-after': '0' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const [first, second] = [write('first', LINES), write('second', LINES)];
      const { exitCode, stderr } = await runCommand(['import', first, second, '--url', url]);
      expect(bodies).toHaveLength(4);
      expect(new Set(bodies).size).toBe(1);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/it answered 400.*\n6 events are stored; importing again stores none twice/s);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('tallyspan export', () => {
  it('writes to standard output what import takes from standard input', async () => {
    await importOf(['-'], LINES);
    const { exitCode, stdout, stderr } = await runCommand(['export', '-', '--data', path.join(dir, 'data')]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toHaveLength(EVENTS.length);
    expect((await importOf(['-'], stdout)).stdout).toContain('none new');
  });

  it('keeps the file that is there, and names the side that failed', async () => {
    const kept = write('kept.jsonl', 'kept\n');
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/api/meta') === true) response.end('{"events":10}');
      else response.write(LINES, () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { exitCode, stderr } = await runCommand(['export', kept, '--url', url]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`the events could not be read from ${url}`);
      expect(readFileSync(kept, 'utf8')).toBe('kept\n');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await importOf(['-'], LINES);
    const nowhere = path.join(dir, 'none', 'events.jsonl');
    const unwritten = await runCommand(['export', nowhere, '--data', path.join(dir, 'data')]);
    expect(unwritten).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`${nowhere} could not be written`),
    });
    expect(await runCommand(['export', dir, '--data', path.join(dir, 'data')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is a folder'),
    });
  });

  it('replaces the file that is there', async () => {
    await importOf(['-'], LINES);
    const file = write('kept.jsonl', 'kept\n');
    const { stdout } = await runCommand(['export', file, '--data', path.join(dir, 'data')]);
    const exported = readFileSync(file, 'utf8');
    expect(exported.trim().split('\n')).toHaveLength(EVENTS.length);
    expect(stdout).toContain(`${Buffer.byteLength(exported).toLocaleString('en-US')} bytes of jsonl`);
  });
});
