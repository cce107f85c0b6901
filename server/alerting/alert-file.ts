// The alert file: what the alerter must not forget when the process ends. States, so that nothing is
// told twice; deliveries, so that nothing told is lost; the last notices, for people.

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { AlertState } from '../../alerts/rules/alert-state.ts';
import type { Notice } from '../../alerts/rules/notice.ts';
import type { Delivery } from './delivery.ts';

export interface AlertMemory {
  readonly states: readonly AlertState[];
  readonly deliveries: readonly Delivery[];
  /** Newest last. */
  readonly notices: readonly Notice[];
}

export const ALERT_FILE = 'alerts.json';

const FORMAT = 1;
const EMPTY: AlertMemory = { states: [], deliveries: [], notices: [] };

/**
 * Reads the file of a folder that this process owns. One that cannot be read is put aside, and everything
 * starts again.
 */
export async function takeAlertFile(dataDir: string, log: (line: string) => void): Promise<AlertMemory> {
  const memory = await parseFile(dataDir);
  if (memory !== undefined) return memory;
  const file = path.join(dataDir, ALERT_FILE);
  const aside = `${file}.unreadable`;
  await rename(file, aside);
  log(`alerts: ${file} could not be read and is now ${aside}; alerts that fire will be sent again`);
  return EMPTY;
}

/** Reads the file and changes nothing; one that cannot be read is as good as none. */
export async function readAlertFile(dataDir: string): Promise<AlertMemory> {
  return (await parseFile(dataDir)) ?? EMPTY;
}

/** Undefined when there is something that cannot be read. */
async function parseFile(dataDir: string): Promise<AlertMemory | undefined> {
  const file = path.join(dataDir, ALERT_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? EMPTY : parseMemory(text);
}

/** Writes the file so that after a crash it is either the old or the new one. */
export async function writeAlertFile(dataDir: string, memory: AlertMemory): Promise<void> {
  const file = path.join(dataDir, ALERT_FILE);
  const draft = `${file}.new`;
  await mkdir(dataDir, { recursive: true });
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ format: FORMAT, ...memory }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

function parseMemory(text: string): AlertMemory | undefined {
  try {
    const value = JSON.parse(text) as Partial<AlertMemory> & { format?: number };
    const { states, deliveries, notices } = value;
    const isWhole = Array.isArray(states) && Array.isArray(deliveries) && Array.isArray(notices);
    return value.format === FORMAT && isWhole ? { states, deliveries, notices } : undefined;
  } catch {
    return undefined;
  }
}
