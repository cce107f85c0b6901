// The headline of a diagnosis that was made, the same on the page and in the terminal: its times get their names, its causes
// their clauses.

import { DAY_MS } from '../time/time.ts';
import { stretchText, whenText } from '../text/moment-text.ts';
import { becauseOf } from './because.ts';
import type { CauseKind } from './causes.ts';
import { headlineOf, type CostNames, type Headline } from './headline.ts';

/** What a headline needs of a report; times are ISO 8601 UTC, money is nano-USD. */
export interface HeadlineReport {
  readonly window: { readonly from: string; readonly to: string };
  readonly against: { readonly from: string; readonly to: string };
  readonly scale: number;
  readonly difference_nano_usd: number;
  readonly causes: readonly {
    readonly cause: CauseKind;
    readonly subject: string | null;
    readonly title: string;
    readonly agent: string | null;
    readonly since: string | null;
    readonly cost_nano_usd: number;
  }[];
  readonly unexplained_nano_usd: number;
}

export interface HeadlineContext {
  /** What the time is called, such as `today` or `last 24 hours`; its ends are named without. */
  readonly time: string | undefined;
  /** What the report is narrowed to, such as the name of an agent; empty of all. */
  readonly subject: string;
  readonly timezone: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What the two times are called in a sentence. */
export function costNamesOf(
  report: Pick<HeadlineReport, 'window' | 'against' | 'scale'>,
  { time: name, subject, timezone }: Omit<HeadlineContext, 'now'>,
): CostNames {
  const { window, against, scale } = report;
  const time = name ?? stretchText(Date.parse(window.from), Date.parse(window.to), timezone);
  const now = `${time.charAt(0).toUpperCase()}${time.slice(1)}`.replace(/^Last/, 'The last');
  const days = Math.round((Date.parse(against.to) - Date.parse(against.from)) / DAY_MS);
  return {
    now: subject === '' ? now : `${subject}: ${now.charAt(0).toLowerCase()}${now.slice(1)}`,
    isGoingOn: time === 'today' || time === 'this week',
    against:
      scale === 1
        ? 'the same length of time before'
        : days >= 2
          ? `the ${days}-day average`
          : stretchText(Date.parse(against.from), Date.parse(against.to), timezone),
  };
}

export function reportHeadline(report: HeadlineReport, context: HeadlineContext): Headline {
  return headlineOf(
    costNamesOf(report, context),
    report.difference_nano_usd,
    report.causes.map(({ title, cause, subject, agent, since, cost_nano_usd: nanoUsd }) => ({
      title,
      nanoUsd,
      because: becauseOf({
        cause,
        subject,
        agent,
        since: since === null ? undefined : whenText(Date.parse(since), context.timezone, context.now),
        isMore: nanoUsd > 0,
      }),
    })),
    report.unexplained_nano_usd,
  );
}
