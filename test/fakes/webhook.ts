// A receiver of webhooks that checks the signature the way a careful receiver does.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { startRecordingService, type RecordingService } from './recording-service.ts';

export const WEBHOOK_SECRET = 'a-shared-secret-of-the-webhook';

const OLDEST_SECONDS = 300;

/** Answers 401 to a request that is not signed with the secret, or too long ago. */
export async function startWebhook(secret: string | undefined = WEBHOOK_SECRET): Promise<RecordingService> {
  return startRecordingService((request) => {
    const header = request.headers['x-tallyspan-signature'];
    const isOurs = secret === undefined || isSigned(String(header ?? ''), request.body, secret, request.atMs);
    return isOurs ? { status: 204, body: '' } : { status: 401, body: '{"error":"signature"}' };
  });
}

function isSigned(header: string, body: string, secret: string, nowMs: number): boolean {
  const match = /^t=(\d+),v1=([\da-f]{64})$/.exec(header);
  if (match === null) return false;
  const [, seconds = '', given = ''] = match;
  if (Math.abs(nowMs / 1000 - Number(seconds)) > OLDEST_SECONDS) return false;
  const right = createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
  return timingSafeEqual(Buffer.from(given, 'hex'), right);
}
