// Bundled programs: no loader hook sees a class of an SDK, or a copy of the OpenTelemetry API, that is part of the
// program's own files. Spans made there need a provider from the first line; one that is bundled, too, may come later.

import { readFileSync, statSync } from 'node:fs';
import { guard } from '../process/guard.ts';

/** Larger files are not searched. */
const MAX_BYTES = 32 * 1024 * 1024;
/** What every copy of the API has in it, however it was compiled. */
const API_MARK = 'opentelemetry.js.api.';
/** What a provider has in it. */
const PROVIDER_MARK = '_activeSpanProcessor';
/** How far before the mark bundlers write the version that it is made from. */
const NEAR_CHARS = 8_000;
const NEAR_VERSION = /["'`](1\.\d{1,2}\.\d{1,3})["'`]/g;
const NAMED_VERSION = /\bVERSION\s*[=:]\s*["'`](1\.\d{1,2}\.\d{1,3})["'`]/g;

export interface BundledApi {
  /** Of the copy; `undefined` where it cannot be read from the text. */
  readonly version: string | undefined;
  /** Whether a provider is in the same file. */
  readonly hasProvider: boolean;
}

/** The copy of the API in the program's file; `undefined` where there is none. */
export function findInProgram(mainFile: string | undefined): BundledApi | undefined {
  if (mainFile === undefined) return undefined;
  return guard('search program', () => {
    const stat = statSync(mainFile, { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.size > MAX_BYTES) return undefined;
    const source = readFileSync(mainFile);
    return source.includes(API_MARK) ? findBundledApi(source.toString()) : undefined;
  });
}

/** The copy of the API in a source; `undefined` where there is none. */
export function findBundledApi(source: string): BundledApi | undefined {
  const at = source.indexOf(API_MARK);
  if (at === -1) return undefined;
  const near = source.slice(Math.max(0, at - NEAR_CHARS), at);
  const version =
    lastMatch(near, NAMED_VERSION) ?? lastMatch(near, NEAR_VERSION) ?? lastMatch(source, NAMED_VERSION);
  return { version, hasProvider: source.includes(PROVIDER_MARK) };
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
