// How long the history of Claude Code takes to import: a gigabyte of transcripts in 300,000 messages, first, and again
// when nothing changed; beside it ccusage, which stores nothing and reads all each time, and agentsview. Writes
// docs/benchmarks/transcripts.md; asserts nothing.
//
//   node test/bench/transcripts.ts

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { CCUSAGE_VERSION, installCcusage } from '../claude-code/ccusage.ts';
import { PROGRAM } from '../programs/tallyspan.ts';
import { AGENTSVIEW, openAgentsview } from './agentsview.ts';
import { makeTranscripts } from './make-transcripts.ts';

const SIZE = { messages: 300_000, bytes: 1_000_000_000 } as const;

const WATCH_MS = 20;
const MS_PER_TICK = 10;

interface Measured {
  readonly wallMs: number;
  /** Largest resident set, bytes; of the process alone, so not of one that it starts. */
  readonly memoryBytes: number;
  /** Of all its threads, and of processes that it started and that ended; what others do meanwhile hardly changes it. */
  readonly cpuMs: number;
  readonly stdout: string;
}

function measure(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let memoryBytes = 0;
    let cpuMs = 0;
    let stdout = '';
    const watching = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
        // After the name, which may hold blanks.
        const [, rest = ''] = readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8').split(') ');
        const ticks = rest.split(' ').slice(11, 15).map(Number);
        cpuMs = Math.max(cpuMs, ticks.reduce((sum, each) => sum + each, 0) * MS_PER_TICK);
        memoryBytes = Math.max(memoryBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
      } catch {
        // It has ended, or this is no Linux.
      }
    }, WATCH_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearInterval(watching);
      if (exitCode === 0) resolve({ wallMs: performance.now() - started, memoryBytes, cpuMs, stdout });
      else reject(new Error(`${args.join(' ')} exited ${String(exitCode)}`));
    });
  });
}

function row(name: string, { wallMs, cpuMs, memoryBytes }: Omit<Measured, 'stdout'>): string {
  return `| ${name} | ${(wallMs / 1000).toFixed(2)} s | ${cpuMs === 0 ? 'not measured' : `${(cpuMs / 1000).toFixed(2)} s`} | ${memoryBytes === 0 ? 'not measured' : `${String(Math.round(memoryBytes / 1e6))} MB`} |`;
}

const work = mkdtempSync(path.join(tmpdir(), 'tallyspan-bench-'));
try {
  const folder = path.join(work, 'claude');
  await makeTranscripts(folder, SIZE);
  const load = loadavg()[0] ?? 0;
  const args = [PROGRAM, 'import', 'claude', folder, '--data', path.join(work, 'data'), '--json'];
  const first = await measure(args);
  const again = await measure(args);
  const status = await measure([PROGRAM, 'statusline', '--data', path.join(work, 'data')]);
  const node = await measure(['-e', '0']);
  const ccusage = await installCcusage();
  const peer =
    ccusage === undefined
      ? undefined
      : await measure([ccusage, 'daily', '--json', '--offline'], {
          CLAUDE_CONFIG_DIR: folder,
        });
  const agentsview = await openAgentsview(folder, path.join(work, 'agentsview'));
  const synced = await agentsview?.sync();
  await agentsview?.stop();
  const counted = JSON.parse(first.stdout) as Readonly<Record<string, number>>;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
  const lines = [
    '# Import of transcripts',
    '',
    `Written by \`node test/bench/transcripts.ts\` on ${new Date().toISOString().slice(0, 10)} at ${commit}: ${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, load ${load.toFixed(1)} when it began.`,
    '',
    `A folder of ${(SIZE.bytes / 1e9).toFixed(1)} GB: ${String(counted['messages'])} user and assistant lines of ${String(counted['sessions'])} sessions, which are ${String(counted['model_calls'])} model calls and ${String(counted['events'])} events.`,
    '',
    '| What | Time | Processor time | Memory |',
    '| --- | --- | --- | --- |',
    row('`tallyspan import claude`, into an empty data folder', first),
    row('the same again, nothing changed', again),
    ...(peer === undefined
      ? []
      : [row(`ccusage ${CCUSAGE_VERSION} \`daily --json\`, which stores nothing`, peer)]),
    ...(synced === undefined
      ? []
      : [row(`${AGENTSVIEW} \`sync\`, its daemon, into a database of its own`, synced)]),
    row('`tallyspan statusline` without a server', status),
    row('`node -e 0`, the least that any of them takes', node),
    '',
  ];
  writeFileSync(path.resolve(import.meta.dirname, '../../docs/benchmarks/transcripts.md'), lines.join('\n'));
} finally {
  rmSync(work, { recursive: true, force: true });
}
