// PagerDuty: Events API v2. One incident per alert; its key is stable, so a repeat or a second try
// updates the incident, and the resolve closes it.

import { createHash } from 'node:crypto';
import type { PagerDutySettings } from '../../../alerts/rules/channel-settings.ts';
import { lineText, type Notice, type NoticeItem } from '../../../alerts/rules/notice.ts';
import { formatValue } from '../../../alerts/rules/value-format.ts';
import { cutText } from '../../../core/text/cut-text.ts';
import type { Channel } from './channel.ts';
import { jsonAt, postJson } from './http-post.ts';
import { cutNoticeText } from './notice-text.ts';

const SUMMARY_LIMIT = 1024;
const DEDUP_KEY_LIMIT = 255;

export function pagerDutyChannel({ routingKey, url }: PagerDutySettings): Channel {
  // Of a notice about many groups: a second try goes on where the first was stopped, as by a limit of the rate.
  let underWay = { id: '', sent: 0 };
  return {
    name: 'pagerduty',
    target: new URL(url).host,
    gapMs: 0,
    async send(notice, signal) {
      if (underWay.id !== notice.id) underWay = { id: notice.id, sent: 0 };
      const progress = underWay;
      for (const event of eventsOf(notice).slice(progress.sent)) {
        await postJson(
          {
            service: 'PagerDuty',
            url,
            body: JSON.stringify({ routing_key: routingKey, ...event }),
            secrets: [routingKey],
            signal,
          },
          {
            isTaken: (body) => jsonAt(body, 'status') === 'success',
            reason: (body) => {
              const errors = jsonAt(body, 'errors');
              return Array.isArray(errors) ? errors.join('; ') : undefined;
            },
          },
        );
        progress.sent++;
      }
      underWay = { id: '', sent: 0 };
    },
  };
}

/** The events of a notice, without the routing key. A test opens an incident and closes it. */
export function eventsOf(notice: Notice): readonly Record<string, unknown>[] {
  if (notice.kind === 'test') {
    const key = { dedup_key: `tallyspan/${notice.id}` };
    return [
      { event_action: 'trigger', ...key, ...incidentOf(notice, undefined) },
      { event_action: 'resolve', ...key },
    ];
  }
  return notice.items.map((item) => {
    const key = { dedup_key: dedupKeyOf(`tallyspan/${notice.ruleId}/${item.key}`) };
    if (notice.kind === 'resolved') return { event_action: 'resolve', ...key };
    return { event_action: 'trigger', ...key, ...incidentOf(notice, item) };
  });
}

/** Two names that begin alike are two incidents, however long they are. */
function dedupKeyOf(key: string): string {
  if (key.length <= DEDUP_KEY_LIMIT) return key;
  const hash = createHash('sha256').update(key).digest('hex');
  return `${cutText(key, DEDUP_KEY_LIMIT - hash.length - 1)}/${hash}`;
}

function incidentOf(notice: Notice, item: NoticeItem | undefined): Record<string, unknown> {
  const links = [...notice.why.flat(), notice.look].flatMap(({ text, url }) =>
    url === undefined ? [] : [{ href: url, text }],
  );
  return {
    payload: {
      summary: cutNoticeText(item?.headline ?? notice.headline, SUMMARY_LIMIT),
      source: 'tallyspan',
      severity: notice.kind === 'test' ? 'info' : notice.severity,
      timestamp: new Date(notice.atMs).toISOString(),
      class: notice.ruleId,
      custom_details: {
        why: notice.why.map(lineText),
        action: notice.action,
        ...(item && {
          key: item.key,
          value: formatValue(item.value, notice.unit),
          threshold: formatValue(item.threshold, notice.unit),
        }),
      },
    },
    links,
    client: 'tallyspan',
    client_url: notice.look.url,
  };
}
