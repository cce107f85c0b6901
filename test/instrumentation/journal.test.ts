// The journal: an open run of a process that is gone is found once, with what was last known of it.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { Numbering } from '../../instrumentation/process/numbering.ts';
import { Journal, readJournal } from '../../instrumentation/record/journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const started = (runId: string): EventRecord => ({
  timestamp: Date.UTC(2026, 10, 21),
  'event.name': 'agent.run.started',
  'agent.run_id': runId,
});
const progress = {
  atMs: Date.UTC(2026, 10, 21, 1),
  turns: 2,
  toolCalls: 1,
  tokensIn: 10,
  tokensOut: 5,
  costNanoUsd: 7,
  unpricedCalls: 0,
};

/** Gives the journal in the folder the process id of a process that has ended. */
function bury(): void {
  const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  for (const name of readdirSync(folder))
    renameSync(
      path.join(folder, name),
      path.join(folder, name.replace(`.${String(process.pid)}.`, `.${String(dead)}.`)),
    );
}

/** The end of this turn of the event loop, at which numbers are written. */
async function turnEnd(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('the journal', () => {
  it('gives the open runs of a dead process to one reader, with their last state', () => {
    const journal = new Journal(folder, 'aaaaaaaa');
    journal.begin(started('one'));
    journal.begin(started('two'));
    journal.progress({ runId: 'one', ...progress });
    journal.end('two');
    journal.write();
    bury();

    const [lost, ...others] = new Journal(folder, 'bbbbbbbb').takeLost();
    expect([lost?.instanceId, others]).toEqual(['aaaaaaaa', []]);
    const [run, ...more] = lost?.runs ?? [];
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      started: started('one'),
      lastSeenMs: progress.atMs,
      turns: 2,
      costNanoUsd: 7,
    });
    expect(new Journal(folder, 'cccccccc').takeLost()).toEqual([]);
  });

  it('leaves the runs of a living process alone', () => {
    const other = new Journal(folder, 'aaaaaaaa');
    other.begin(started('one'));
    for (const name of readdirSync(folder)) {
      const parent = String(process.ppid);
      renameSync(
        path.join(folder, name),
        path.join(folder, name.replace(`.${String(process.pid)}.`, `.${parent}.`)),
      );
    }
    expect(new Journal(folder, 'bbbbbbbb').takeLost()).toEqual([]);
  });

  it('leaves those of a thread of this process alone, until it has ended; one before it had its number', () => {
    const thread = new Journal(folder, 'aaaaaaaa');
    thread.begin(started('one'));
    expect(new Journal(folder, 'bbbbbbbb').takeLost()).toEqual([]);
    const other = path.join(folder, 'none', path.basename(thread.path));
    expect(new Journal(folder, 'bbbbbbbb').takeThread(other)).toBeUndefined();
    expect(new Journal(folder, 'bbbbbbbb').takeThread(thread.path)?.runs).toHaveLength(1);
    expect(new Journal(folder, 'bbbbbbbb').takeThread(thread.path)).toBeUndefined();

    const earlier = new Journal(folder, 'cccccccc');
    earlier.begin(started('two'));
    const before = new Date(Date.now() - (process.uptime() + 60) * 1_000);
    utimesSync(earlier.path, before, before);
    expect(new Journal(folder, 'bbbbbbbb').takeLost()).toHaveLength(1);
  });

  it('leaves no file behind when every run has ended', () => {
    const journal = new Journal(folder, 'aaaaaaaa');
    journal.begin(started('one'));
    journal.end('one');
    journal.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('half a line, as a kill in the middle of a write leaves it, is no entry', () => {
    const journal = new Journal(folder, 'aaaaaaaa');
    journal.begin(started('one'));
    expect(
      readJournal('start {"timestamp":"2026-11-21T00:00:00.000Z","event.name":"agent.ru'),
    ).toBeUndefined();
  });

  it('tells the number of the last event, until all is sent', async () => {
    const numbering = new Numbering();
    const { processId } = numbering;
    const journal = new Journal(folder, 'aaaaaaaa', numbering);
    for (let n = 0; n < 3; n += 1) {
      numbering.next();
      journal.count();
    }
    await turnEnd();
    journal.write(false);
    bury();
    expect(new Journal(folder, 'bbbbbbbb').takeLost()).toEqual([
      { instanceId: 'aaaaaaaa', processId, sequence: 3, runs: [] },
    ]);
    numbering.next();
    const sent = new Journal(folder, 'dddddddd', numbering);
    sent.count();
    await turnEnd();
    sent.write(true);
    bury();
    expect(new Journal(folder, 'bbbbbbbb').takeLost()).toEqual([]);
  });

  it('of a version before ids of processes, goes on in the name of its instance', () => {
    expect(readJournal('process pod-1\nseq 7\n')).toEqual({ instanceId: 'pod-1', sequence: 7, runs: [] });
  });

  it('does not grow with the age of a run', async () => {
    const numbering = new Numbering();
    const journal = new Journal(folder, 'aaaaaaaa', numbering);
    journal.begin(started('one'));
    for (let n = 0; n < 30_000; n += 1) {
      journal.progress({ runId: 'one', ...progress, turns: n });
      journal.write();
    }
    numbering.next();
    journal.count();
    await turnEnd();
    const [name = ''] = readdirSync(folder);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(statSync(path.join(folder, name)).size).toBeLessThan(4_100_000);
    bury();
    const [lost] = new Journal(folder, 'bbbbbbbb').takeLost();
    expect([lost?.sequence, lost?.runs.map(({ turns }) => turns)]).toEqual([1, [29_999]]);
  });
});
