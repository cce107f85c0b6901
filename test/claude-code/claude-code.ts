// The real Claude Code: its binary from npm, run in print mode against an API on loopback, with a home of its own and
// everything else that it might call switched off.

import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installPackages } from '../contract/versions/cached-packages.ts';

/** The newest when the tests were last gone through, and the one before. */
export const CLAUDE_CODE_VERSIONS = ['2.1.333', '2.1.332'] as const;

const RUN_LIMIT_MS = 200_000;

/** Path of the binary; `undefined` where it cannot be had, which has been said then. */
export async function installClaudeCode(version: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`SKIP Claude Code ${version}: its binary is installed on linux-x64 only`);
    return undefined;
  }
  const folder = await installPackages(`claude-code-${version}`, {
    '@anthropic-ai/claude-code-linux-x64': version,
  });
  return folder && path.join(folder, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude');
}

/** A home folder and a working folder of one user of Claude Code. */
export interface ClaudeHome {
  readonly home: string;
  readonly cwd: string;
  /** Where its transcripts are. */
  readonly projects: string;
  remove(): Promise<void>;
}

export async function makeClaudeHome(project = 'webshop'): Promise<ClaudeHome> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'tallyspan-claude-')));
  const home = path.join(root, 'home');
  const cwd = path.join(root, project);
  await mkdir(home);
  await mkdir(cwd);
  return {
    home,
    cwd,
    projects: path.join(home, '.claude', 'projects'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export interface ClaudeOptions {
  readonly apiUrl: string;
  /** Beside `-p`; the prompt comes by stdin. */
  readonly args?: readonly string[];
  readonly prompt: string;
  /** Set over what is set here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Handed the process once it runs, to interrupt it. */
  readonly onStart?: (interrupt: () => void) => void;
}

export interface ClaudeResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every process of Claude Code in a test is given; nothing of ours goes in. */
export function claudeEnv({ home }: ClaudeHome, apiUrl: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    ANTHROPIC_BASE_URL: apiUrl,
    ANTHROPIC_API_KEY: 'sk-ant-test',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // Bash of the test's machine may be root, where this binary refuses to skip permissions otherwise.
    IS_SANDBOX: '1',
  };
}

/** Runs `claude -p` to its end. */
export function runClaudeCode(
  binary: string,
  where: ClaudeHome,
  options: ClaudeOptions,
): Promise<ClaudeResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['-p', ...(options.args ?? ['--dangerously-skip-permissions'])], {
      cwd: where.cwd,
      env: { ...claudeEnv(where, options.apiUrl), ...options.env },
      timeout: RUN_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
    child.stdin.end(options.prompt);
    options.onStart?.(() => child.kill('SIGINT'));
  });
}
