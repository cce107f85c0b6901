// PagerDuty: Events API v2. One incident per alert; its key is stable, so a repeat or a second try
// updates the incident, and the resolve closes it.

import type { PagerDutySettings } from '../../../alerts/rules/channel-settings.ts';
import { lineText, type Notice, type NoticeItem } from '../../../alerts/rules/notice.ts';
import { formatValue } from '../../../alerts/rules/value-format.ts';
import type { Channel } from './channel.ts';
import { jsonAt, postJson } from './http-post.ts';
import { cutNoticeText } from './notice-text.ts';

const SUMMARY_LIMIT = 1024;
const DEDUP_KEY_LIMIT = 255;

export function pagerDutyChannel({ routingKey, url }: PagerDutySettings): Channel {
  return {
    name: 'pagerduty',
    target: new URL(url).host,
    gapMs: 0,
    async send(notice, signal) {
      for (const event of eventsOf(notice)) {
        await postJson(
          {
            service: 'PagerDuty',
            url,
            body: JSON.stringify({ routing_key: routingKey, ...event }),
            secrets: [routingKey],
            signal,
          },
          {
            reason: (body) => {
              const errors = jsonAt(body, 'errors');
              return Array.isArray(errors) ? errors.join('; ') : undefined;
            },
          },
        );
      }
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
    const key = { dedup_key: cutNoticeText(`tallyspan/${notice.ruleId}/${item.key}`, DEDUP_KEY_LIMIT) };
    if (notice.kind === 'resolved') return { event_action: 'resolve', ...key };
    return { event_action: 'trigger', ...key, ...incidentOf(notice, item) };
  });
}

function incidentOf(notice: Notice, item: NoticeItem | undefined): Record<string, unknown> {
  const links = [...notice.why.flat(), notice.look].flatMap(({ text, url }) =>
    url === undefined ? [] : [{ href: url, text }],
  );
  return {
    payload: {
      summary: cutNoticeText(notice.headline, SUMMARY_LIMIT),
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
