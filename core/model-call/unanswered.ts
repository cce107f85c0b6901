// An unanswered model call: its caller stopped it before anything came back, which is no failure and is told as nothing else.

/** What is shown of such a call. */
export const UNANSWERED = 'no answer: stopped by its caller';

const TOLD_OF_ANSWERS = [
  'error.type',
  'gen_ai.response.id',
  'gen_ai.response.finish_reasons',
  'tokens_input',
  'tokens_output',
  'ttft_ms',
  'cost_nano_usd',
  // What others report may just leave the rest out.
  'tallyspan.dialect',
  'tallyspan.source',
  'tallyspan.duplicate',
];

/** Whether the event of a model call says nothing of an answer, nor of why there is none. */
export function isUnanswered(call: Readonly<Record<string, unknown>>): boolean {
  return TOLD_OF_ANSWERS.every((key) => call[key] === undefined || call[key] === null || call[key] === false);
}
