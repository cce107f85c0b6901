import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { BACKUP_NOTE } from '../../../server/recorded-content.ts';
import { openSealed, readKey } from '../../../server/store/file/content-cipher.ts';
import { getJson, makeDataDir, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const NOTE_HEADER = 'x-tallyspan-note';
const REQUEST = '{"model":"claude-sonnet-5-5"}';

let dataDir: string;
let server: TestServer | undefined;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(async () => {
  await server?.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(folder = dataDir): Promise<TestServer> {
  await server?.close();
  return (server = await startTestServer({ dataDir: folder }));
}

function recordedRun(mark: string): EventRecord[] {
  return sampleRun({ mark, endMs: Date.now() }).map((event) =>
    event['event.name'] === 'agent.model_call' ? { ...event, 'tallyspan.request_json': REQUEST } : event,
  );
}

/** The lines of the log that are about the key. */
function aboutKey({ lines }: TestServer): string[] {
  return lines.filter((line) => line.includes('content.key'));
}

async function readSealed(from: TestServer, mark: string): Promise<string> {
  const { steps } = await getJson<{ steps: { trace_id: string; span_id: string; sealed_request: string }[] }>(
    from,
    `/api/runs/${mark.repeat(32)}/recording`,
  );
  const [step] = steps;
  if (step === undefined) throw new Error('the run has no recording');
  const key = readKey(path.join(from.dataDir, 'content.key'));
  return openSealed(step.sealed_request, step, 'tallyspan.request_json', key);
}

describe('a backup', () => {
  it('of recorded content comes with word of the key that opens it, which it does not have', async () => {
    const running = await start();
    await sendEvents(running, recordedRun('a'));
    const answer = await fetch(`${running.uiUrl}/api/backup`);
    await answer.arrayBuffer();
    expect(answer.headers.get(NOTE_HEADER)).toBe(BACKUP_NOTE);
    expect(aboutKey(running)).toEqual([`backup: ${BACKUP_NOTE}`]);
  });

  it('without recorded content comes without', async () => {
    const running = await start();
    await sendEvents(running, sampleRun({ mark: 'a', endMs: Date.now() }));
    const answer = await fetch(`${running.uiUrl}/api/backup`);
    await answer.arrayBuffer();
    expect([answer.status, answer.headers.get(NOTE_HEADER)]).toEqual([200, null]);
    expect(aboutKey(running)).toEqual([]);
  });
});

describe('a server that starts on recorded content', () => {
  it('without its key says what to put where, and reads it once it is there', async () => {
    const first = await start();
    await sendEvents(first, recordedRun('a'));
    const backup = Buffer.from(await (await fetch(`${first.uiUrl}/api/backup`)).arrayBuffer());
    const restored = await makeDataDir();
    await writeFile(path.join(restored, 'tallyspan.duckdb'), backup);

    const second = await start(restored);
    const key = path.join(restored, 'content.key');
    expect(aboutKey(second)).toEqual([expect.stringContaining(`put the content.key that was beside`)]);
    expect(aboutKey(second)[0]).toContain(key);

    await rename(path.join(dataDir, 'content.key'), key);
    expect(await readSealed(second, 'a')).toBe(REQUEST);
    await sendEvents(second, recordedRun('b'));
    expect(await readSealed(second, 'b')).toBe(REQUEST);
    expect(aboutKey(await start(restored))).toEqual([]);
    await server?.close();
    await rm(restored, { recursive: true, force: true });
  });

  it('says nothing of a key where none was needed', async () => {
    await sendEvents(await start(), sampleRun({ mark: 'a', endMs: Date.now() }));
    expect(aboutKey(await start())).toEqual([]);
  });
});

describe('a key file', () => {
  it('that is not there leads to a message with the file and what to do', () => {
    const file = path.join(dataDir, 'content.key');
    expect(() => readKey(file)).toThrow(`${file} (ENOENT). Put the content.key of the server`);
    expect(() => readKey(file)).toThrow('--key');
  });
});
