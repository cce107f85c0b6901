// Mastra: its agents are objects of one class. What is asked while a method of an agent works is asked by that agent; the
// options of the call name the thread and the resource.

import { asJson, asText } from '../../core/model-call/json.ts';
import { identityIn } from '../record/framework-context.ts';
import { mergeIdentity, type Identity } from '../record/identity.ts';
import { Operation } from '../record/operations.ts';
import type { WireCalls } from '../wire/wire-calls.ts';
import { openMethod, replaceMethods, wholeMethod } from './agent-class.ts';

/** Methods that bring the whole answer: when they end, the agent has. */
const WHOLE = ['generate', 'generateLegacy', 'resumeGenerate'] as const;
/** Methods that bring what the answer is read from. */
const OPEN = [
  'stream',
  'streamLegacy',
  'resumeStream',
  'network',
  'streamUntilIdle',
  'resumeStreamUntilIdle',
] as const;

export function observeMastraAgent(calls: WireCalls, agentClass: unknown): void {
  replaceMethods(agentClass, [...WHOLE, ...OPEN], (method, name) =>
    (WHOLE as readonly string[]).includes(name)
      ? wholeMethod(calls, method, 1, beginOperation)
      : openMethod(method, 1, beginOperation),
  );
}

function beginOperation(agent: unknown, options: unknown, hasEnd: boolean): Operation {
  const { name, id } = agent as { readonly name?: unknown; readonly id?: unknown };
  return new Operation({
    agentName: asText(name) ?? asText(id),
    identity: identityOf(asJson(options)),
    hasEnd,
  });
}

/** What is said for telemetry counts before what is said for the memory. */
function identityOf({
  memory,
  threadId,
  resourceId,
  tracingOptions,
}: Readonly<Record<string, unknown>>): Identity {
  const { thread, resource } = asJson(memory);
  const remembered = identityIn({
    threadId: asText(thread) ?? asJson(thread)['id'] ?? threadId,
    resourceId: resource ?? resourceId,
  });
  return mergeIdentity(remembered, identityIn(asJson(tracingOptions)['metadata']));
}
