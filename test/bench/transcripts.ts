// How long the history of Claude Code takes to import: a gigabyte of transcripts in 300,000 messages, first, and again
// when nothing changed; beside it ccusage, which stores nothing and reads all each time, and agentsview. Writes
// docs/benchmarks/transcripts.md; asserts nothing.
//
//   node test/bench/transcripts.ts

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { CCUSAGE_VERSION, installCcusage } from '../claude-code/ccusage.ts';
import { PROGRAM } from '../programs/tallyspan.ts';
import { AGENTSVIEW, openAgentsview } from './agentsview.ts';
import { makeTranscripts } from './make-transcripts.ts';

const SIZE = { messages: 300_000, bytes: 1_000_000_000 } as const;

/** Often at first, for what ends soon; then seldom, as looking takes processor time from what is looked at. */
const WATCH_MS = 10;
const FIRST_LOOKS = 50;
const LOOKS_BETWEEN = 10;
const MS_PER_TICK = 10;

interface Measured {
  readonly wallMs: number;
  /** Largest resident set of a process, bytes: of the program, or of one that it starts. */
  readonly memoryBytes: number;
  /** Of all threads of the program and of the processes that it waits for; what others do meanwhile hardly changes it. */
  readonly cpuMs: number;
  readonly stdout: string;
}

/** Runs the program, and then hands over what the system counted of the processes that have ended in it. */
const COUNTING = '"$@"; code=$?; cat /proc/$$/stat >&3; exit $code';

function measure(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn('sh', ['-c', COUNTING, 'sh', process.execPath, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    let memoryBytes = 0;
    let stdout = '';
    let counted = '';
    let looks = 0;
    const watching = setInterval(() => {
      if (++looks > FIRST_LOOKS && looks % LOOKS_BETWEEN !== 0) return;
      for (const pid of descendantsOf(child.pid ?? 0)) memoryBytes = Math.max(memoryBytes, peakOf(pid));
    }, WATCH_MS);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    (child.stdio[3] as Readable | null)?.setEncoding('utf8').on('data', (text: string) => (counted += text));
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearInterval(watching);
      // After the name, which may hold blanks: cutime and cstime are its 14th and 15th fields.
      const ticks = (counted.split(') ')[1] ?? '').split(' ').slice(13, 15).map(Number);
      const cpuMs = ticks.reduce((sum, each) => sum + each, 0) * MS_PER_TICK;
      if (exitCode === 0) resolve({ wallMs: performance.now() - started, memoryBytes, cpuMs, stdout });
      else reject(new Error(`${args.join(' ')} exited ${String(exitCode)}`));
    });
  });
}

function descendantsOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').match(/\d+/g);
    return (children ?? []).flatMap((one) => [Number(one), ...descendantsOf(Number(one))]);
  } catch {
    // It has ended, or this is no Linux.
    return [];
  }
}

/** Bytes; 0 of a process that has ended. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
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
