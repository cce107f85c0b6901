// RetryInfo in the details of a gRPC status: read where it is, and nothing else is made of what others send.

import { expect, it } from '@jest/globals';
import { retryInfoMs } from '../../../instrumentation/deliver/retry-info.ts';
import { anyOf, retryInfoOf, statusOf } from './status-details.ts';

const LONGEST_MS = 60_000;
const read = (details: unknown): number | undefined => retryInfoMs(details, LONGEST_MS);
const fiveSeconds = statusOf(retryInfoOf(5));

it.each([
  ['seconds', fiveSeconds, 5_000],
  ['seconds and nanoseconds', statusOf(retryInfoOf(1, 250_000_000)), 1_250],
  ['an hour', statusOf(retryInfoOf(3_600)), LONGEST_MS],
  ['more than a number holds', statusOf(retryInfoOf(2 ** 62)), LONGEST_MS],
  ['a negative time', statusOf(retryInfoOf(-5)), 0],
  ['no delay', statusOf(anyOf('google.rpc.RetryInfo', '')), 0],
  ['another detail before it', statusOf(anyOf('google.rpc.DebugInfo', 'x'), retryInfoOf(5)), 5_000],
  ['no padding', fiveSeconds.replaceAll('=', ''), 5_000],
  ['two values of the name', `${statusOf()}, ${fiveSeconds}`, 5_000],
])('%s', (_, details, delayMs) => {
  expect(read(details)).toBe(delayMs);
});

it.each([
  ['nothing', undefined],
  ['a list', [fiveSeconds]],
  ['an empty text', ''],
  ['no details', statusOf()],
  ['other details', statusOf(anyOf('google.rpc.QuotaFailure', 'x'), anyOf('evil.RetryInfo', 'x'))],
  ['details that are no message', statusOf('\u00ff\u00ff\u00ff')],
  ['a delay that is no message', statusOf(anyOf('google.rpc.RetryInfo', '\n\u0009x'))],
  ['no base64', '%%% not base64 %%%'],
  ['more than headers may hold', `${'A'.repeat(20_000)},${fiveSeconds}`],
])('%s says nothing', (_, details) => {
  expect(read(details)).toBeUndefined();
});

it('a message that is cut anywhere, or has a byte changed, throws nothing and stays in the bounds', () => {
  const bytes = Buffer.from(statusOf(anyOf('google.rpc.DebugInfo', 'x'), retryInfoOf(5, 7)), 'base64');
  const spoiled = bytes.map((byte) => byte);
  for (const [index, byte] of bytes.entries()) {
    for (const change of [1, 7, 128, 255]) {
      spoiled[index] = byte ^ change;
      const results = [spoiled, bytes.subarray(0, index)].map((part) =>
        read(Buffer.from(part).toString('base64')),
      );
      for (const delayMs of results)
        expect(delayMs === undefined || (delayMs >= 0 && delayMs <= LONGEST_MS)).toBe(true);
    }
    spoiled[index] = byte;
  }
});
