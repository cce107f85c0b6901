// The recorder: the preload's side of the manual API.

import { context } from '@opentelemetry/api';
import { observeQuery, type QueryFunction } from '../claude-agent/agent-query.ts';
import { isAbort } from '../sdk/api-errors.ts';
import { recordDeclaredTool } from './declared-tool.ts';
import { guard } from '../process/guard.ts';
import { currentIdentity, mergeIdentity, setFlowIdentity } from '../record/identity.ts';
import type { NoteFields, NoteKind, Recorder, RunHandle, RunStatus } from '../index.ts';
import type { Observer } from '../sdk/observer.ts';
import type { Pipeline } from '../deliver/pipeline.ts';
import { PASSIVE_RUN } from './passive-run.ts';
import type { Run } from '../record/run.ts';
import { errorName, settle } from './settle.ts';

export function createRecorder(getObserver: () => Observer, pipeline: Pipeline): Recorder {
  const noteOn = (run: Run, kind: NoteKind, text: string | undefined, fields: NoteFields): void => {
    guard('note', () => {
      getObserver().telemetry.events.emit('agent.note', Date.now(), run.span.spanContext(), {
        ...run.fields(),
        'agent.note.kind': kind,
        'agent.note.text': text,
        'gen_ai.tool.name': fields.tool,
        'agent.step_number': run.turns === 0 ? undefined : run.turns,
      });
      run.span.addEvent(`agent.note ${kind}`);
      run.touch();
    });
  };

  return {
    run: (options, work) => {
      const observer = guard('observer', getObserver);
      if (observer === undefined) return work(PASSIVE_RUN);
      const { runs } = observer;
      const active = context.active();
      const run = guard('begin run', () =>
        runs.start({
          agentName: options.agent ?? observer.telemetry.defaultAgentName,
          agentVersion: options.version,
          identity: mergeIdentity(currentIdentity(), options),
          userInputLength: options.input?.length,
          isInferred: false,
          parentRunId: runs.runIn(active)?.id,
          parent: active,
        }),
      );
      if (run === undefined) return work(PASSIVE_RUN);
      const handle = createHandle(run, (kind, text, fields) => {
        noteOn(run, kind, text, fields);
      });
      const end = (status: RunStatus, errorType?: string): void => {
        guard('end run', () => {
          runs.end(run, handle.status ?? status, errorType);
        });
      };
      return settle(
        () => context.with(runs.enter(active, run), () => work(handle)),
        (result) => {
          if (typeof result === 'string') run.outputLength = result.length;
          end('ok');
        },
        (error) => {
          end(isAbort(error) ? 'aborted' : 'error', isAbort(error) ? undefined : errorName(error));
        },
      );
    },

    tool: (name, input, work) => recordDeclaredTool(getObserver, name, input, work),

    identify: (identity) => {
      guard('identify', () => {
        setFlowIdentity(identity);
        getObserver().runs.runIn(context.active())?.identify(identity);
      });
    },

    note: (kind, text, fields) => {
      guard('note', () => {
        const run = getObserver().runs.runIn(context.active());
        if (run !== undefined) noteOn(run, kind, text, fields);
      });
    },

    observeQuery: (query) => observeQuery(getObserver, query as QueryFunction) as typeof query,

    flush: async (timeoutMs) => {
      await pipeline.flush(Date.now() + timeoutMs);
    },
  };
}

interface OwnHandle extends RunHandle {
  readonly status: RunStatus | undefined;
}

function createHandle(
  run: Run,
  note: (kind: NoteKind, text: string | undefined, fields: NoteFields) => void,
): OwnHandle {
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
      run.outputLength = output.length;
    },
    identify: (identity) => {
      run.identify(identity);
    },
    note: (kind, text, fields = {}) => {
      note(kind, text, fields);
    },
  };
}
