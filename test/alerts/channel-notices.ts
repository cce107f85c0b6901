// A notice to send, and the failure of a channel that does not take it.

import { expect } from '@jest/globals';
import type { Notice } from '../../alerts/rules/notice.ts';
import { DeliveryError, type Channel } from '../../server/alerting/channels/channel.ts';

export const PAGE = 'http://127.0.0.1:4319';

export const NOTICE: Notice = {
  id: 'cost-pace-firing-1700000000000',
  kind: 'firing',
  ruleId: 'cost-pace',
  title: 'Cost today so far',
  severity: 'critical',
  atMs: Date.UTC(2026, 10, 20, 3, 7),
  headline: 'Cost so far today $3.92, 21 × the usual by now $0.18 (limit 2 ×)',
  why: [
    [{ text: 'Top run ' }, { text: '9f2c41aa', url: `${PAGE}/runs/9f2c41aa` }, { text: ' <eve> & co $3.92' }],
    [
      { text: 'Top tool ' },
      { text: 'a|b*c', url: `${PAGE}/tools#a%7Cb` },
      { text: ' +$3.10 (79 % of the increase)' },
    ],
  ],
  look: { text: `${PAGE}/runs/9f2c41aa`, url: `${PAGE}/runs/9f2c41aa` },
  action: 'Stop the process.',
  unit: 'times',
  items: [{ key: '', value: 21.3, threshold: 2 }],
};
export const RESOLVED: Notice = {
  ...NOTICE,
  id: 'r',
  kind: 'resolved',
  headline: 'Back to normal: Cost',
  why: [],
  action: '',
};

export const never: AbortSignal = new AbortController().signal;

export async function failureOf(channel: Channel, notice: Notice = NOTICE): Promise<DeliveryError> {
  const error = await channel.send(notice, never).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
}
