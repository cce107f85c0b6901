// What an alerter remembers that has told of a user: two alerts that fire though they are not met any more, and the
// notices, one of them with links that lead elsewhere or nowhere.

import type { AlertState, Telling } from '../../../alerts/rules/alert-state.ts';
import { composeNotice, type Notice } from '../../../alerts/rules/notice.ts';
import type { AlertMemory } from '../../../server/alerting/alert-file.ts';
import { ruleOf } from './rule-of.ts';

const MINUTE = 60_000;
export const PAGE_URL = 'https://tally.example.com';
export const TOLD_RUN = 'e1'.repeat(16);
export const TOLD_USER = '<b>user</b>/88';

export function alertMemory(nowMs: number): AlertMemory {
  return {
    states: [firing('user-day-cost', TOLD_USER, nowMs), firing('conversation-cost', 'chat 1', nowMs)],
    deliveries: [],
    notices: [
      {
        ...noticeOf('firing', nowMs - 300 * MINUTE),
        look: { text: 'the board', url: 'http://grafana.example/d/1' },
      },
      noticeOf('resolved', nowMs - 200 * MINUTE),
      noticeOf('firing', nowMs - 30 * MINUTE),
      noticeOf('repeat', nowMs - 20 * MINUTE),
    ],
  };
}

function firing(ruleId: string, key: string, nowMs: number): AlertState {
  const value = 6.2e9;
  return {
    ruleId,
    key,
    phase: 'firing',
    sinceMs: nowMs - 30 * MINUTE,
    status: 'unmet',
    value,
    threshold: 5e9,
    shown: null,
    judgedMs: nowMs - MINUTE,
    toldMs: nowMs - 30 * MINUTE,
    spokeMs: nowMs - 30 * MINUTE,
    unmetSinceMs: nowMs - 2 * MINUTE,
  };
}

function noticeOf(kind: Telling, atMs: number): Notice {
  const rule = ruleOf('user-day-cost');
  return composeNotice({
    kind,
    rule,
    states: [firing(rule.id, TOLD_USER, atMs)],
    atMs,
    contributors: [
      {
        label: 'model',
        key: 'claude',
        unit: 'usd',
        increase: 4e9,
        share: 1,
        url: `${PAGE_URL}/models#claude`,
      },
      { label: 'tool', key: 'odd', unit: 'usd', increase: 1e9, share: 0.2, url: 'javascript:alert(1)' },
    ],
    run: { runId: TOLD_RUN, detail: '$3.92, 40 turns', url: `${PAGE_URL}/runs/${TOLD_RUN}` },
    pageUrl: PAGE_URL,
  });
}
