// Leaves the numbers of the status line beside the data: for when no server answers it, or none in time.

import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StatusLineNumbers } from './read-usage.ts';

export const STATUS_FILE = 'statusline.json';

export async function leaveStatus(dataDir: string, numbers: StatusLineNumbers): Promise<void> {
  const file = path.join(dataDir, STATUS_FILE);
  const beside = `${file}.${String(process.pid)}.part`;
  await writeFile(beside, JSON.stringify(numbers), { mode: 0o600 });
  await rename(beside, file);
}
