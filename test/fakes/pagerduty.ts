// PagerDuty: Events API v2. Refuses what the real one refuses.

import { jsonOf, startRecordingService, type RecordingService } from './recording-service.ts';

export const ROUTING_KEY = '0123456789abcdef0123456789abcdef';

const SEVERITIES = new Set(['critical', 'error', 'warning', 'info']);
const SUMMARY_LIMIT = 1024;
const DEDUP_KEY_LIMIT = 255;

export async function startPagerDuty(): Promise<RecordingService> {
  return startRecordingService((request) => {
    if (request.path !== '/v2/enqueue') return { status: 404, body: '' };
    const errors = faultsOf(jsonOf(request));
    if (errors.length > 0) {
      const body = JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors });
      return { status: 400, body };
    }
    return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed' }) };
  });
}

function faultsOf(event: Record<string, unknown> | undefined): string[] {
  if (event === undefined) return ['the body is no JSON'];
  const errors: string[] = [];
  if (event['routing_key'] !== ROUTING_KEY) errors.push("'routing_key' is invalid");
  const action = event['event_action'];
  if (action !== 'trigger' && action !== 'acknowledge' && action !== 'resolve')
    errors.push("'event_action' is invalid");
  const key = event['dedup_key'];
  if (action !== 'trigger' && typeof key !== 'string') errors.push("'dedup_key' is missing");
  if (typeof key === 'string' && key.length > DEDUP_KEY_LIMIT) errors.push("'dedup_key' is too long");
  if (action !== 'trigger') return errors;
  const payload = (event['payload'] ?? {}) as Record<string, unknown>;
  const { summary, source, severity } = payload;
  if (typeof summary !== 'string' || summary === '' || summary.length > SUMMARY_LIMIT) {
    errors.push("'payload.summary' is missing, blank or too long");
  }
  if (typeof source !== 'string' || source === '') errors.push("'payload.source' is missing or blank");
  if (!SEVERITIES.has(String(severity))) errors.push("'payload.severity' is invalid");
  return errors;
}
