// The recorder: the preload's side of the manual API.

import { maskKnownSecrets } from '../../core/text/redaction.ts';
import { context } from '@opentelemetry/api';
import { observeQuery, type QueryFunction } from '../claude-agent/agent-query.ts';
import { errorName, isAbort } from '../sdk/api-errors.ts';
import { follow } from '../follow/follow.ts';
import type { Outcome } from '../follow/outcome.ts';
import { codeLimitOf } from '../limits/code-limit.ts';
import type { EventRecord } from '../../core/event.ts';
import { recordDeclaredTool } from './declared-tool.ts';
import { guard, guardAsync } from '../process/guard.ts';
import { inOwnFlow, setFlowIdentity } from '../record/identity.ts';
import type {
  NoteFields,
  NoteKind,
  Recorder,
  RunHandle,
  RunStatus,
  Scored,
  ScoreOptions,
  Scores,
} from './types.ts';
import { ScoreError } from '../../core/scores/score.ts';
import { sayOnce } from '../process/diagnostics.ts';
import type { ScoredThing } from '../record/scores.ts';
import type { Observer } from '../sdk/observer.ts';
import type { Pipeline } from '../deliver/pipeline.ts';
import { PASSIVE_RUN } from './passive-run.ts';
import { sayUnknownOptions } from './unknown-options.ts';
import type { Run } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';

/** Work whose end nobody waits for. */
const NO_OUTCOME: Outcome = {
  completed: () => undefined,
  failed: () => undefined,
  left: () => undefined,
  handedOn: () => undefined,
};

export function createRecorder(observer: Observer, pipeline: Pipeline): Recorder {
  const noteOn = (run: Run, kind: NoteKind, text: string | undefined, fields: NoteFields): void => {
    guard('note', () => {
      observer.telemetry.events.emit('agent.note', Date.now(), run.span.spanContext(), {
        ...run.fields(),
        'agent.note.kind': kind,
        'agent.note.text': text === undefined ? undefined : maskKnownSecrets(text),
        'gen_ai.tool.name': fields.tool,
        'agent.step_number': run.turns === 0 ? undefined : run.turns,
      });
      run.span.addEvent(`agent.note ${kind}`);
      run.touch();
    });
  };

  const scoreThing = (scored: Scored, scores: Scores, options: ScoreOptions): void => {
    guard('score', () => {
      const { telemetry, runs } = observer;
      const named: unknown = scores;
      if (typeof named !== 'object' || named === null || Array.isArray(named)) {
        sayOnce(
          'scores',
          'score(): scores are an object such as { helpful: true, tone: 0.8 }. Nothing was recorded.',
        );
        return;
      }
      sayUnknownOptions('score', options);
      const { id, ...given } = options;
      for (const [name, value] of Object.entries(scores)) {
        try {
          const thing = scoredThing(scored);
          telemetry.scores.record(runs.open, thing, { ...given, name, value }, id && `${id}/${name}`);
        } catch (error) {
          if (!(error instanceof ScoreError)) throw error;
          sayOnce(`score ${error.message}`, `score(): ${error.message}. It was not recorded.`);
        }
      }
    });
  };

  return {
    score: scoreThing,

    listen: (listener) => {
      const guardedListener = (event: EventRecord): void => {
        guard('listener', () => {
          listener(event);
        });
      };
      return observer.telemetry.events.listen(guardedListener);
    },

    run: (options, work) => {
      const { runs } = observer;
      const active = context.active();
      guard('options of run', () => {
        sayUnknownOptions('run', options);
      });
      const run = guard('begin run', () =>
        runs.start({
          ...runs.inherit(runs.enclosing(active), options, options.version),
          agentName: options.agent ?? observer.telemetry.defaultAgentName,
          userInputLength: options.input?.length,
          isInferred: false,
          parent: active,
        }),
      );
      if (run === undefined) return work(PASSIVE_RUN);
      const { limit } = options;
      if (limit !== undefined)
        guard('limit of run', () => {
          observer.limiter.scopes.limitRun(run, codeLimitOf(limit));
        });
      const handle = createHandle(run, {
        note: (kind, text, fields) => {
          noteOn(run, kind, text, fields ?? {});
        },
        score: (scores, scoreOptions = {}) => {
          scoreThing(run.id, scores, scoreOptions);
        },
      });
      return follow(
        runs.enter(active, run),
        () => inOwnFlow(() => work(handle)),
        runOutcome(runs, run, handle),
      );
    },

    limit: (options, work) => {
      const active = guard('limit', () =>
        observer.limiter.scopes.enter(context.active(), codeLimitOf(options)),
      );
      // What a generator or the tool runner asks, it asks as it is read.
      return active === undefined ? work() : follow(active, work, NO_OUTCOME);
    },

    tool: (name, input, work) => recordDeclaredTool(observer, name, input, work),

    identify: (identity) => {
      guard('identify', () => {
        sayUnknownOptions('identify', identity);
        setFlowIdentity(identity);
        observer.runs.runIn(context.active())?.identify(identity);
      });
    },

    note: (kind, text, fields) => {
      guard('note', () => {
        const run = observer.runs.runIn(context.active());
        if (run !== undefined) noteOn(run, kind, text, fields);
      });
    },

    observeQuery: (query) => observeQuery(observer, query as QueryFunction) as typeof query,

    flush: async (timeoutMs) => {
      guard('flush', () => {
        observer.telemetry.costRows.writeAll();
      });
      await guardAsync('flush', () => pipeline.flush(timeoutMs));
    },
  };
}

