// Text of a notice in the markup of a channel: the channel says how text is escaped and how a link
// and a headline look; the order of the lines is the same everywhere.

import type { Notice, NoticeKind, NoticeLine, NoticeSegment } from '../../../alerts/rules/notice.ts';

export interface Markup {
  escape(text: string): string;
  link(text: string, url: string): string;
  headline(text: string): string;
}

const MARKS: Record<NoticeKind, string> = { firing: '🔴', repeat: '🔴', resolved: '✅', test: '🔔' };
const WARNING_MARK = '🟠';

/** Sign before the headline: red wakes, orange warns, green is over. */
export function markOf(notice: Notice): string {
  const isFiring = notice.kind === 'firing' || notice.kind === 'repeat';
  return isFiring && notice.severity === 'warning' ? WARNING_MARK : MARKS[notice.kind];
}

/** Plain text: a link stands as its address only in the line that says where to look. */
export const PLAIN: Markup = {
  escape: (text) => text,
  link: (text) => text,
  headline: (text) => text,
};

/**
 * The notice in at most `limit` characters. Whole lines are left out: first of the reasons, from the last one on, then what
 * to do, then where to look; the headline is cut last.
 */
export function renderNotice(notice: Notice, markup: Markup, limit: number): string {
  const headline = `${markOf(notice)} ${markup.headline(markup.escape(notice.headline))}`;
  const why = notice.why.map((line) => renderLine(line, markup));
  const end = [
    `Look: ${renderSegment(notice.look, markup)}`,
    ...(notice.action === '' ? [] : [`Do: ${markup.escape(notice.action)}`]),
  ];
  const textOf = (): string => [headline, ...why, ...end].join('\n');
  while (textOf().length > limit && why.length + end.length > 0) (why.length > 0 ? why : end).pop();
  const text = textOf();
  if (text.length <= limit) return text;
  // Only a headline longer than the limit is left. Without markup it can be cut anywhere.
  return cutNoticeText(markup.escape(`${markOf(notice)} ${notice.headline}`), limit);
}

/** Cuts to `limit` characters, not inside an entity and not inside a pair of surrogates. */
export function cutNoticeText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit - 1);
  return `${cut.replace(/&[^;]{0,6}$/, '').replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function renderLine(line: NoticeLine, markup: Markup): string {
  return line.map((segment) => renderSegment(segment, markup)).join('');
}

function renderSegment({ text, url }: NoticeSegment, markup: Markup): string {
  return url === undefined || url === text ? markup.escape(text) : markup.link(text, url);
}

/** Escapes for HTML text and for attribute values in double quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
