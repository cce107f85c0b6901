// Webhook: the notice as JSON to any address, signed so that the receiver can tell that it is ours.

import { createHmac } from 'node:crypto';
import type { WebhookSettings } from '../../../alerts/rules/channel-settings.ts';
import { lineText, type Notice } from '../../../alerts/rules/notice.ts';
import { formatValue } from '../../../alerts/rules/value-format.ts';
import { secretsOfUrl } from '../../process/secrets.ts';
import type { Channel } from './channel.ts';
import { postJson } from './http-post.ts';
import { PLAIN, renderNotice } from './notice-text.ts';

const TEXT_LIMIT = 4000;

/** Body of the request. Money is in nano-USD, time in ms, ratios 0–1, as everywhere. */
export function webhookBody(notice: Notice): string {
  return JSON.stringify({
    version: 1,
    id: notice.id,
    kind: notice.kind,
    rule: notice.ruleId,
    title: notice.title,
    severity: notice.severity,
    at: new Date(notice.atMs).toISOString(),
    headline: notice.headline,
    why: notice.why.map(lineText),
    links: [...notice.why.flat(), notice.look].flatMap(({ text, url }) =>
      url === undefined ? [] : [{ text, url }],
    ),
    action: notice.action,
    alerts: notice.items.map(({ key, value, threshold }) => ({
      key,
      value,
      threshold,
      value_text: formatValue(value, notice.unit),
      threshold_text: formatValue(threshold, notice.unit),
    })),
    text: renderNotice(notice, PLAIN, TEXT_LIMIT),
  });
}

/** `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`; the time lets a receiver refuse a replay. */
export function signBody(body: string, secret: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

export function webhookChannel({ url, secret }: WebhookSettings): Channel {
  const { host } = new URL(url);
  return {
    name: 'webhook',
    target: host,
    gapMs: 0,
    async send(notice, signal) {
      const body = webhookBody(notice);
      const signature =
        secret === undefined ? {} : { 'x-tallyspan-signature': signBody(body, secret, Date.now()) };
      await postJson({
        service: 'The webhook',
        url,
        body,
        headers: { 'x-tallyspan-notice': notice.id, ...signature },
        secrets: [...secretsOfUrl(url), secret ?? ''],
        signal,
      });
    },
  };
}
