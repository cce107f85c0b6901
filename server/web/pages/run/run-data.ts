// What the page of a run shows, read for one address of it: the outline, the steps of the nested runs that are open, and
// everything about the step in the pane.

import type { Database } from '../../../store/file/database.ts';
import type { RunQueryable } from '../../../queries/runs/list-runs.ts';
import { matchContent } from '../../../queries/runs/match-content.ts';
import { readCallContents, type CallContent } from '../../../queries/runs/read-content.ts';
import { readRunOutline, readStepsOfRuns, type RunOutline } from '../../../queries/runs/read-run-outline.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import { readStep, type StepDetail } from '../../../queries/runs/read-step.ts';
import { outlinePage, type OutlinePage } from './outline-rows.ts';
import type { RunAddress } from './run-address.ts';
import { isFailedStep, stepKey, stepName } from './steps/step-facts.ts';

/** Whether content may be shown, and if not, why. */
export type ContentAccess = 'shown' | 'remote';

/** The step in the pane. */
export interface ShownStep {
  readonly step: RunStep;
  readonly detail: StepDetail;
  /** Id of the run that it belongs to: the run of the page, or an open nested one. */
  readonly runId: string;
  /** Content of a model call, of the call before it, or of the calls around a tool call, by their span ids. */
  readonly contents: ReadonlyMap<string, CallContent>;
  /** The model call that asked for a tool call, and the one that read its result. */
  readonly asker: RunStep | undefined;
  readonly reader: RunStep | undefined;
  readonly before: RunStep | undefined;
  readonly after: RunStep | undefined;
  readonly nextFailed: RunStep | undefined;
}

export interface RunData {
  readonly outline: RunOutline;
  readonly stepsByRun: ReadonlyMap<string, readonly RunStep[]>;
  readonly page: OutlinePage;
  /** Whether a text was looked for in the content of some calls only. */
  readonly isContentCut: boolean;
  readonly shown: ShownStep | undefined;
  /** A step was asked for and is not there. */
  readonly isStepMissing: boolean;
}

/** Undefined when there is no such run. @throws AmbiguousRunError */
export async function readRunData(
  database: Database & RunQueryable,
  id: string,
  address: RunAddress,
  access: ContentAccess,
): Promise<RunData | undefined> {
  const outline = await readRunOutline(database, id);
  if (outline === undefined) return undefined;
  const open = outline.nested.filter((run) => address.open.includes(run['agent.run_id']));
  const stepsByRun = await readStepsOfRuns(database, open, Date.parse(outline.started_at));
  const shown = await readShown(database, outline, stepsByRun, address, access);
  const matches =
    address.text !== undefined && access === 'shown' && outline.has_content
      ? await matchContent(database, [outline.steps, ...stepsByRun.values()].flat(), address.text)
      : undefined;
  return {
    outline,
    stepsByRun,
    page: outlinePage(outline, stepsByRun, address, matches),
    isContentCut: matches?.isCut === true,
    shown,
    isStepMissing: address.step !== undefined && shown === undefined,
  };
}

async function readShown(
  database: Database & RunQueryable,
  outline: RunOutline,
  stepsByRun: ReadonlyMap<string, readonly RunStep[]>,
  address: RunAddress,
  access: ContentAccess,
): Promise<ShownStep | undefined> {
  if (address.step === undefined) return undefined;
  const lists = [[outline['agent.run_id'], outline.steps] as const, ...stepsByRun];
  for (const [runId, steps] of lists) {
    const index = steps.findIndex((step) => stepKey(step) === address.step);
    const step = steps[index];
    if (step === undefined) continue;
    const detail = await readStep(database, steps, step);
    if (detail === undefined) return undefined;
    const around = step.step === 'tool_call' ? callsAround(steps, step) : {};
    const previous = steps.find(
      (one) => one.step === 'model_call' && one['span_id'] === detail.previous_span_id,
    );
    const needed =
      step.step === 'model_call'
        ? [step, previous]
        : step.step === 'tool_call'
          ? [around.asker, around.reader]
          : [];
    const contents =
      access === 'shown'
        ? await readCallContents(
            database,
            needed.filter((one) => one !== undefined),
          )
        : new Map<string, CallContent>();
    return {
      step,
      detail,
      runId,
      contents,
      asker: around.asker,
      reader: around.reader,
      before: steps[index - 1],
      after: steps[index + 1],
      nextFailed: steps.slice(index + 1).find(isFailedStep),
    };
  }
  return undefined;
}

/** A tool call was asked for by the model call with its step number, and is read by the next that begins after it. */
function callsAround(
  steps: readonly RunStep[],
  tool: RunStep,
): { asker?: RunStep | undefined; reader?: RunStep | undefined } {
  const calls = steps.filter((step) => step.step === 'model_call' && step['tallyspan.duplicate'] !== true);
  const number = tool['agent.step_number'];
  const asker =
    (typeof number === 'number' ? calls.find((call) => call['agent.step_number'] === number) : undefined) ??
    calls.findLast((call) => call.offset_ms <= tool.offset_ms);
  const index = asker === undefined ? -1 : calls.indexOf(asker);
  return { asker, reader: calls[index + 1] };
}

/** The call that decided a step: it asked for the tool that failed, or is the step itself. */
export function decidingCall(steps: readonly RunStep[], step: RunStep): RunStep | undefined {
  return step.step === 'tool_call' ? callsAround(steps, step).asker : undefined;
}

/** How a step is spoken of: `step 3, search_docs`. */
export function stepTitle(step: RunStep): string {
  const number = step['agent.step_number'];
  const name = stepName(step);
  return typeof number === 'number' ? `step ${number}, ${name}` : name;
}
