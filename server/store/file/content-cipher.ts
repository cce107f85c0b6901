// Recorded content (requests and answers, for replay) is kept encrypted: AES-256-GCM with a key in a file
// of its own beside the data, which only the owner may read. A copy of the database alone tells nothing.
// Each text is bound to its event and field, so that none can be put in the place of another.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { columnOf } from '../../../core/columns.ts';
import { type FieldKey } from '../../../core/schema.ts';
import { ServerError } from '../../process/server-error.ts';

/** File name of the key in the data folder. */
export const KEY_FILE = 'content.key';

/** Fields that are stored encrypted. Nothing that lists or exports events has them. */
export const SEALED_FIELDS = [
  'tallyspan.request_json',
  'tallyspan.response_json',
] as const satisfies FieldKey[];
export type SealedField = (typeof SEALED_FIELDS)[number];

/** Every column but the sealed ones, for SELECT. */
export const OPEN_COLUMNS = `COLUMNS(c -> c NOT IN (${SEALED_FIELDS.map((key) => `'${columnOf(key)}'`).join(', ')}))`;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1:';

interface Identity {
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
}

/** The text of a field of an event, compressed and encrypted. */
export function sealText(text: string, event: Identity, field: SealedField, dataDir: string): Buffer {
  return seal(text, contextOf(event, field), contentKeyOf(dataDir));
}

/** What was sealed, as the text that {@link openSealed} reads. */
export function sealedAsText(sealed: Buffer): string {
  return VERSION + sealed.toString('base64');
}

/** @throws ServerError when the key is not the one that it was encrypted with, or the text was changed */
export function openSealed(sealed: string, event: Identity, field: SealedField, key: Buffer): string {
  const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64');
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
    decipher.setAAD(Buffer.from(contextOf(event, field)));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const packed = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return gunzipSync(packed).toString('utf8');
  } catch {
    throw new ServerError(
      `the recorded content cannot be read with this ${KEY_FILE}: it was recorded with another key, or changed since.`,
    );
  }
}

const NO_KEY_ADVICE = `Put the ${KEY_FILE} of the server that recorded it there, or name a copy of it with --key; a backup of the database does not have it.`;
const UNREADABLE_ADVICE = 'Only its owner may read it: be that user, or name a copy of it with --key.';

/** The key of a file. @throws ServerError when there is none, or it is no key */
export function readKey(file: string): Buffer {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const advice = code === 'ENOENT' ? NO_KEY_ADVICE : UNREADABLE_ADVICE;
    throw new ServerError(`cannot read the key of the recorded content, ${file} (${code}). ${advice}`);
  }
  if (key.length !== KEY_BYTES)
    throw new ServerError(
      `${file} is no key of ${String(KEY_BYTES)} bytes. Put back the file that was there.`,
    );
  return key;
}

const keys = new Map<string, Buffer>();

/** The key of a data folder, made when it is needed first. */
export function contentKeyOf(dataDir: string): Buffer {
  const held = keys.get(dataDir);
  if (held !== undefined) return held;
  const file = join(dataDir, KEY_FILE);
  makeKey(file);
  const key = readKey(file);
  keys.set(dataDir, key);
  return key;
}

function makeKey(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  try {
    writeSync(descriptor, randomBytes(KEY_BYTES));
    // Content must not outlive its key.
    fsyncSync(descriptor);
  } catch (error) {
    // On a full disk: a part of a key would be taken for one from now on.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function seal(text: string, context: string, key: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  cipher.setAAD(Buffer.from(context));
  const packed = Buffer.concat([cipher.update(gzipSync(text)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), packed]);
}

function contextOf(event: Identity, field: SealedField): string {
  return `${event.trace_id ?? ''}/${event.span_id ?? ''}/${field}`;
}
