// Telegram: Bot API, method sendMessage, HTML mode.

import type { TelegramSettings } from '../../../alerts/rules/channel-settings.ts';
import type { Channel } from './channel.ts';
import { jsonAt, postJson } from './http-post.ts';
import { escapeHtml, renderNotice, type Markup } from './notice-text.ts';

/** Characters of a message after its entities are parsed; ours is at most that before. */
const TEXT_LIMIT = 4096;
/** A chat takes one message a second, a group twenty a minute. */
const CHAT_GAP_MS = 1000;
const GROUP_GAP_MS = 3000;

const HTML: Markup = {
  escape: escapeHtml,
  link: (text, url) => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`,
  headline: (text) => `<b>${text}</b>`,
};

export function telegramChannel(settings: TelegramSettings): Channel {
  const { botToken, chatId, apiUrl } = settings;
  return {
    name: 'telegram',
    target: `chat ${chatId}`,
    gapMs: chatId.startsWith('-') || chatId.startsWith('@') ? GROUP_GAP_MS : CHAT_GAP_MS,
    async send(notice, signal) {
      await postJson(
        {
          service: 'Telegram',
          url: `${apiUrl}/bot${botToken}/sendMessage`,
          body: JSON.stringify({
            chat_id: chatId,
            text: renderNotice(notice, HTML, TEXT_LIMIT),
            parse_mode: 'HTML',
            link_preview_options: { is_disabled: true },
            disable_notification: notice.kind === 'resolved',
          }),
          secrets: [botToken],
          signal,
        },
        {
          isTaken: (body) => jsonAt(body, 'ok') === true,
          retryAfterSeconds: (body) => jsonAt(body, 'parameters', 'retry_after'),
          reason: (body) => {
            const description = jsonAt(body, 'description');
            return typeof description === 'string' ? description : undefined;
          },
        },
      );
    },
  };
}
