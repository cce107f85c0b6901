// Golden files: what each configuration must send, as it is committed. A configuration that changes no record
// names `clean.json` in place of its records, so that a change of one processor shows once.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoldenRecord } from './golden-output.ts';

const FOLDER = join(import.meta.dirname, 'golden');
const CLEAN = 'as in clean.json';

export interface Golden {
  /** Routes and headers, each once. */
  readonly sends?: readonly object[];
  readonly spans: readonly GoldenRecord[];
  readonly logs: readonly GoldenRecord[];
}

interface GoldenFile {
  readonly sends?: readonly object[];
  readonly spans: readonly GoldenRecord[] | typeof CLEAN;
  readonly logs: readonly GoldenRecord[] | typeof CLEAN;
}

/** What the committed file wants. With UPDATE_GOLDEN=1 `output` is written there first. */
export function goldenFor(id: string, output: Golden): Golden {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, `${id}.json`), `${JSON.stringify(shorten(id, output), undefined, 2)}\n`);
  }
  const { spans, logs, ...rest } = readGolden(id);
  return {
    ...rest,
    spans: spans === CLEAN ? readClean().spans : spans,
    logs: logs === CLEAN ? readClean().logs : logs,
  };
}

function shorten(id: string, output: Golden): GoldenFile {
  if (id === 'clean') return output;
  const isClean = (part: 'spans' | 'logs'): boolean =>
    JSON.stringify(output[part]) === JSON.stringify(readClean()[part]);
  return {
    ...output,
    spans: isClean('spans') ? CLEAN : output.spans,
    logs: isClean('logs') ? CLEAN : output.logs,
  };
}

function readClean(): Golden {
  return readGolden('clean') as Golden;
}

function readGolden(id: string): GoldenFile {
  const file = join(FOLDER, `${id}.json`);
  if (!existsSync(file)) throw new Error(`golden/${id}.json is not there: run with UPDATE_GOLDEN=1`);
  return JSON.parse(readFileSync(file, 'utf8')) as GoldenFile;
}
