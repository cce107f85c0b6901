// Operations: one call of a framework's agent or generator, which asks a model as often as it needs to and runs tools in
// between. Known by the channel or the function through which frameworks show them, never by what they ask: the requests
// themselves are seen elsewhere. What an operation asks is one run, unless a declared one is around it.

import { trace, type Context, type Span } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { leanContext } from '../otel/lean-context.ts';
import type { Identity } from './identity.ts';
import type { Run } from './run.ts';

export interface OperationFacts {
  readonly agentName: string | undefined;
  readonly identity: Identity;
  /** Whether its end will be heard; else an answer that asks for no tool ends its run. */
  readonly hasEnd: boolean;
}

/** Where in operations some work is: in one, and maybe in a tool that it runs. */
export interface OperationPlace {
  readonly operation: Operation;
  readonly tool?: OperationTool | undefined;
}

/** A tool that an operation runs, while it does. */
export interface OperationTool {
  readonly run: Run;
  /** The span that was active around it. */
  readonly outer: Span | undefined;
  /** Its own span, opened when it is first asked for. */
  span(): Span | undefined;
}

const places = new AsyncLocalStorage<OperationPlace | undefined>();

export class Operation {
  readonly facts: OperationFacts;
  /** Where it was begun. */
  readonly around = places.getStore();
  /** The run of its requests, from the first on. */
  run: Run | undefined;
  isEnded = false;

  constructor(facts: OperationFacts) {
    this.facts = facts;
  }

  /** The run that it is nested in. */
  get parentRun(): Run | undefined {
    return this.around?.tool?.run ?? this.around?.operation.run;
  }

  /** The run is that of its requests. */
  take(run: Run): void {
    if (this.run === run || this.isEnded) return;
    this.run = run;
    run.isLeft = false;
    if (this.facts.hasEnd) run.openOperations += 1;
  }
}

/** Where the work of the moment is. */
export function currentPlace(): OperationPlace | undefined {
  return places.getStore();
}

/** The store itself, for channels that enter it. */
export function placeStore(): AsyncLocalStorage<OperationPlace | undefined> {
  return places;
}

/** Calls `work` inside of the operation. */
export function runInOperation<T>(operation: Operation, work: () => T): T {
  return places.run({ operation }, work);
}

/** The context that a run nested in a tool begins in: below the tool's span, unless the tool has opened spans of its own. */
export function contextInTool(active: Context, tool: OperationTool | undefined): Context {
  if (tool === undefined || trace.getSpan(active) !== tool.outer) return active;
  const span = tool.span();
  return span === undefined ? active : trace.setSpan(leanContext(active), span);
}
