// Overlays for tests: exporters that send JSON at once, where the shipped ones send protobuf in batches.

import { writeFileSync } from 'node:fs';
import { makeTemporaryFolder } from './folders.ts';

const AT_ONCE = { batch: { flush_timeout: '50ms', min_size: 1 } };

/** Path of an overlay that makes these `otlp_http` exporters send small JSON batches without delay. */
export function promptJsonConfig(exporters: readonly string[] = ['otlp_http/backend']): string {
  return writeOverlay(exporters, { encoding: 'json', sending_queue: AT_ONCE });
}

/** Path of an overlay that makes these exporters send small batches without delay and changes nothing else. */
export function promptConfig(exporters: readonly string[]): string {
  return writeOverlay(exporters, { sending_queue: AT_ONCE });
}

/** Path of an overlay that makes these `otlp_grpc` exporters send small batches without delay, in the clear. */
export function promptGrpcConfig(exporters: readonly string[]): string {
  return writeOverlay(exporters, { tls: { insecure: true }, sending_queue: AT_ONCE });
}

function writeOverlay(exporters: readonly string[], settings: object): string {
  const path = `${makeTemporaryFolder('prompt')}/prompt.yaml`;
  // JSON is YAML.
  writeFileSync(
    path,
    JSON.stringify({ exporters: Object.fromEntries(exporters.map((name) => [name, settings])) }),
  );
  return path;
}
