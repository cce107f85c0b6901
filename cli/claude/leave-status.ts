// Leaves the numbers of the status line beside the data, for when no server answers it.

import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StatusFile } from '../statusline/status-numbers.ts';
import { STATUS_FILE } from '../statusline/status-numbers.ts';

export async function leaveStatus(dataDir: string, numbers: StatusFile): Promise<void> {
  const file = path.join(dataDir, STATUS_FILE);
  const beside = `${file}.${String(process.pid)}.part`;
  await writeFile(beside, JSON.stringify(numbers), { mode: 0o600 });
  await rename(beside, file);
}
