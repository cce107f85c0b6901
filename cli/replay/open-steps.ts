// Steps of a recording, opened with the key of the data that they are from.

import type { RecordedStep } from '../../server/queries/runs/read-recording.ts';
import type { Recording } from '../../server/source.ts';
import { openSealed, readKey } from '../../server/store/file/content-cipher.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { ReplayStep } from './replay-server.ts';

/** Says of each step what can and what cannot be replayed, unless all can. */
export function requireContent({ run_id: runId, steps }: Recording): void {
  if (steps.length === 0) throw new CliError(`run ${runId} made no model call: there is nothing to replay.`);
  const lines = steps.map((step, index) => ({ obstacle: obstacleOf(step), title: titleOf(step, index) }));
  if (lines.every(({ obstacle }) => obstacle === undefined)) return;
  const text = lines.map(({ title, obstacle }) => `  ${title}: ${obstacle ?? 'can be replayed'}`).join('\n');
  throw new CliError(
    `run ${runId} cannot be replayed:\n${text}\nRequests and answers are recorded only with TALLYSPAN_CONTENT=full in the agent's process. Set it, run the agent again, and replay that run.`,
  );
}

function titleOf(step: RecordedStep, index: number): string {
  return `step ${String(index + 1)} (${step.model ?? 'unknown model'})`;
}

function obstacleOf(step: RecordedStep): string | undefined {
  if (step.is_cut) return 'request or answer was too long to be recorded';
  if (step.sealed_request === null) return 'neither request nor answer was recorded';
  if (step.sealed_response === null && step.error_type === null)
    return 'no answer was recorded: it was never read';
  return undefined;
}

/** @throws ServerError when the key is not there or another one */
export function openSteps({ steps }: Pick<Recording, 'steps'>, keyFile: string): ReplayStep[] {
  const key = readKey(keyFile);
  return steps.map((step) => {
    const request = openSealed(step.sealed_request ?? '', step, 'tallyspan.request_json', key);
    return {
      request: JSON.parse(request) as ReplayStep['request'],
      answer:
        step.sealed_response === null || step.error_type !== null
          ? { errorType: step.error_type ?? 'api_error' }
          : {
              message: JSON.parse(
                openSealed(step.sealed_response, step, 'tallyspan.response_json', key),
              ) as ReplayStep['request'],
            },
    };
  });
}
