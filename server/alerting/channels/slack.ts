// Slack: incoming webhook, one section block in mrkdwn.

import type { SlackSettings } from '../../../alerts/rules/channel-settings.ts';
import { secretsOfUrl } from '../../process/secrets.ts';
import type { Channel } from './channel.ts';
import { jsonAt, postJson } from './http-post.ts';
import { cutNoticeText, markOf, renderNotice, type Markup } from './notice-text.ts';

/** Characters of the text of a section block. */
const SECTION_LIMIT = 3000;
const FALLBACK_LIMIT = 300;
/** A webhook takes one message a second. */
const GAP_MS = 1000;

const MRKDWN: Markup = {
  escape: escapeMrkdwn,
  link: (text, url) => `<${encodeLink(url)}|${escapeMrkdwn(text).replaceAll('|', '¦')}>`,
  headline: (text) => `*${text.replaceAll('*', '∗')}*`,
};

export function slackChannel({ url }: SlackSettings): Channel {
  const { host } = new URL(url);
  return {
    name: 'slack',
    target: host,
    gapMs: GAP_MS,
    async send(notice, signal) {
      await postJson(
        {
          service: 'Slack',
          url,
          body: JSON.stringify({
            text: cutNoticeText(escapeMrkdwn(`${markOf(notice)} ${notice.headline}`), FALLBACK_LIMIT),
            blocks: [
              {
                type: 'section',
                text: { type: 'mrkdwn', text: renderNotice(notice, MRKDWN, SECTION_LIMIT) },
              },
            ],
            unfurl_links: false,
          }),
          secrets: secretsOfUrl(url),
          signal,
        },
        { isTaken },
      );
    },
  };
}

/** Slack and Mattermost say "ok"; others that take the webhooks of Slack say so in JSON. */
function isTaken(body: string): boolean {
  return body === 'ok' || jsonAt(body, 'ok') === true || jsonAt(body, 'success') === true;
}

/** Slack asks for these three characters and no others. */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function encodeLink(url: string): string {
  return url.replaceAll('&', '&amp;').replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E');
}
