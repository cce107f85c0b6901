// The content of a run for the terminal: what its model calls sent and got back, opened with the key beside the data.

import path from 'node:path';
import { KEY_FILE, openSealed, readKey } from '../../server/store/file/content-cipher.ts';
import { messageOf } from '../../server/process/server-error.ts';
import type { RunTree, Source } from '../../server/source.ts';

export interface CallTexts {
  readonly request: string | undefined;
  readonly response: string | undefined;
}

export interface RunContents {
  /** By span id. */
  readonly calls: ReadonlyMap<string, CallTexts>;
  /** Why there is nothing to read. */
  readonly fault: string | undefined;
}

/** `keyFile` is a copy of the key; without it that of the data folder is read. */
export async function readContents(
  source: Source,
  run: RunTree,
  keyFile: string | undefined,
): Promise<RunContents> {
  const recording = await source.recording(run['agent.run_id']);
  const steps = (recording?.steps ?? []).filter(
    (step) => step.sealed_request !== null || step.sealed_response !== null,
  );
  if (steps.length === 0)
    return {
      calls: new Map(),
      fault:
        'no content was recorded; start the agent with TALLYSPAN_CONTENT=full to see what is sent and what comes back',
    };
  try {
    const key = readKey(keyFile ?? path.join(String((await source.meta())['data_dir']), KEY_FILE));
    const open = (
      sealed: string | null,
      step: (typeof steps)[number],
      field: Parameters<typeof openSealed>[2],
    ): string | undefined => (sealed === null ? undefined : openSealed(sealed, step, field, key));
    return {
      calls: new Map(
        steps.map((step) => [
          step.span_id,
          {
            request: open(step.sealed_request, step, 'tallyspan.request_json'),
            response: open(step.sealed_response, step, 'tallyspan.response_json'),
          },
        ]),
      ),
      fault: undefined,
    };
  } catch (error) {
    return { calls: new Map(), fault: messageOf(error) };
  }
}
