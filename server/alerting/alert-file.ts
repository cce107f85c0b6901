// The alert file: what the alerter must not forget when the process ends. States, so that nothing is
// told twice; deliveries, so that nothing told is lost; the last notices, for people.

import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { replacePrivateFile } from '../store/file/private-files.ts';
import {
  ALERT_MEMORY_FORMAT,
  EMPTY_ALERT_MEMORY,
  readMemory,
  type AlertMemory,
  type ReadMemory,
} from './alert-memory.ts';

export type { AlertMemory } from './alert-memory.ts';

export const ALERT_FILE = 'alerts.json';

/**
 * Reads the file of a folder that this process owns. One that holds what cannot be used is put aside, and what can be used
 * of it goes on.
 */
export async function takeAlertFile(dataDir: string, log: (line: string) => void): Promise<AlertMemory> {
  const { memory, wrongParts } = await parseFile(dataDir);
  if (wrongParts === 0) return memory;
  const file = path.join(dataDir, ALERT_FILE);
  const aside = `${file}.unreadable`;
  await rename(file, aside);
  const isAllWrong = memory.states.length + memory.deliveries.length + memory.notices.length === 0;
  log(
    isAllWrong
      ? `alerts: ${file} could not be read and is now ${aside}; alerts that fire are reported again`
      : `alerts: ${file} had ${wrongParts === 1 ? 'a part' : `${wrongParts} parts`} that could not be read, and is now ${aside}; the rest is used`,
  );
  return memory;
}

/** Reads the file and changes nothing; what cannot be read of it is as good as not there. */
export async function readAlertFile(dataDir: string): Promise<AlertMemory> {
  return (await parseFile(dataDir)).memory;
}

async function parseFile(dataDir: string): Promise<ReadMemory> {
  const file = path.join(dataDir, ALERT_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? { memory: EMPTY_ALERT_MEMORY, wrongParts: 0 } : readMemory(text);
}

/** Writes the file so that after a crash it is either the old or the new one. */
export function writeAlertFile(dataDir: string, memory: AlertMemory): Promise<void> {
  const text = JSON.stringify({ format: ALERT_MEMORY_FORMAT, ...memory });
  return replacePrivateFile(path.join(dataDir, ALERT_FILE), text);
}
