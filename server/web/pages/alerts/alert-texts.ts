// What the page of alerts says of an alert, in words, and where the links of a notice lead.

import type { JudgementStatus } from '../../../../alerts/rules/judgement.ts';
import type { NoticeKind } from '../../../../alerts/rules/notice.ts';
import type { AlertLine } from '../../../alerting/alert-overview.ts';
import { momentText } from '../../../../core/text/moment-text.ts';
import { pathOnServer } from '../../access/way-back.ts';

const RUN_ID_SHOWN = 8;

export interface Clock {
  readonly timezone: string;
  readonly now: number;
}

export const KIND_WORDS: Readonly<Record<NoticeKind, string>> = {
  firing: 'firing',
  repeat: 'still firing',
  resolved: 'back to normal',
  test: 'test',
};

/** Why an alert that fires is not met; a value may be beyond its limit and yet say nothing. */
const UNMET_WORDS: Readonly<Record<Exclude<JudgementStatus, 'met'>, string>> = {
  unmet: 'within its limit',
  no_data: 'no data',
  no_history: 'no days to compare with',
  low_volume: 'too few to judge',
  below_floor: 'too small to matter',
};

/** Why an alert still fires that is not met any more; undefined for any other. */
export function waitText(alert: AlertLine, clock: Clock): string | undefined {
  const { unmet_since: unmetSince, resolves_at: resolvesAt, status } = alert;
  if (unmetSince === null || resolvesAt === null || status === 'met') return undefined;
  const end =
    Date.parse(resolvesAt) <= clock.now
      ? 'back to normal with the next check'
      : `back to normal at ${minuteText(Date.parse(resolvesAt), clock)}`;
  return `not met since ${minuteText(Date.parse(unmetSince), clock)} (now ${UNMET_WORDS[status]}); ${end} if it stays so`;
}

/** A moment, Unix ms, to the minute: the time today, with the date before today. */
export function minuteText(atMs: number, { timezone, now }: Clock): string {
  return momentText(atMs, timezone, now).replace(/^(\d\d:\d\d):\d\d$/, '$1');
}

/**
 * Where a link of a notice leads: to a page of this server by its path, whatever name it is asked for by, or to a web
 * address. Anything else is no link.
 */
export function noticeHref(url: string | undefined, pageUrl: string | null): string | undefined {
  if (url === undefined) return undefined;
  const isOwn = pageUrl !== null && url.startsWith(pageUrl);
  const path = pathOnServer(isOwn ? url.slice(pageUrl.length) : url);
  return path ?? (/^https?:\/\//i.test(url) && URL.canParse(url) ? url : undefined);
}

/** How the link reads that says where to look. */
export function lookText(href: string): string {
  const run = /^\/runs\/([^?#]+)$/.exec(href)?.[1];
  return run === undefined ? href : `run ${run.slice(0, RUN_ID_SHOWN)}`;
}
