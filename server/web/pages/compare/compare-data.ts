// Two runs to compare: their outlines, their steps side by side, and what was recorded of one pair of model calls.

import {
  conversationOf,
  conversationTexts,
  type ConversationTexts,
} from '../../../../core/model-call/conversation.ts';
import { alignSteps, firstDifference, type StepPair } from '../../../queries/runs/compare/align-steps.ts';
import type { RunQueryable } from '../../../queries/runs/list-runs.ts';
import { findMedianRun } from '../../../queries/runs/compare/median-run.ts';
import { readCallContents } from '../../../queries/runs/read-content.ts';
import { readRunOutline, type RunOutline } from '../../../queries/runs/read-run-outline.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import type { Database } from '../../../store/file/database.ts';
import type { ContentAccess } from '../run/run-data.ts';
import { stepKey } from '../run/steps/step-facts.ts';

/** In place of an id: the median run of the agent of the other run. */
export const MEDIAN = 'median';

export interface ComparedContent {
  /** Place of the pair whose content it is. */
  readonly pair: number;
  readonly a: ConversationTexts | undefined;
  readonly b: ConversationTexts | undefined;
  /** Why there is nothing to see. */
  readonly fault: string | undefined;
}

export interface CompareData {
  readonly a: RunOutline | undefined;
  readonly b: RunOutline | undefined;
  readonly aText: string;
  readonly bText: string;
  readonly isMedian: boolean;
  readonly pairs: readonly StepPair[];
  /** Place of the first pair that differs. */
  readonly first: number | undefined;
  readonly content: ComparedContent | undefined;
}

/** `pair` is the place of the pair whose content is compared. @throws AmbiguousRunError */
export async function readCompareData(
  database: Database & RunQueryable,
  aText: string,
  bText: string,
  pair: number | undefined,
  access: ContentAccess,
): Promise<CompareData> {
  const isMedian = bText === MEDIAN;
  const [a, named] = await Promise.all(
    [aText, isMedian ? '' : bText].map(async (id) => (id === '' ? undefined : readRunOutline(database, id))),
  );
  const median = isMedian && a !== undefined ? await findMedianRun(database, a) : undefined;
  const b = median === undefined ? named : await readRunOutline(database, median);
  const pairs = a === undefined || b === undefined ? [] : alignSteps(a.steps, b.steps);
  return {
    a,
    b,
    aText,
    bText,
    isMedian,
    pairs,
    first: firstDifference(pairs),
    content: await readContent(database, pairs, pair ?? callPairOf(pairs), access),
  };
}

/** The first pair of model calls: there the prompt and the tools stand. */
function callPairOf(pairs: readonly StepPair[]): number {
  return pairs.findIndex(({ a, b }) => a?.step === 'model_call' && b?.step === 'model_call');
}

async function readContent(
  database: Database & RunQueryable,
  pairs: readonly StepPair[],
  place: number,
  access: ContentAccess,
): Promise<ComparedContent | undefined> {
  const pair = pairs[place];
  const calls = [pair?.a, pair?.b].filter((step) => step?.step === 'model_call');
  if (pair === undefined || calls.length === 0) return undefined;
  if (access !== 'shown')
    return {
      pair: place,
      a: undefined,
      b: undefined,
      fault: 'Content is shown only on the machine of the server, or with its token.',
    };
  const contents = await readCallContents(
    database,
    calls.filter((step) => step !== undefined),
  );
  const textsOf = (step: RunStep | undefined): ConversationTexts | undefined => {
    const content = contents.get(step === undefined ? '' : (stepKey(step) ?? ''));
    const conversation = conversationOf(content?.request, content?.response, undefined);
    return conversation === undefined ? undefined : conversationTexts(conversation);
  };
  const fault = [...contents.values()].find((content) => content.fault !== undefined)?.fault;
  return { pair: place, a: textsOf(pair.a), b: textsOf(pair.b), fault };
}
