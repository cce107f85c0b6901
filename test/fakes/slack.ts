// Slack: an incoming webhook. Refuses what the real one refuses.

import {
  jsonOf,
  startRecordingService,
  type RecordingService,
  type ServiceAnswer,
} from './recording-service.ts';

export const SLACK_PATH = '/services/T00000000/B00000000/secretPartOfTheWebhook';

const SECTION_LIMIT = 3000;

interface Block {
  readonly type?: string;
  readonly text?: { readonly type?: string; readonly text?: string };
}

export async function startSlack(): Promise<RecordingService> {
  return startRecordingService((request) => {
    if (request.path !== SLACK_PATH) return plain(404, 'no_service');
    if (!request.headers['content-type']?.startsWith('application/json'))
      return plain(400, 'invalid_payload');
    const body = jsonOf(request);
    if (body === undefined) return plain(400, 'invalid_payload');
    const { text, blocks } = body as { text?: unknown; blocks?: readonly Block[] };
    if (typeof text !== 'string' || text === '') return plain(400, 'no_text');
    for (const block of blocks ?? []) {
      const section = block.text?.text ?? '';
      if (block.type !== 'section' || section === '' || section.length > SECTION_LIMIT) {
        return plain(400, 'invalid_blocks');
      }
    }
    return plain(200, 'ok');
  });
}

/** What Slack says to a webhook that is used too often. */
export function slackLimit(retryAfterSeconds: number): ServiceAnswer {
  return { ...plain(429, 'rate_limited'), headers: { 'retry-after': String(retryAfterSeconds) } };
}

function plain(status: number, body: string): ServiceAnswer {
  return { status, body, headers: { 'content-type': 'text/plain' } };
}
