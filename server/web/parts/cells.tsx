// Cells: small pieces that show one value, the same on every page.

import type { VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCountOf,
  formatListValue,
  formatPercent,
  formatStatus,
} from '../../../core/text/format.ts';
import { escapeOf, UNSAFE } from '../../../core/text/safe-text.ts';
import { momentText } from '../../../core/text/moment-text.ts';

const SHORT_ID_LENGTH = 8;

/** A run id as people read it aloud. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_LENGTH);
}

/** Query parameters; one that stands several times has a list. */
export type LinkParams = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Address of a page with query parameters; those without a value are left out. */
export function linkTo(path: string, params: LinkParams): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (Array.isArray(value)) for (const one of value as readonly string[]) query.append(key, one);
    else if (value !== undefined) query.set(key, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

const LONGEST_SHOWN = 28;
/** What is left of the end of a longer one: names of tools and ids differ there. */
const END_SHOWN = 12;

/** A name that somebody chose: cut in its middle where it would push the numbers off the screen, whole when pointed at. */
export function Name({ text, href }: { text: string | null; href?: string | undefined }): VNode {
  if (text === null || text === '') return <span title="Not given">{NO_DATA}</span>;
  const whole = visibleText(text);
  const shown = shortName(whole);
  const title = shown === whole ? undefined : whole;
  return href === undefined ? (
    <bdi title={title}>{shown}</bdi>
  ) : (
    <a href={href} title={title}>
      <bdi>{shown}</bdi>
    </a>
  );
}

/** A name as {@link Name} shows it. */
export function shownName(text: string): string {
  return shortName(visibleText(text));
}

/** The name as it is, or without its middle. */
function shortName(text: string): string {
  const characters = Array.from(text);
  if (characters.length <= LONGEST_SHOWN) return text;
  const start = characters.slice(0, LONGEST_SHOWN - END_SHOWN - 1);
  return `${start.join('')}…${characters.slice(-END_SHOWN).join('')}`;
}

/** With the capital letter that begins a sentence; names of tools and models keep theirs. */
export function sentenceText(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Control, direction and unseen characters as `\x1b` or `\u202e`: they would hide or reorder what is read. */
export function visibleText(text: string): string {
  return text.replaceAll(UNSAFE, escapeOf);
}

/** That there is no number, and when pointed at why. */
export function Missing({ why }: { why: string }): VNode {
  return <span title={why}>{NO_DATA}</span>;
}

/** Of an amount that four decimals show as zero there is this to say in a list; its page has all of it. */
const SMALLEST_LISTED_NANO_USD = 100_000;

/**
 * An amount in a column: two decimals and four have their points one below the other. In a list there are no more decimals
 * than these, with the whole amount on hover.
 */
export function Money(props: {
  of: number | null | undefined;
  why?: string | undefined;
  isListed?: boolean;
}): VNode {
  const { of, why, isListed = false } = props;
  if (of === null || of === undefined) return <Missing why={why ?? 'No call with a price'} />;
  const text = formatCost(of);
  if (isListed && of > 0 && of < SMALLEST_LISTED_NANO_USD) return <span title={text}>&lt;$0.0001</span>;
  return /\.\d\d$/.test(text) ? <span class="short">{text}</span> : <>{text}</>;
}

/** A part of an amount, in a column where most are nothing: none is blank, and what four decimals cannot show is said. */
export function PartMoney({ of }: { of: number }): VNode | null {
  if (of === 0) return null;
  const text = formatCost(of);
  if (/\.\d{5,}$/.test(text)) return <span title={text}>&lt;$0.0001</span>;
  return <Money of={of} />;
}

/** What of a cost nobody pays, in words behind it. */
export function ListValue({ cost, part }: { cost: number | null; part: number | undefined }): VNode | null {
  const text = formatListValue(cost, part);
  if (text === undefined) return null;
  return (
    <>
      {' '}
      <span class="hint" title={LIST_VALUE_TITLE} data-list-value={part}>
        {text}
      </span>
    </>
  );
}

/** What list value is, for who hovers over it. */
export const LIST_VALUE_TITLE = 'What the calls would cost by the call: a plan pays no single call';

/** What a cost leaves out or guesses, in words. */
export function CostDoubts({ unpriced, estimated }: { unpriced: number; estimated: number }): VNode | null {
  if (unpriced === 0 && estimated === 0) return null;
  return (
    <>
      {unpriced > 0 && <span class="why">{formatCountOf(unpriced, 'call')} unpriced </span>}
      {estimated > 0 && <span class="hint">estimated</span>}
    </>
  );
}

/** A moment in the zone of the page: the time today, with the date before today. */
export function Moment({ at, timezone, now }: { at: string | null; timezone: string; now: number }): VNode {
  if (at === null || at === '') return <span>{NO_DATA}</span>;
  return (
    <time dateTime={at} title={at}>
      {momentText(Date.parse(at), timezone, now)}
    </time>
  );
}

/** How a run ended, in words. */
export function StatusBadge({ status }: { status: string }): VNode {
  const look = status === 'ok' || status === 'running' ? status : 'failed';
  return <span class={`badge ${look}`}>{formatStatus(status)}</span>;
}

/** A share of a whole: its percentage, and a small bar beside it. */
export function Share({ share }: { share: number | null }): VNode {
  return (
    <>
      <span class="percent">{formatPercent(share)}</span>
      {share !== null && (
        <svg class="share" viewBox="0 0 70 8" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="70" height="8" rx="3" />
          <rect class="fill" width={Math.max(1, 70 * Math.min(1, Math.max(0, share)))} height="8" rx="3" />
        </svg>
      )}
    </>
  );
}

/** How a run comes to be here, for an empty page. */
export function HowToSend(): VNode {
  return (
    <>
      Start your agent with <span class="mono">node --import @tallyspan/node/register your-agent.mjs</span>,
      or see an example with <span class="mono">npx tallyspan demo</span>.
    </>
  );
}

const TRIGGERS: Readonly<Record<string, string>> = { auto: 'a full context', manual: 'the user' };

/** Who asked for a compaction. */
export function compactionTrigger(trigger: string): string {
  return TRIGGERS[trigger] ?? NO_DATA;
}
