// Bundled programs: no loader hook sees a class of an SDK, or a copy of the OpenTelemetry API, that is part of the
// program's own file. Spans made there need a provider from the first line.

import { readFileSync, statSync } from 'node:fs';
import { guard } from '../process/guard.ts';

/** Larger files are not searched. */
const MAX_BYTES = 32 * 1024 * 1024;
/** What every copy of the API has in it, however it was compiled. */
const API_MARK = 'opentelemetry.js.api.';
/** What a provider has in it. A program that brings its own registers it itself, and could not in the place of ours. */
const PROVIDER_MARK = '_activeSpanProcessor';

/** Whether the program's file makes spans and has no provider for them. */
export function hasTracing(mainFile: string | undefined): boolean {
  if (mainFile === undefined) return false;
  return (
    guard('search program', () => {
      const stat = statSync(mainFile, { throwIfNoEntry: false });
      if (stat?.isFile() !== true || stat.size > MAX_BYTES) return false;
      const source = readFileSync(mainFile);
      return source.includes(API_MARK) && !source.includes(PROVIDER_MARK);
    }) ?? false
  );
}
