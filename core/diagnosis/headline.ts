// The headline of a diagnosis: the difference in one sentence, and the shares of its causes. What raises the cost and what
// lowers it are apart, and each sums to a whole: a share of a difference that is itself a difference could be 238 %.

import { formatCost, formatPercent } from '../text/format.ts';

export interface WeighedCause {
  readonly title: string;
  readonly nanoUsd: number;
  /** What follows "because"; without it the title stands for itself. */
  readonly because?: string | undefined;
}

export interface Headline {
  /** Whole nano-USD of what raises the cost, and of what lowers it (not positive). */
  readonly raisedNanoUsd: number;
  readonly loweredNanoUsd: number;
  readonly sentence: string;
}

/** What the two times are called; the present one begins the sentence, `is going on` where it has not ended. */
export interface CostNames {
  readonly now: string;
  readonly isGoingOn: boolean;
  readonly against: string;
}

/** The rest that no cause explains stands among what raises or lowers. */
export function headlineOf(
  names: CostNames,
  differenceNanoUsd: number,
  causes: readonly WeighedCause[],
  unexplainedNanoUsd: number,
): Headline {
  const all = [...causes.map(({ nanoUsd }) => nanoUsd), unexplainedNanoUsd];
  const raisedNanoUsd = all.reduce((sum, value) => sum + Math.max(0, value), 0);
  const loweredNanoUsd = all.reduce((sum, value) => sum + Math.min(0, value), 0);
  const verb = names.isGoingOn ? 'costs' : 'cost';
  if (differenceNanoUsd === 0)
    return { raisedNanoUsd, loweredNanoUsd, sentence: `${names.now} ${verb} the same as ${names.against}.` };
  const isMore = differenceNanoUsd > 0;
  const side = isMore ? raisedNanoUsd : loweredNanoUsd;
  const first = causes
    .filter(({ nanoUsd }) => (isMore ? nanoUsd > 0 : nanoUsd < 0))
    .toSorted((a, b) => Math.abs(b.nanoUsd) - Math.abs(a.nanoUsd))[0];
  const amount = formatCost(Math.abs(differenceNanoUsd));
  const difference = `${names.now} ${verb} ${amount} ${isMore ? 'more' : 'less'} than ${names.against}`;
  if (first === undefined)
    return { raisedNanoUsd, loweredNanoUsd, sentence: `${difference}; no single cause stands out.` };
  const share = formatPercent(first.nanoUsd / side);
  const what = isMore ? 'of what raised it' : 'of what lowered it';
  if (first.because !== undefined)
    return {
      raisedNanoUsd,
      loweredNanoUsd,
      sentence: `${difference}: ${wholePercent(first.nanoUsd / side)} ${what} because ${first.because}.`,
    };
  return { raisedNanoUsd, loweredNanoUsd, sentence: `${difference}. ${share} ${what}: ${first.title}.` };
}

/** As a sentence has it: no decimals, but never 0 or 100 of what is not. */
function wholePercent(share: number): string {
  if (share >= 1) return '100 %';
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))} %`;
}

/** Share of its side; null of nothing. */
export function shareOfSide(
  nanoUsd: number,
  { raisedNanoUsd, loweredNanoUsd }: Pick<Headline, 'raisedNanoUsd' | 'loweredNanoUsd'>,
): number | null {
  const side = nanoUsd > 0 ? raisedNanoUsd : loweredNanoUsd;
  return nanoUsd === 0 || side === 0 ? null : nanoUsd / side;
}
