// Graph steps: LangGraph makes a span of a graph and one of each of its steps, and says in their metadata which is which.
// OpenInference calls whatever has "agent" in its name an agent; the step that asks the model is called so by default.

import { partAt } from './raw-usage.ts';

/** A graph to which nobody gave a name. */
const NO_NAME = 'LangGraph';

/** Takes a step of a graph for the step that it is, and names the agent by its graph. */
export function readGraphStep(attributes: Record<string, unknown>, name: string, metadataKey: string): void {
  if (attributes[metadataKey] === undefined) return;
  const {
    ls_integration: by,
    langgraph_node: step,
    langgraph_checkpoint_ns: stepPath,
    checkpoint_ns: graphPath,
  } = partAt(attributes[metadataKey], []);
  // A graph that is a step of another has a span of its own within that of the step: its path is the step's.
  const isStep = step === name && (stepPath === undefined || graphPath !== stepPath);
  const operation = attributes['gen_ai.operation.name'];
  if (isStep && operation === 'invoke_agent') attributes['gen_ai.operation.name'] = 'task';
  const isGraph = by === 'langgraph' && !isStep && (step === undefined || operation === 'invoke_agent');
  if (isGraph && name !== NO_NAME) attributes['gen_ai.agent.name'] ??= name;
}
