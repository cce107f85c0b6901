// One kind of work on a data folder, in a process of its own so that it can be killed: `store-work.ts WORK FOLDER`.
// It says "begun" when the work begins, and for what it stores after each commit how many events are stored.

import { writeSync } from 'node:fs';
import { ownProcess } from '../../server/process/memory.ts';
import { compactFile } from '../../server/store/file/compaction.ts';
import { openDatabase } from '../../server/store/file/database.ts';
import { applyRetention } from '../../server/store/file/retention.ts';
import { backupDatabase } from '../../server/queries/export/export-events.ts';
import { EventStore } from '../../server/store/write/event-store.ts';

ownProcess();
const [work = '', folder = '', file = ''] = process.argv.slice(2);

/** Not by a stream, which may still hold it when the process is killed. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function withStore(task: (opened: Awaited<ReturnType<typeof open>>) => Promise<void>): Promise<void> {
  const opened = await open();
  say('begun');
  await task(opened);
  await opened.database.close();
}

async function open() {
  const database = await openDatabase(folder);
  return { database, store: await EventStore.open(database) };
}

async function runCommand(args: readonly string[]): Promise<void> {
  // The other works start in a third of the time without it.
  const { runCli } = await import('../../cli/program.ts');
  say('begun');
  const output = { write: () => undefined };
  const { signal } = new AbortController();
  process.exitCode = await runCli(args, {
    stdin: process.stdin,
    stdout: output,
    stderr: { write: (text: string) => void process.stderr.write(text) },
    env: {},
    now: Date.now,
    signal,
  });
}

const WORKS: Readonly<Record<string, () => Promise<void>>> = {
  retention: () =>
    withStore(async ({ database, store }) => {
      await applyRetention(database, store, { ageMs: Number(file) }, Date.now());
    }),
  compaction: () =>
    withStore(async ({ database, store }) => {
      await compactFile(database, store, { mostBytes: Number.POSITIVE_INFINITY, patienceMs: 1000 });
    }),
  backup: () =>
    withStore(async ({ database }) => {
      let bytes = 0;
      for await (const piece of backupDatabase(database)) bytes += piece.length;
      say(`bytes ${bytes}`);
    }),
  migration: async () => {
    say('begun');
    const database = await openDatabase(folder);
    say(`renewed ${database.recovery ?? ''}`);
    await database.close();
  },
  ingest: () =>
    withStore(async ({ store }) => {
      for (let batch = 0; batch < 200; batch++) {
        await store.write({
          events: Array.from({ length: 50 }, (_, index) => ({
            timestamp: 1_795_000_000_000 + batch,
            'event.name': 'agent.note' as const,
            'service.instance.id': 'p',
            'tallyspan.seq': batch * 50 + index + 1,
            'agent.note.text': `${batch}/${index} ${'x'.repeat(200)}`,
          })),
          spans: [],
        });
        say(`stored ${(batch + 1) * 50}`);
      }
    }),
  import: () => runCommand(['import', file, '--data', folder]),
  recost: () => runCommand(['recost', '--apply', '--data', folder]),
};

await WORKS[work]?.();