interface OwnHandle extends RunHandle {
  readonly status: RunStatus | undefined;
}

/** Ends the run as what its function returned ends. */
function runOutcome(runs: Runs, run: Run, handle: OwnHandle): Outcome {
  const end = (status: RunStatus, errorType?: string): void => {
    if (handle.status !== undefined) run.limitStatus = undefined;
    runs.settle(run, { status: handle.status ?? status, errorType });
  };
  const completed = (value: unknown): void => {
    if (typeof value === 'string') run.outputLength = value.length;
    end('ok');
  };
  const failed = (error: unknown): void => {
    if (isAbort(error)) end('aborted');
    else end('error', error === undefined ? lastErrorOf(run) : errorName(error));
  };
  return {
    completed,
    failed,
    left: () => {
      end('aborted');
    },
    handedOn: (value) => {
      if (run.openCalls === 0) {
        completed(value);
        return;
      }
      // Its calls are read elsewhere; the run is over when the last of them is.
      run.whenQuiet(() => {
        guard('calls ended', () => {
          if (run.lastCall?.type === 'failed') end('error', run.lastCall.errorType);
          else if (run.lastCall?.type === 'completed') completed(value);
          else end('aborted');
        });
      });
    },
  };
}

/** For what says only that it failed: as the model call did that failed in it. */
function lastErrorOf({ lastCall }: Run): string {
  return lastCall?.errorType ?? 'client_error';
}

/** @throws ScoreError */
function scoredThing(scored: Scored): ScoredThing {
  if (typeof scored === 'string') return { runId: known(scored), target: 'run' };
  if ('modelCall' in scored)
    return { runId: scored.runId, target: 'model_call', targetId: known(scored.modelCall) };
  if ('toolCall' in scored)
    return { runId: scored.runId, target: 'tool_call', targetId: known(scored.toolCall) };
  if ('sessionId' in scored) return { target: 'session', targetId: known(scored.sessionId) };
  return { runId: known(scored.runId), target: 'run' };
}

function known(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new ScoreError('what is scored needs an id');
}

function createHandle(run: Run, { note, score }: Pick<RunHandle, 'note' | 'score'>): OwnHandle {
  let status: RunStatus | undefined;
  return {
    id: run.id,
    get status() {
      return status;
    },
    setStatus: (next) => {
      status = next;
    },
    setOutput: (output) => {
      guard('output', () => {
        run.outputLength = output.length;
      });
    },
    identify: (identity) => {
      guard('identify', () => {
        run.identify(identity);
      });
    },
    note,
    score,
  };
}
