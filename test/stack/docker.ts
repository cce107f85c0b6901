// The Docker engine of this machine: commands, and images that are there or can be pulled.

import { spawnSync } from 'node:child_process';

const REGISTRY = 'https://registry-1.docker.io/v2/';
const REGISTRY_TIMEOUT_MS = 3000;
const PULL_TIMEOUT_MS = 120_000;

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runDocker(args: readonly string[], cwd?: string): CommandResult {
  return runCommand('docker', args, cwd);
}

export function runCommand(command: string, args: readonly string[], cwd?: string): CommandResult {
  return spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** Whether a Docker engine answers. */
export function hasEngine(): boolean {
  return runDocker(['info', '--format', '{{.ServerVersion}}']).status === 0;
}

let isRegistryReachable: Promise<boolean> | undefined;

/** Whether anything answers where images come from: without an answer every pull would wait for its timeout. */
export async function canPull(): Promise<boolean> {
  isRegistryReachable ??= fetch(REGISTRY, { signal: AbortSignal.timeout(REGISTRY_TIMEOUT_MS) }).then(
    () => true,
    () => false,
  );
  return isRegistryReachable;
}

/** Makes sure that the vendor's image is there; a text says why it is not. */
export async function pullImage(tag: string): Promise<true | string> {
  if (!hasEngine()) return `no Docker engine answers that could pull ${tag}`;
  if (runDocker(['image', 'inspect', tag]).status === 0) return true;
  const isPulled =
    (await canPull()) &&
    spawnSync('docker', ['pull', tag], { stdio: 'ignore', timeout: PULL_TIMEOUT_MS }).status === 0;
  return isPulled || `${tag} cannot be pulled`;
}
