// Sends finished events to a server, as any OTLP client would: it answers once they are on disk, and says 503 when it
// has too much to do, which is a reason to wait and not to give up.

import { setTimeout } from 'node:timers/promises';
import type { EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { authorizationOf } from '../../server/asked-server.ts';
import { CliError } from '../terminal/cli-error.ts';

export interface SendOptions {
  readonly token?: string | undefined;
  /** Ends the wait for the answer. */
  readonly signal: AbortSignal;
}

const UNAVAILABLE = 503;
const ATTEMPTS_LIMIT = 30;
const DEFAULT_WAIT_MS = 1000;
const WAIT_LIMIT_MS = 10_000;

/** Sends events to the OTLP/HTTP address `host:port`. An empty list sends nothing. */
export async function sendEvents(
  httpAddress: string,
  events: readonly EventRecord[],
  options: SendOptions,
): Promise<void> {
  if (events.length === 0) return;
  const body = JSON.stringify(toOtlpLogs(events));
  let answer = await post(httpAddress, body, options);
  for (let attempts = 1; answer.status === UNAVAILABLE && attempts < ATTEMPTS_LIMIT; attempts += 1) {
    await answer.body?.cancel();
    await setTimeout(waitMsOf(answer), undefined, { signal: options.signal });
    answer = await post(httpAddress, body, options);
  }
  const text = await answer.text();
  const refused = answer.ok
    ? (JSON.parse(text || '{}') as { partialSuccess?: { errorMessage?: string } }).partialSuccess
        ?.errorMessage
    : `it answered ${String(answer.status)}: ${text}`;
  if (refused) throw new CliError(`${httpAddress} did not take the events: ${refused}`);
}

async function post(httpAddress: string, body: string, { token, signal }: SendOptions): Promise<Response> {
  try {
    return await fetch(`http://${httpAddress}/v1/logs`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...authorizationOf(token),
      },
      body,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: { code?: string } };
    throw new CliError(`${httpAddress} did not take the events: ${cause?.code ?? message}`);
  }
}

function waitMsOf(answer: Response): number {
  const waitMs = Number(answer.headers.get('retry-after') ?? Number.NaN) * 1000;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), WAIT_LIMIT_MS) : DEFAULT_WAIT_MS;
}
