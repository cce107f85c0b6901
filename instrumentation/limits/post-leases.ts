// A request for leases to the server that keeps limits, seen by nobody who observes requests, and waited for briefly.

import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { guard, guarded } from '../process/guard.ts';
import { lookup } from '../process/lookup.ts';
import { withOwnConnect } from '../process/own-connect.ts';
import { clearTimeout, setImmediate, setTimeout } from '../process/timers.ts';

const ANSWER_LIMIT_MS = 2_000;
const ANSWER_LIMIT_BYTES = 1_000_000;

export interface LeaseAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The answer to a request for leases; `undefined` where there is none in time. */
export function postLeases(
  url: string,
  token: string | undefined,
  body: unknown,
): Promise<LeaseAnswer | undefined> {
  const text = JSON.stringify(body);
  const start = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const request = withOwnConnect(() =>
      context.with(suppressTracing(context.active()), () =>
        start(url, {
          method: 'POST',
          agent: false,
          lookup,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        }),
      ),
    );
    request.on(
      'response',
      guarded('lease answer', (response: IncomingMessage) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on(
          'data',
          guarded('lease answer', (part: string) => {
            answer += part;
            if (answer.length > ANSWER_LIMIT_BYTES) request.destroy();
          }),
        );
        response.on(
          'end',
          guarded('lease answer', () => {
            const parsed = guard('lease answer', () => JSON.parse(answer) as unknown);
            resolve({ status: response.statusCode ?? 0, body: parsed });
          }),
        );
      }),
    );
    // From first to last byte: one that sends them one by one is not waited for either.
    const deadline = setTimeout(
      // An answer that came while the program was busy is read first.
      guarded('lease timeout', () => setImmediate(guarded('lease timeout', () => request.destroy()))),
      ANSWER_LIMIT_MS,
    );
    request.on(
      'error',
      guarded('lease error', () => {
        resolve(undefined);
      }),
    );
    request.on(
      'close',
      guarded('lease close', () => {
        clearTimeout(deadline);
        resolve(undefined);
      }),
    );
    request.end(text);
  });
}

/** What is wrong with an answer that is none. */
export function faultOf(status: number | undefined): string {
  if (status === undefined) return 'does not answer';
  if (status === 401 || status === 403) return `wants the token that it was started with (TALLYSPAN_TOKEN)`;
  return status === 200 ? 'answers something else' : `answers with status ${status}`;
}
