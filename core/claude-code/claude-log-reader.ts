// Reader of the log records of Claude Code: each becomes one event, or the start of a run besides. It remembers a little
// of each session: which of its processes numbers, how sub-agents are called, which requests were refused. Texts of
// prompts, answers, tools, errors and accounts are read by nobody.

import type { EventRecord } from '../event.ts';
import { NewestMap } from '../newest-map.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import { runIdOfAgent, runIdOfPrompt, spanIdOf } from '../transcripts/ids.ts';
import { SERVICE_NAME } from '../transcripts/run-places.ts';
import {
  attributeCount,
  kindOf,
  attributeMillis,
  attributeText,
  attributeTruth,
  type ClaudeLog,
} from './log-record.ts';
import { LOG_REVISION } from '../transcripts/revisions.ts';
import { fieldsOfError, fieldsOfRequest } from './price-log.ts';

/** Sessions, sub-agents and refused requests that are remembered. */
const REMEMBERED = 10_000;
/** Processes that go on with one session at once, and are told apart. */
const PROCESSES_AT_ONCE = 8;
/** What Claude Code logs in place of the name of a tool of an MCP server, unless it is told to log details. */
export const UNNAMED_TOOL = 'mcp_tool';
/** A run that only a call tells of: a transcript says more of it. */
const GUESSED_REVISION = 0;

/** Process of a session that numbers its records. */
interface Process {
  readonly id: string;
  lastSequence: number;
  lastMs: number;
}

/** Where a record belongs. */
interface Place {
  readonly session: string;
  /** Absent where the record belongs to no prompt. */
  readonly run: string | undefined;
  readonly parentRun: string | undefined;
  readonly agentId: string;
}

type Fields = Partial<EventRecord>;

export class ClaudeLogReader {
  readonly #processes = new NewestMap<string, Process[]>();
  readonly #agentNames = new NewestMap<string, string>();
  readonly #startedRuns = new NewestMap<string, true>();
  readonly #refusals = new NewestMap<string, true>();
  readonly #overrides: PriceOverrides | undefined;

  constructor(overrides?: PriceOverrides) {
    this.#overrides = overrides;
  }

