// Telegram: the Bot API as far as sendMessage goes. Refuses what the real one refuses: a wrong token,
// an unknown chat, an empty or too long text, markup that cannot be parsed.

import {
  jsonOf,
  startRecordingService,
  type RecordingService,
  type ServiceAnswer,
} from './recording-service.ts';

export const BOT_TOKEN = '123456789:AAtestTokenOfTheFakeBotApi_0123456789';
export const CHAT_ID = '4242';

const TEXT_LIMIT = 4096;
const TAG = /<\/?(b|strong|i|em|u|s|code|pre|a)(\s+href="[^"<>]*")?>/g;

/** Starts a Bot API that knows one bot and one chat. */
export async function startTelegram(token = BOT_TOKEN, chatId = CHAT_ID): Promise<RecordingService> {
  return startRecordingService((request) => {
    const prefix = `/bot${token}/`;
    if (!request.path.startsWith('/bot')) return refusal(404, 'Not Found');
    if (!request.path.startsWith(prefix)) return refusal(401, 'Unauthorized');
    if (request.path !== `${prefix}sendMessage`) return refusal(404, 'Not Found: method not found');
    const body = jsonOf(request) ?? Object.fromEntries(new URLSearchParams(request.body));
    if (String(body['chat_id']) !== chatId) return refusal(400, 'Bad Request: chat not found');
    const text = body['text'];
    if (typeof text !== 'string' || text.trim() === '')
      return refusal(400, 'Bad Request: message text is empty');
    const plain = body['parse_mode'] === 'HTML' ? parseHtml(text) : text;
    if (plain === undefined) return refusal(400, "Bad Request: can't parse entities");
    if (plain.length > TEXT_LIMIT) return refusal(400, 'Bad Request: message is too long');
    const result = {
      message_id: 1,
      date: Math.floor(request.atMs / 1000),
      chat: { id: Number(chatId) },
      text: plain,
    };
    return { status: 200, body: JSON.stringify({ ok: true, result }) };
  });
}

/** What the Bot API says to a chat that gets too many messages. */
export function tooManyRequests(retryAfterSeconds: number): ServiceAnswer {
  return refusal(429, `Too Many Requests: retry after ${retryAfterSeconds}`, {
    retry_after: retryAfterSeconds,
  });
}

/** A refusal in the form of the Bot API. */
export function refusal(
  status: number,
  description: string,
  parameters?: Record<string, number>,
): ServiceAnswer {
  return { status, body: JSON.stringify({ ok: false, error_code: status, description, parameters }) };
}

/** Text of a message in HTML mode; undefined when the markup is not well formed. */
export function parseHtml(text: string): string | undefined {
  const open: string[] = [];
  for (const [tag, name = ''] of text.matchAll(TAG)) {
    if (!tag.startsWith('</')) open.push(name);
    else if (open.pop() !== name) return undefined;
  }
  if (open.length > 0) return undefined;
  const bare = text.replaceAll(TAG, '');
  if (/[<>]/.test(bare) || /&(?!(lt|gt|amp|quot|#\d+);)/.test(bare)) return undefined;
  return bare
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
