// agentsview, which reads transcripts into a database of its own: a binary from PyPI, whose work a daemon does.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { installRequirements } from '../contract/versions/cached-packages.ts';

const REQUIREMENTS = path.join(import.meta.dirname, 'agentsview.txt');
/** Package and version. */
export const AGENTSVIEW = readFileSync(REQUIREMENTS, 'utf8').trim().replace('==', ' ');

const MS_PER_TICK = 10;

export interface Synced {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Of its daemon, whose start is in the time of a first one. */
  readonly memoryBytes: number;
}

export interface Agentsview {
  sync(): Promise<Synced>;
  stop(): Promise<void>;
}

/** Over the transcripts of a configuration folder; `undefined` where it cannot be had, which has been said then. */
export async function openAgentsview(folder: string, dataDir: string): Promise<Agentsview | undefined> {
  const python = await installRequirements(REQUIREMENTS);
  if (python === undefined) return undefined;
  const run = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(python, ['-m', 'agentsview', ...args], {
      env: {
        ...process.env,
        HOME: dataDir,
        AGENTSVIEW_DATA_DIR: dataDir,
        CLAUDE_PROJECTS_DIR: path.join(folder, 'projects'),
      },
    });
  let pid: string | undefined;
  return {
    sync: async () => {
      const started = performance.now();
      const { stdout, stderr } = await run('sync');
      const wallMs = performance.now() - started;
      pid = /\(pid (\d+)\)/.exec(stdout + stderr)?.[1] ?? pid;
      return { wallMs, ...readProcess(pid ?? '') };
    },
    stop: async () => {
      await run('daemon', 'stop');
    },
  };
}

function readProcess(pid: string): Omit<Synced, 'wallMs'> {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const ticks = rest.split(' ').slice(11, 13).map(Number);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      cpuMs: ticks.reduce((sum, each) => sum + each, 0) * MS_PER_TICK,
      memoryBytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
    };
  } catch {
    // This is no Linux.
    return { cpuMs: 0, memoryBytes: 0 };
  }
}
