// Overlays for tests: exporters that send JSON at once, where the shipped ones send protobuf in batches.

import { writeFileSync } from 'node:fs';
import { makeTemporaryFolder } from './folders.ts';

/** Path of an overlay that makes these `otlp_http` exporters send small JSON batches without delay. */
export function promptJsonConfig(exporters: readonly string[] = ['otlp_http/backend']): string {
  const path = `${makeTemporaryFolder('prompt')}/prompt.yaml`;
  const prompt = { encoding: 'json', sending_queue: { batch: { flush_timeout: '50ms', min_size: 1 } } };
  // JSON is YAML.
  writeFileSync(
    path,
    JSON.stringify({ exporters: Object.fromEntries(exporters.map((name) => [name, prompt])) }),
  );
  return path;
}
