// A dataset is a file of JSON lines, one item each, in a folder that belongs to the project and is kept under version control.

import { makePrivateFolder } from '../../server/store/file/private-files.ts';
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import type { DatasetItem, Expected, SentHashes } from '../../core/scores/evaluation.ts';
import type { RecordedStep } from '../../server/queries/runs/read-recording.ts';
import { readTextFile } from '../files/text-file.ts';
import { CliError, usageError } from '../terminal/cli-error.ts';

/** An item with what was recorded of its run, encrypted as it is in the data folder. */
export interface KeptItem extends DatasetItem {
  readonly recording?: readonly RecordedStep[] | undefined;
}

export const DATASETS_FOLDER = path.join('.tallyspan', 'datasets');
/** Linux gives a process no variable of 128 KiB or more, its name and its end included. */
const MOST_BYTES = 131_000;
const NAME = /^[\w][\w.-]{0,63}$/;

/** The file of a dataset, by its name or by a path. @throws CliError */
export function datasetPath(name: string, folder: string): string {
  if (name.endsWith('.jsonl')) return name;
  if (!NAME.test(name)) throw usageError(`"${name}" is no name of a dataset; use letters, digits, - and _.`);
  return path.join(folder, `${name}.jsonl`);
}

/** @throws CliError that names the line which is no item */
export async function readDataset(file: string): Promise<readonly KeptItem[]> {
  const text = await readTextFile(file).catch(() => {
    throw usageError(`there is no dataset ${file}. Add runs to one: tallyspan dataset add NAME RUN`);
  });
  const items = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseItem(line, `${file}:${String(index + 1)}`)]));
  if (items.length === 0) throw usageError(`${file} has no item.`);
  const ids = items.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw usageError(`${file} has the item ${twice} twice.`);
  return items;
}

function parseItem(line: string, where: string): KeptItem {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    throw usageError(`${where} is no JSON.`);
  }
  const item = (raw ?? {}) as Record<string, unknown>;
  const { id, input, expected, sent, recording } = item;
  if (typeof id !== 'string' || id === '') throw usageError(`${where} has no "id".`);
  if (input !== undefined && typeof input !== 'string') throw usageError(`${where}: "input" is a text.`);
  // What is written in the wrong place would be asked of nobody, and every answer would pass.
  const misplaced = Object.keys(item).find(
    (key) => (key !== 'expected' && /^expect/i.test(key)) || isExpectation(key),
  );
  if (misplaced !== undefined)
    throw usageError(`${where} has "${misplaced}"; what is expected stands in "expected": ${EXPECTATIONS}.`);
  for (const [key, text = ''] of Object.entries({ id, input })) {
    if (text.includes('\0'))
      throw usageError(`${where}: "${key}" has a character 0, which no command can be given.`);
    if (Buffer.byteLength(text) > MOST_BYTES)
      throw usageError(
        `${where}: "${key}" has more than ${MOST_BYTES} bytes, the most that an environment variable holds. Put the text into a file, and its name into "input".`,
      );
  }
  return {
    id,
    input,
    expected: parseExpected(expected, where),
    sent: parseSent(sent, where),
    recording: parseRecording(recording, where),
  };
}

const EXPECTATION_KEYS: ReadonlySet<string> = new Set(['equals', 'contains', 'matches', 'json', 'tools']);
const EXPECTATIONS = 'equals, matches (texts), contains, tools (lists of texts) and json (true or false)';

function isExpectation(key: string): boolean {
  return EXPECTATION_KEYS.has(key);
}

function parseExpected(raw: unknown, where: string): Expected | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === 'string') return { equals: raw };
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw usageError(`${where}: "expected" is a text, or has ${EXPECTATIONS}.`);
  const unknown = Object.keys(raw).find((key) => !isExpectation(key));
  if (unknown !== undefined)
    throw usageError(`${where}: "expected" has "${unknown}"; it may have ${EXPECTATIONS}.`);
  const { equals, contains, matches, json, tools } = raw as Record<string, unknown>;
  const isWrong = !isText(equals) || !isText(matches) || !isTexts(contains) || !isTexts(tools);
  if (isWrong || (json !== undefined && typeof json !== 'boolean'))
    throw usageError(`${where}: "expected" has ${EXPECTATIONS}.`);
  try {
    if (typeof matches === 'string') RegExp(matches, 'u');
  } catch {
    throw usageError(`${where}: "matches" is no regular expression.`);
  }
  return { equals, contains, matches, tools, json: json === true } as Expected;
}

function parseSent(raw: unknown, where: string): SentHashes | undefined {
  if (raw === undefined || raw === null) return undefined;
  const { prompt, tools, model } = raw as Record<string, unknown>;
  if ([prompt, tools, model].every((list) => Array.isArray(list) && isTexts(list))) return raw as SentHashes;
  throw usageError(`${where}: "sent" has prompt, tools and model (lists of hashes).`);
}

function parseRecording(raw: unknown, where: string): readonly RecordedStep[] | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (Array.isArray(raw) && raw.every(isStep)) return raw as RecordedStep[];
  throw usageError(`${where}: "recording" is no recording.`);
}

/** Adds the items that are not there yet, behind what is there as it is; how many were added. */
export async function addToDataset(file: string, items: readonly KeptItem[]): Promise<number> {
  const present = await readDataset(file).catch((error: unknown) => {
    if (error instanceof CliError && /there is no dataset|has no item/.test(error.message)) return [];
    throw error;
  });
  const known = new Set(present.map(({ id }) => id));
  const added = items.filter(
    ({ id }, index) => !known.has(id) && items.findIndex((one) => one.id === id) === index,
  );
  makePrivateFolder(path.resolve(path.dirname(file)));
  const text = await readTextFile(file).catch(() => '');
  const lines = added.map((item) => `${JSON.stringify(item)}\n`).join('');
  // It may hold inputs: for its owner alone.
  await appendFile(file, text === '' || text.endsWith('\n') ? lines : `\n${lines}`, { mode: 0o600 });
  return added.length;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

function isStep(step: unknown): boolean {
  return ['trace_id', 'span_id'].every(
    (key) => typeof (step as Record<string, unknown> | null)?.[key] === 'string',
  );
}
