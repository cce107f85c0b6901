// Tool clearing: how a request wants the server to take the oldest tool uses out of it.

import { asJson, asList, asText } from '../model-call/json.ts';

export interface ToolClearing {
  /** Tools whose uses stay. */
  readonly excluded: ReadonlySet<string>;
  /** Whether the calls lose their input too: of all tools, or of those. */
  readonly clearsInputs: boolean | ReadonlySet<string>;
}

/** Begins the type of the edit; the day of its version follows. */
export const TOOL_USES = 'clear_tool_uses';

/** Reads `context_management` of a request; `undefined` where it wants no tool uses to be cleared. */
export function readToolClearing(contextManagement: unknown): ToolClearing | undefined {
  const edit = asList(asJson(contextManagement)['edits'])
    .map(asJson)
    .find(({ type }) => asText(type)?.startsWith(TOOL_USES) === true);
  if (edit === undefined) return undefined;
  const inputs = edit['clear_tool_inputs'];
  return {
    excluded: namesOf(edit['exclude_tools']),
    clearsInputs: Array.isArray(inputs) ? namesOf(inputs) : inputs === true,
  };
}

function namesOf(value: unknown): ReadonlySet<string> {
  return new Set(asList(value).flatMap((name) => asText(name) ?? []));
}
