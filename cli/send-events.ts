// Sends finished events to a server, as any OTLP client would: it answers once they are on disk.

import type { EventRecord } from '../core/event.ts';
import { toOtlpLogs } from '../core/otlp-log.ts';
import { CliError } from './cli-error.ts';

/** Sends events to the OTLP/HTTP address `host:port`. An empty list sends nothing. */
export async function sendEvents(
  httpAddress: string,
  events: readonly EventRecord[],
  token?: string,
): Promise<void> {
  if (events.length === 0) return;
  const answer = await fetch(`http://${httpAddress}/v1/logs`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(toOtlpLogs(events)),
  });
  const text = await answer.text();
  const refused = answer.ok
    ? (JSON.parse(text || '{}') as { partialSuccess?: { errorMessage?: string } }).partialSuccess
        ?.errorMessage
    : `it answered ${String(answer.status)}: ${text}`;
  if (refused) throw new CliError(`${httpAddress} did not take the events: ${refused}`);
}