  /** The events of a record; none where it names no kind. Records of a session come in its order. */
  read(log: ClaudeLog): readonly EventRecord[] {
    const kind = kindOf(log);
    if (kind === '') return [];
    const place = placeOf(log);
    const { attributes } = log;
    const agentName = attributeText(attributes, 'agent.name') || attributeText(attributes, 'agent_type');
    if (place.agentId !== '' && agentName !== '') remember(this.#agentNames, place.agentId, agentName);
    const common = this.#commonFields(log, place);
    const requestId = attributeText(attributes, 'request_id');
    switch (kind) {
      case 'user_prompt':
        if (place.run === undefined) return [noteOf(kind, log, common, place)];
        return [this.#startOf(log, place, LOG_REVISION, common)];
      case 'api_request': {
        const fields = fieldsOfRequest(log, this.#refusals.has(requestId), this.#overrides);
        return [
          ...this.#firstSight(log, place),
          { ...common, ...fields, parent_span_id: spanOfRun(place), 'event.name': 'agent.model_call' },
        ];
      }
      case 'api_error':
        return [
          ...this.#firstSight(log, place),
          {
            ...common,
            ...fieldsOfError(log),
            parent_span_id: spanOfRun(place),
            'event.name': 'agent.model_call',
          },
        ];
      case 'tool_result':
        return [
          {
            ...common,
            ...toolFields(log),
            parent_span_id: spanOfRun(place),
            'event.name': 'agent.tool_call',
          },
        ];
      case 'api_refusal':
        if (requestId !== '') remember(this.#refusals, requestId, true);
        return [
          note(common, place, 'warning', 'refusal', attributeText(attributes, 'category') || undefined),
        ];
      default:
        return [noteOf(kind, log, common, place)];
    }
  }

  /** A run of which no record said that it began: a sub-agent, or a prompt before the first record that came. */
  #firstSight(log: ClaudeLog, place: Place): EventRecord[] {
    if (place.run === undefined || this.#startedRuns.has(place.run)) return [];
    const common = this.#commonFields(log, place, false);
    const startMs = log.timeMs - (attributeMillis(log.attributes, 'duration_ms') ?? 0);
    return [this.#startOf({ ...log, timeMs: startMs }, place, GUESSED_REVISION, common)];
  }

  #startOf(log: ClaudeLog, place: Place, revision: number, common: EventRecord): EventRecord {
    const run = place.run ?? '';
    remember(this.#startedRuns, run, true);
    return {
      ...common,
      timestamp: log.timeMs,
      'event.name': 'agent.run.started',
      span_id: spanOfRun(place),
      parent_span_id: place.parentRun === undefined ? undefined : spanIdOf('run', place.parentRun),
      'tallyspan.key': `claude-code/run/${run}`,
      'tallyspan.revision': revision,
      'agent.user_input_len': attributeCount(log.attributes, 'prompt_length'),
      'agent.inferred': true,
    };
  }

  #commonFields(log: ClaudeLog, place: Place, isNumbered = true): EventRecord {
    const { attributes, resource } = log;
    const process = isNumbered ? this.#processOf(log, place.session) : undefined;
    const sequence = attributeCount(attributes, 'event.sequence');
    const version =
      attributeText(attributes, 'app.version') || attributeText(resource, 'service.version') || undefined;
    const name = [place.session, String(sequence ?? kindOf(log)), String(log.timeMs)] as const;
    return {
      timestamp: log.timeMs,
      'event.name': 'agent.note',
      trace_id:
        log.traceId === '' ? (place.run ?? spanIdOf('session', place.session).repeat(2)) : log.traceId,
      span_id: spanIdOf('log', ...name),
      'service.name': attributeText(resource, 'service.name') || SERVICE_NAME,
      'service.version': version,
      'tallyspan.process_id': process === undefined || sequence === undefined ? undefined : process,
      // Ours begin at 1.
      'tallyspan.seq': process === undefined || sequence === undefined ? undefined : sequence + 1,
      'tallyspan.source': 'log',
      'tallyspan.key': `claude-code/log/${name.join('/')}`,
      'tallyspan.revision': LOG_REVISION,
      'agent.run_id': place.run,
      'agent.parent_run_id': place.parentRun,
      'gen_ai.conversation.id': place.session || undefined,
      'user.id': attributeText(attributes, 'user.id') || undefined,
      'gen_ai.agent.name':
        place.agentId === '' ? SERVICE_NAME : (this.#agentNames.get(place.agentId) ?? 'subagent'),
      'agent.version': version,
    };
  }

  /** A session that is resumed goes on in another process, which numbers from the start again. */
  #processOf({ attributes, timeMs }: ClaudeLog, session: string): string | undefined {
    const sequence = attributeCount(attributes, 'event.sequence');
    if (sequence === undefined) return undefined;
    const processes = this.#processes.get(session) ?? [];
    let process = numbererOf(processes, sequence, timeMs);
    if (process === undefined) {
      process = { id: `${session}/${timeMs}`, lastSequence: sequence, lastMs: timeMs };
      remember(this.#processes, session, [process, ...processes].slice(0, PROCESSES_AT_ONCE));
    }
    if (sequence > process.lastSequence) {
      process.lastSequence = sequence;
      process.lastMs = Math.max(process.lastMs, timeMs);
    }
    return process.id;
  }
}

/**
 * The process that numbered a record: the one that goes on with it, or whose late record it is. Two may go on with one
 * session at once, and then each goes on with the number after its own. Undefined where it is the first of another.
 */
function numbererOf(processes: readonly Process[], sequence: number, timeMs: number): Process | undefined {
  let nearest: Process | undefined;
  for (const process of processes)
    if (process.lastSequence < sequence && process.lastSequence > (nearest?.lastSequence ?? -1))
      nearest = process;
  if (nearest?.lastSequence === sequence - 1) return nearest;
  const late = processes.find(({ lastSequence, lastMs }) => sequence <= lastSequence && timeMs <= lastMs);
  return late ?? nearest;
}

function placeOf({ attributes }: ClaudeLog): Place {
  const session = attributeText(attributes, 'session.id');
  const prompt = attributeText(attributes, 'prompt.id');
  const source = attributeText(attributes, 'query_source');
  // Before sub-agents had ids, those of one kind within a prompt are taken together.
  const agentId =
    attributeText(attributes, 'agent_id') ||
    (source.startsWith('agent:') ? `${session}/${prompt}/${source}` : '');
  const promptRun = prompt === '' ? undefined : runIdOfPrompt(prompt);
  if (agentId === '') return { session, run: promptRun, parentRun: undefined, agentId };
  const parent = attributeText(attributes, 'parent_agent_id');
  return {
    session,
    run: runIdOfAgent(agentId),
    parentRun: parent === '' ? promptRun : runIdOfAgent(parent),
    agentId,
  };
}

function spanOfRun({ run }: Place): string | undefined {
  return run === undefined ? undefined : spanIdOf('run', run);
}

function toolFields({ attributes }: ClaudeLog): Fields {
  const isOk = attributeTruth(attributes, 'success');
  const resultLen = attributeCount(attributes, 'tool_result_size_bytes');
  const id = attributeText(attributes, 'tool_use_id');
  const name = attributeText(attributes, 'tool_name');
  // A transcript knows the name: it is to stand beside this, which is marked then, and not in its place.
  const kind = name === UNNAMED_TOOL ? 'unnamed-tool' : 'tool';
  return {
    ...(id !== '' && { span_id: spanIdOf('tool', id), 'tallyspan.key': `claude-code/${kind}/${id}` }),
    'gen_ai.tool.name': name || undefined,
    'gen_ai.tool.call.id': id || undefined,
    duration_ms: attributeMillis(attributes, 'duration_ms'),
    'tool.ok': isOk,
    'error.type': isOk === false ? attributeText(attributes, 'error_type') || 'tool_error' : undefined,
    'tool.input_len': attributeCount(attributes, 'tool_input_size_bytes'),
    'tool.result_len': resultLen,
    'tool.result_empty': resultLen === undefined ? undefined : resultLen === 0,
    'agent.inferred': true,
  };
}

/** What else Claude Code did: a mark on the run, by names and counts. */
function noteOf(kind: string, { attributes }: ClaudeLog, common: EventRecord, place: Place): EventRecord {
  const text = (key: string): string | undefined => attributeText(attributes, key) || undefined;
  switch (kind) {
    case 'compaction':
      return note(common, place, 'compaction', text('trigger'), countText(attributes, 'pre_tokens'));
    case 'tool_decision':
      return {
        ...note(common, place, 'permission', text('decision'), text('source')),
        'gen_ai.tool.name': text('tool_name'),
      };
    case 'permission_mode_changed':
      return note(common, place, 'permission', kind, text('to_mode'));
    case 'hook_execution_start':
    case 'hook_execution_complete':
    case 'hook_registered':
      return note(common, place, 'hook', kind, text('hook_event'));
    case 'subagent_completed':
      return note(common, place, 'sub_agent', 'completed', countText(attributes, 'total_tokens'));
    case 'assistant_response':
      return note(common, place, 'activity', kind, countText(attributes, 'response_length'));
    default:
      return note(common, place, 'activity', kind, undefined);
  }
}

function note(
  common: EventRecord,
  place: Place,
  kind: string,
  subject: string | undefined,
  value: string | undefined,
): EventRecord {
  return {
    ...common,
    parent_span_id: spanOfRun(place),
    'agent.note.kind': kind,
    'agent.note.subject': subject,
    'agent.note.value': value,
  };
}

function countText(attributes: ClaudeLog['attributes'], key: string): string | undefined {
  return attributeCount(attributes, key)?.toString();
}

function remember<T>(map: NewestMap<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.dropOldest();
}
