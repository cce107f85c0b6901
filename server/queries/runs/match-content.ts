// Which steps of a run have a text in what was recorded of them: a model call that sent or got it first, and the tool calls
// whose arguments or results have it. A request repeats what the calls before it said, and does not match for that.

import { saidTexts } from '../../../core/model-call/said-texts.ts';
import type { ChunkQueryable } from '../../store/file/database.ts';
import { readCallContents } from './read-content.ts';
import type { RunStep } from './read-run.ts';

export interface ContentMatches {
  /** Span ids of model calls. */
  readonly calls: ReadonlySet<string>;
  /** Ids of tool calls, as the model gave them. */
  readonly toolCalls: ReadonlySet<string>;
  /** True when the content of later calls was not looked at. */
  readonly isCut: boolean;
}

const CALLS_AT_ONCE = 25;
/** Who waits for a page waits no longer; a run of three hundred calls with long prompts takes about as long. */
const TIME_LIMIT_MS = 1500;

/** `steps` are those of one run, in order. */
export async function matchContent(
  database: ChunkQueryable & { readonly file: string },
  steps: readonly RunStep[],
  text: string,
): Promise<ContentMatches> {
  const wanted = text.toLowerCase();
  const modelCalls = steps.filter((step) => step.step === 'model_call');
  const calls = new Set<string>();
  const toolCalls = new Set<string>();
  const seen = new Set<string>();
  const startedMs = performance.now();
  let at = 0;
  while (at < modelCalls.length && (at === 0 || performance.now() - startedMs < TIME_LIMIT_MS)) {
    const some = modelCalls.slice(at, (at += CALLS_AT_ONCE));
    const contents = await readCallContents(database, some);
    for (const step of some) {
      const span = String(step['span_id']);
      const content = contents.get(span);
      if (content?.request === undefined && content?.response === undefined) continue;
      for (const said of saidTexts(content.request, content.response)) {
        if (seen.has(said.text)) continue;
        seen.add(said.text);
        if (!said.text.toLowerCase().includes(wanted)) continue;
        calls.add(span);
        if (said.toolCallId !== undefined) toolCalls.add(said.toolCallId);
      }
    }
  }
  return { calls, toolCalls, isCut: at < modelCalls.length };
}
