import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testNotice } from '../../alerts/rules/notice.ts';
import { ALERT_FILE, takeAlertFile, writeAlertFile } from '../../server/alerting/alert-file.ts';

// A file of alerts that is JSON, but not what we wrote: what is right of it is used, the file is kept, and that is said.

const STATE = {
  ruleId: 'cost-pace',
  key: '',
  phase: 'firing',
  sinceMs: 1,
  status: 'met',
  value: 2,
  threshold: 1,
  shown: null,
  judgedMs: 2,
} as const;
const NOTICE = testNotice(3, 'http://127.0.0.1:4319');
const DELIVERY = { channel: 'telegram', notice: NOTICE, queuedMs: 3, attempts: 0, notBeforeMs: 0 } as const;
const WHOLE = { states: [STATE], deliveries: [DELIVERY], notices: [NOTICE] };

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-alert-memory-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('a file of alerts', () => {
  it('is read as it was written', async () => {
    await writeAlertFile(dataDir, WHOLE);
    const lines: string[] = [];
    expect(await takeAlertFile(dataDir, (line) => lines.push(line))).toEqual(WHOLE);
    expect(lines).toEqual([]);
  });

  it.each([
    ['a state without a rule', { ...WHOLE, states: [STATE, { ...STATE, ruleId: undefined }] }],
    ['a state of another kind', { ...WHOLE, states: [STATE, null] }],
    ['a time beyond all times', { ...WHOLE, states: [STATE, { ...STATE, sinceMs: 1e300 }] }],
    ['a phase that there is not', { ...WHOLE, states: [STATE, { ...STATE, phase: 'loud' }] }],
    ['a notice with lines of another kind', { ...WHOLE, notices: [{ ...NOTICE, why: [7] }, NOTICE] }],
    ['a delivery without its notice', { ...WHOLE, deliveries: [DELIVERY, { ...DELIVERY, notice: {} }] }],
    ['a delivery to no channel', { ...WHOLE, deliveries: [{ ...DELIVERY, channel: 'fax' }, DELIVERY] }],
  ])('with %s is put aside, and the rest of it is used', async (_what, memory) => {
    const text = JSON.stringify({ format: 1, ...memory });
    await writeFile(path.join(dataDir, ALERT_FILE), text);
    const lines: string[] = [];
    expect(await takeAlertFile(dataDir, (line) => lines.push(line))).toEqual(WHOLE);
    expect(lines).toEqual([expect.stringMatching(/a part that could not be read.*the rest is used/)]);
    expect(await readFile(path.join(dataDir, `${ALERT_FILE}.unreadable`), 'utf8')).toBe(text);
  });

  it.each([
    'null',
    '[]',
    '7',
    '{}',
    '{"format":2}',
    '{"format":1}',
    '{"format":1,"states":{},"deliveries":[],"notices":[]}',
  ])('that is %s is put aside whole', async (text) => {
    await writeFile(path.join(dataDir, ALERT_FILE), text);
    const lines: string[] = [];
    const memory = await takeAlertFile(dataDir, (line) => lines.push(line));
    expect(memory).toEqual({ states: [], deliveries: [], notices: [] });
    expect(lines).toEqual([expect.stringContaining('could not be read')]);
  });

  it('is not written through a link that somebody put in its place', async () => {
    const other = path.join(dataDir, 'other');
    await writeFile(other, 'mine');
    await symlink(other, path.join(dataDir, `${ALERT_FILE}.new`));
    await writeAlertFile(dataDir, WHOLE);
    expect(await readFile(other, 'utf8')).toBe('mine');
  });
});
