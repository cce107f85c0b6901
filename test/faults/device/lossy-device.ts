// The device that loses what was not synced, or has no more room, as a library that a process is started with.

import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

export function canBuildDevices(): boolean {
  return process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
}

/** Builds the library into a folder; its path, for LD_PRELOAD. */
export function buildLossyDevice(folder: string): string {
  const library = path.join(folder, 'lossy-device.so');
  const source = path.join(import.meta.dirname, 'lossy-device.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-w', '-o', library, source, '-ldl', '-lpthread']);
  return library;
}
