// The one table of fields and events.
// A field is one key of an event; an event is one immutable record of a finished (or started) fact.
// Everything else that names a field (event types, DuckDB DDL, Loki names, Collector lists,
// docs/attributes.md) is derived from here.

import type { Dimension, FieldDefinition } from './field-definition.ts';

export type { Dimension, FieldDefinition, FieldType, TextKind, Unit } from './field-definition.ts';

// prettier-ignore
export const FIELDS = {
  // When and what
  timestamp: { type: 'time', doc: 'When the fact ended (for agent.run.started: when it began).' },
  'event.name': { type: 'string', attribute: true, doc: 'Which event this is.' },
  trace_id: { type: 'string', doc: 'W3C trace id, 32 hex digits.' },
  span_id: { type: 'string', inLineOnly: 'unique', doc: 'Span id of the fact, 16 hex digits.' },
  parent_span_id: { type: 'string', doc: 'Span id of the enclosing span; absent on a root.' },

  // Who emitted it
  'service.name': { type: 'string', resource: true, dimension: 'service', doc: 'OpenTelemetry service name.' },
  'service.version': { type: 'string', resource: true, doc: 'Version of the service.' },
  'vcs.ref.head.revision': { type: 'string', doc: 'Commit that the program was built from, as its host, its build or its repository says.' },
  'service.instance.id': { type: 'string', resource: true, doc: 'One process, or whatever the deployment sets it to.' },
  'tallyspan.process_id': { type: 'string', attribute: true, doc: 'Random id of the process that numbered the event, whatever its resource says; tallyspan.seq counts within it. Events without one are numbered within their service.instance.id.' },
  'tallyspan.seq': { type: 'int', attribute: true, unit: '1', isSerial: true, doc: 'Position of the event in its process, from 1. A gap is a lost event.' },
  'tallyspan.dialect': { type: 'string', attribute: true, doc: 'Dialect rule that translated a foreign span; absent on our own events.' },
  'tallyspan.duplicate': { type: 'bool', attribute: true, doc: 'True when another record counts in place of this one: one of the same response, by gen_ai.response.id or anthropic.request.id, that knows as much or more, or one with the same tallyspan.key. The record is kept and counts in no signal.' },
  'tallyspan.source': { type: 'string', attribute: true, dimension: 'source', doc: 'Who reported the fact when it was not the instrumentation: log, transcript, span, or messages of the Agent SDK that count no output to its end; remainder is what Claude Code counted beyond the calls that were reported. Of two reports of one call the better informed counts.' },
  'tallyspan.key': { type: 'string', attribute: true, doc: 'Chosen by a reporter that may learn more later. An event takes the place of the stored one with the same name and key and a lower tallyspan.revision.' },
  'tallyspan.revision': { type: 'int', attribute: true, unit: '1', isSerial: true, doc: 'Which state of what tallyspan.key names this is: the higher one stays, and the same one again changes nothing.' },
  'tallyspan.cut_fields': { type: 'strings', doc: 'Fields of this event whose value was longer or larger than the field may hold, and so was cut (the end is … and a hash of the whole), set to the limit or left out when it was stored.' },

  // Run identity, on every event of a run
  'agent.run_id': { type: 'string', attribute: true, doc: 'Run id, 32 hex digits, the same on every event of a run.' },
  'agent.parent_run_id': { type: 'string', doc: 'Run that started this one (nested agents).' },
  'gen_ai.conversation.id': { type: 'string', attribute: true, dimension: 'session', doc: 'Session or thread that the run belongs to.' },
  'user.id': { type: 'string', attribute: true, dimension: 'user', doc: 'Opaque id of the end user.' },
  'agent.task_type': { type: 'string', attribute: true, dimension: 'task', doc: 'Kind of task, chosen by the caller.' },
  'gen_ai.agent.name': { type: 'string', attribute: true, dimension: 'agent', doc: 'Name of the agent.' },
  'agent.version': { type: 'string', attribute: true, dimension: 'version', doc: 'Version of the agent, chosen by the caller.' },
  'agent.project': { type: 'string', attribute: true, dimension: 'project', doc: 'Last part of the folder that the agent worked in.' },
  'agent.tags': { type: 'strings', doc: 'Labels of the run, chosen by the caller; on its start and its end.' },
  'agent.inferred': { type: 'bool', attribute: true, doc: 'True when the run or tool call was recognised, not declared.' },

  // agent.run and agent.run.started
  'agent.status': { type: 'string', attribute: true, dimension: 'status', doc: 'ok, error, aborted, refused, max_turns, budget_exceeded, turn_limit, loop or lost.' },
  'agent.user_input_len': { type: 'int', unit: 'chars', doc: 'Length of the user input.' },
  'agent.output_len': { type: 'int', unit: 'chars', doc: 'Length of the final answer.' },
  'agent.turns': { type: 'int', attribute: true, unit: '1', doc: 'Model calls in the run.' },
  'agent.tool_calls': { type: 'int', attribute: true, unit: '1', doc: 'Tool calls in the run.' },
  'agent.tokens_in': { type: 'int', attribute: true, unit: 'tokens', doc: 'Input tokens of the run, cache included.' },
  'agent.tokens_out': { type: 'int', attribute: true, unit: 'tokens', doc: 'Output tokens of the run.' },
  'agent.cost_nano_usd': { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Cost of the run: the sum of its priced model calls. A key of its own, so that no sum doubles.' },
  'agent.nested_runs': { type: 'int', attribute: true, unit: '1', doc: 'Runs nested in this one, on all levels; absent when there is none. They and the other nested totals are not in the totals of the run itself: the sum of both is what it took with all that happened inside it.' },
  'agent.nested_turns': { type: 'int', unit: '1', doc: 'Model calls of the nested runs.' },
  'agent.nested_tool_calls': { type: 'int', unit: '1', doc: 'Tool calls of the nested runs.' },
  'agent.nested_tokens_in': { type: 'int', unit: 'tokens', doc: 'Input tokens of the nested runs, cache included.' },
  'agent.nested_tokens_out': { type: 'int', unit: 'tokens', doc: 'Output tokens of the nested runs.' },
  'agent.nested_cost_nano_usd': { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Cost of the nested runs: the sum of their priced model calls up to the end of this run.' },
  'agent.nested_retries': { type: 'int', unit: '1', doc: 'Retries in the nested runs.' },
  'agent.tool_definitions': { type: 'strings', doc: 'Tools that the calls of the run defined, each as name=estimated tokens.' },
  'agent.retries': { type: 'int', attribute: true, unit: '1', doc: 'HTTP attempts beyond the first, and tool retries, in the run.' },

  // Shared measures
  duration_ms: { type: 'int', attribute: true, unit: 'ms', doc: 'How long the fact took.' },
  'error.type': { type: 'string', attribute: true, dimension: 'error', doc: 'Low-cardinality error class; the API error type where there is one.' },

  // agent.model_call
  'gen_ai.operation.name': { type: 'string', attribute: true, doc: 'chat, or count_tokens and the like.' },
  'gen_ai.provider.name': { type: 'string', attribute: true, doc: 'anthropic, aws.bedrock or gcp.vertex_ai.' },
  'gen_ai.request.model': { type: 'string', attribute: true, doc: 'Model that was asked for.' },
  'gen_ai.response.model': { type: 'string', attribute: true, dimension: 'model', doc: 'Model that answered; the requested one when none did.' },
  'gen_ai.response.id': { type: 'string', attribute: true, inLineOnly: 'unique', doc: 'Message id. Two records with the same one, or of the same request, count once.' },
  'anthropic.plan': { type: 'string', doc: 'Plan that Claude Code says it is used under, such as max: what the call costs is then its list value, which nobody pays. Absent where it is paid by the call, or not said.' },
  'agent.skill': { type: 'string', doc: 'Skill of Claude Code in which the call was made, by its name.' },
  'anthropic.request.id': { type: 'string', doc: 'request-id header of the final attempt.' },
  'tallyspan.sdk.version': { type: 'string', doc: 'Version of the SDK that made the call.' },
  ttft_ms: { type: 'int', attribute: true, unit: 'ms', doc: 'Time to the first streamed chunk; absent on calls that do not stream.' },
  'gen_ai.response.finish_reasons': { type: 'strings', attribute: true, doc: 'Raw stop reasons as the API gave them.' },
  tokens_input: { type: 'int', attribute: true, unit: 'tokens', doc: 'Uncached input tokens. Disjoint from the cache buckets.' },
  tokens_cache_read: { type: 'int', attribute: true, unit: 'tokens', doc: 'Tokens read from the cache.' },
  tokens_cache_write_5m: { type: 'int', attribute: true, unit: 'tokens', doc: 'Tokens written to the five-minute cache.' },
  tokens_cache_write_1h: { type: 'int', attribute: true, unit: 'tokens', doc: 'Tokens written to the one-hour cache.' },
  tokens_output: { type: 'int', attribute: true, unit: 'tokens', doc: 'Output tokens, thinking included.' },
  tokens_thinking: { type: 'int', attribute: true, unit: 'tokens', doc: 'Thinking tokens: a share of tokens_output, never added to it.' },
  'gen_ai.usage.input_tokens': { type: 'int', attribute: true, inLineOnly: 'repeats', unit: 'tokens', doc: 'All input tokens, cache included (GenAI conventions).' },
  'gen_ai.usage.output_tokens': { type: 'int', attribute: true, inLineOnly: 'repeats', unit: 'tokens', doc: 'Output tokens (GenAI conventions).' },
  'gen_ai.usage.cache_read.input_tokens': { type: 'int', attribute: true, inLineOnly: 'repeats', unit: 'tokens', doc: 'Tokens read from the cache (GenAI conventions).' },
  'gen_ai.usage.cache_creation.input_tokens': { type: 'int', attribute: true, inLineOnly: 'repeats', unit: 'tokens', doc: 'Tokens written to the cache, both lifetimes (GenAI conventions before the rename to cache_write).' },
  web_searches: { type: 'int', attribute: true, unit: '1', doc: 'Web searches the server made and charged.' },
  service_tier: { type: 'string', attribute: true, doc: 'Tier that served the call: standard, batch or priority.' },
  speed: { type: 'string', attribute: true, doc: 'standard or fast, as served.' },
  inference_geo: { type: 'string', attribute: true, doc: 'Data residency of the inference, as served.' },
  'agent.step_number': { type: 'int', attribute: true, unit: '1', dimension: 'step', doc: 'Position of the model call in its run, from 1; on a tool call, the step that asked for it.' },
  attempts: { type: 'int', attribute: true, unit: '1', doc: 'HTTP requests that the call took.' },
  retried_status: { type: 'strings', attribute: true, doc: 'Status of each attempt that was retried: an HTTP status, or connection_error.' },
  cost_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Cost of the call; absent when unpriced, never 0 for an unknown price.' },
  'gen_ai.usage.cost': { type: 'float', unit: 'usd', doc: 'Cost in USD for readers that expect it. Sum cost_nano_usd instead.' },
  cost_input_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of uncached input in the cost.' },
  cost_cache_read_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of cache reads in the cost.' },
  cost_cache_write_5m_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of five-minute cache writes in the cost.' },
  cost_cache_write_1h_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of one-hour cache writes in the cost.' },
  cost_output_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of output in the cost.' },
  cost_web_search_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Share of web searches in the cost.' },
  cost_uncached_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'What the call would have cost had every input token been uncached.' },
  cost_claimed_nano_usd: { type: 'int', unit: 'nanoUsd', doc: 'What the emitter reckons that the call cost; ours is beside it, and counts.' },
  'tallyspan.cost.status': { type: 'string', attribute: true, doc: 'priced, estimated, partial or unpriced.' },
  'tallyspan.cost.unpriced_reason': { type: 'string', attribute: true, doc: 'Why there is no cost.' },
  'tallyspan.cost.reason': { type: 'string', doc: 'Why the cost is an estimate or partial, or why a priced call cost nothing.' },
  'tallyspan.price.table': { type: 'string', attribute: true, doc: 'Version of the price table that was applied.' },
  'tallyspan.price.row': { type: 'string', attribute: true, doc: 'Row of the price table that was applied.' },
  cache_miss_reason: { type: 'string', attribute: true, doc: 'Why the cache missed, as the API said.' },
  tokens_tool_definitions: { type: 'int', attribute: true, unit: 'tokens', doc: 'Estimated tokens of the tool definitions sent.' },
  'tallyspan.cost_shares': { type: 'strings', doc: 'What the call paid for each part of its context, as tool=rule and parts: f first read, w cache write, r cache read, c carried uncached, o output, s searches (nano-dollars), t tokens. The embedded server makes an agent.tool_cost of each and keeps those.' },
  cache_breakpoints: { type: 'int', unit: '1', doc: 'Cache breakpoints in the request; 0 when it asked for no caching.' },
  'tallyspan.context_edits': { type: 'strings', doc: 'What the server took out of the request: tool uses and turns of thinking that it cleared, with their number, and a compaction, with the hash of its summary.' },
  'tallyspan.prefix.model': { type: 'string', doc: 'Hash of model and speed, between which no cache is shared.' },
  'tallyspan.prefix.system': { type: 'string', doc: 'Hash of the system prompt.' },
  'tallyspan.prefix.tools': { type: 'string', doc: 'Hash of the tool definitions in order, a dot, and a hash that is the same in any order.' },
  'tallyspan.prefix.settings': { type: 'string', doc: 'Hash of the settings that are part of the prompt: tool choice, thinking, output format and effort.' },
  'tallyspan.prefix.messages': { type: 'strings', doc: 'Hash of each message, in order; the oldest are folded by 32 as 32*hash.' },
  'tallyspan.request_json': { type: 'string', sensitive: true, text: 'content', doc: 'Request of the call as JSON, for replay; only with full content capture. The embedded server keeps it encrypted and shows it on the page of the run, to who may read content.' },
  'tallyspan.response_json': { type: 'string', sensitive: true, text: 'content', doc: 'Message that answered as JSON, for replay; kept like the request.' },
  'tallyspan.content_cut': { type: 'bool', doc: 'True when request or answer was too long to be recorded whole and so was left out.' },

  // agent.tool_call
  'gen_ai.tool.name': { type: 'string', attribute: true, dimension: 'tool', doc: 'Name of the tool.' },
  'gen_ai.tool.call.id': { type: 'string', attribute: true, inLineOnly: 'unique', doc: 'Id of the tool_use block.' },
  'tool.ok': { type: 'bool', attribute: true, doc: 'False when the tool threw or its result was marked as an error.' },
  'tool.retry_attempt': { type: 'int', attribute: true, unit: '1', doc: '0 for the first call; n for the nth repeat after a failure of the same tool in the run.' },
  'tool.input_keys': { type: 'strings', doc: 'Names of the arguments, sorted.' },
  'tool.input_len': { type: 'int', attribute: true, unit: 'chars', doc: 'Length of the arguments as JSON.' },
  'tool.result_len': { type: 'int', attribute: true, unit: 'chars', doc: 'Length of the result.' },
  'tool.result_empty': { type: 'bool', attribute: true, doc: 'True when the result held nothing.' },
  'tool.args_json': { type: 'string', sensitive: true, text: 'prose', doc: 'Arguments as JSON, cut to 512 characters; only with content capture on.' },

  // agent.tool_cost
  tokens: { type: 'int', attribute: true, unit: 'tokens', doc: 'Tokens of the block, as far as they are known.' },
  cost_first_read_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Paid on the first, uncached reading.' },
  cost_cache_write_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Paid for writing the block to the cache.' },
  cost_carry_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Paid for keeping the block in the context of later calls, uncached.' },
  'tallyspan.calls': { type: 'int', attribute: true, unit: '1', doc: 'Model calls that the row sums up: those of its run and model within five minutes of the clock, whose shares are in tallyspan.cost_shares. Absent on the row of one call.' },
  'tallyspan.rule': { type: 'string', attribute: true, doc: 'Attribution rule that made the row.' },

  // agent.cost_adjustment
  cost_adjustment_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', isSigned: true, doc: 'What to add to the recorded cost of a call, earlier adjustments included; negative when it was too expensive.' },
  'tallyspan.adjusts_span_id': { type: 'string', attribute: true, doc: 'Span id of the model call whose cost is adjusted; its trace id is that of the adjustment.' },

  // agent.limit
  'limit.action': { type: 'string', attribute: true, doc: 'refused (a request, before it left), stopped (a stream, where it passed the limit), shortened (max_tokens was lowered) or warned (most of the limit is used, or the price of a call is not known).' },
  'limit.scope': { type: 'string', attribute: true, dimension: 'limit', doc: 'What is limited: run, session, user_day, agent_day, process_day, tool_run, turns, tokens_run, code (a limit that the program set around some work), loop, unpriced or fault.' },
  'limit.rule': { type: 'string', attribute: true, doc: 'Where the limit was set: the name of a setting, an entry of limits.json, or code.' },
  'limit.key': { type: 'string', attribute: true, doc: 'Whose limit it is: a run, session, user, agent, process or tool.' },
  'limit.used_ratio': { type: 'float', attribute: true, unit: '1', doc: 'Spent and reserved as a share of the limit, before the request.' },
  limit_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'The limit, where it is an amount of money.' },
  limit_spent_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'What was spent of it by requests that are over, of all processes that share it.' },
  limit_reserved_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'What other requests under way had reserved of it, and other processes that share it.' },
  limit_needed_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'What the request would have cost at worst; of an answer that was stopped, what it had cost.' },
  limit_count: { type: 'int', attribute: true, unit: '1', doc: 'The limit, where it is a number of turns, tokens or repetitions.' },
  limit_spent_count: { type: 'int', attribute: true, unit: '1', doc: 'How many were used of it.' },
  'limit.input_hash': { type: 'string', doc: 'Hash of the input that a loop repeats.' },

  // agent.note
  'agent.note.kind': { type: 'string', attribute: true, doc: 'decision, warning, retry, context_truncation, compaction, loop_suspected, budget, first_seen, silent_failure or process_lost; of Claude Code also permission, hook, sub_agent and activity.' },
  'agent.note.subject': { type: 'string', attribute: true, doc: 'What a first_seen note is about: model, system_prompt, tool_definitions, revision or sdk_version; of a silent_failure, which one it is; of what Claude Code did, its name for it.' },
  'agent.note.value': { type: 'string', attribute: true, text: 'prose', doc: 'What was seen first: the model, the commit or the version, or the hash of the prompt or tool definitions; of a silent_failure, its figures; of a step, its name.' },
  'agent.note.text': { type: 'string', sensitive: true, text: 'prose', doc: 'What happened, in words; only what the caller wrote.' },

  // agent.score
  'gen_ai.evaluation.name': { type: 'string', attribute: true, dimension: 'score', doc: 'Name of the score: what is judged, such as helpful.' },
  'gen_ai.evaluation.score.value': { type: 'float', isSigned: true, doc: 'The score as a number, 1 and 0 for true and false. Sum score_millionths instead.' },
  'gen_ai.evaluation.score.label': { type: 'string', attribute: true, dimension: 'label', doc: 'The score as a label, such as wrong_tool.' },
  'gen_ai.evaluation.explanation': { type: 'string', sensitive: true, text: 'prose', doc: 'Comment on the score; only what its author wrote.' },
  score_millionths: { type: 'int', attribute: true, unit: 'millionths', isSigned: true, doc: 'The score in whole millionths, so that sums are exact wherever they are made.' },
  score_passed: { type: 'bool', attribute: true, doc: 'The score as good or not, where it was given so; absent on plain numbers and labels.' },
  score_run_cost_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'Cost of the scored run with all that is nested in it, when the score was recorded; absent when it was not known.' },
  'tallyspan.score.target': { type: 'string', attribute: true, doc: 'What is scored: run, model_call, tool_call or session.' },
  'tallyspan.score.target_id': { type: 'string', doc: 'Which model call (span id or message id), tool call or session; absent on the score of a run, which is agent.run_id.' },
  'tallyspan.score.source': { type: 'string', attribute: true, dimension: 'scorer', doc: 'Who scored: human, user (the end user of the agent), code or judge (a model).' },
  'tallyspan.score.author': { type: 'string', doc: 'Person or program that gave the score.' },
  'tallyspan.score.evaluator': { type: 'string', doc: 'Evaluator that gave the score, and its version after an @.' },

  // agent.finding
  'finding.kind': { type: 'string', attribute: true, doc: 'What was found: no_cache, cache_lifetime, cache_broken, tool_retries, loop, cut_answers, refusals, unused_tool, tool_context, instructions or compaction.' },
  finding_weekly_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'What the fix would have recovered in the last seven days.' },

  // billing.cost
  'billing.day': { type: 'string', doc: 'Day in UTC that was billed, YYYY-MM-DD.' },
  'billing.kind': { type: 'string', attribute: true, doc: 'What was billed: input, cache_read, cache_write_5m, cache_write_1h, output, web_search, code_execution or session_usage.' },
  'billing.api_key_id': { type: 'string', attribute: true, doc: 'Id of the API key (never the key); empty where none authenticated the requests.' },
  'billing.workspace_id': { type: 'string', doc: 'Workspace of the key.' },
  'billing.product': { type: 'string', doc: 'Product that alone produced what the key was billed for the model on the day, such as claude_code; empty where several did.' },
  billing_list_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', isSigned: true, doc: 'Billed at list price; negative when something was taken back.' },
  billing_amount_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', isSigned: true, doc: 'Billed after discounts, before credits.' },
  billing_quantity: { type: 'int', unit: '1', doc: 'Billed tokens or searches.' },
  billing_covered_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', isSigned: true, doc: 'Of the list price, what observed calls account for.' },
  billing_drift_nano_usd: { type: 'int', attribute: true, unit: 'nanoUsd', doc: 'How far the observed cost of the covered part is from its list price, in either direction.' },
} as const satisfies Record<string, FieldDefinition>;

export type FieldKey = keyof typeof FIELDS;

interface ValueOf {
  string: string;
  int: number;
  float: number;
  bool: boolean;
  strings: readonly string[];
  time: number;
}

/** Value of a field in memory. */
export type FieldValue<K extends FieldKey> = ValueOf[(typeof FIELDS)[K]['type']];

/** Fields that every event may carry. */
export const COMMON_FIELDS = [
  'timestamp',
  'event.name',
  'trace_id',
  'span_id',
  'parent_span_id',
  'service.name',
  'service.version',
  'service.instance.id',
  'tallyspan.process_id',
  'tallyspan.seq',
  'tallyspan.dialect',
  'tallyspan.duplicate',
  'tallyspan.source',
  'tallyspan.key',
  'tallyspan.revision',
  'tallyspan.cut_fields',
  'agent.run_id',
  'agent.parent_run_id',
  'gen_ai.conversation.id',
  'user.id',
  'agent.task_type',
  'gen_ai.agent.name',
  'agent.version',
  'agent.project',
] as const satisfies readonly FieldKey[];

/** What events are numbered in, together: `tallyspan.seq` counts within one value of them. */
export const PROCESS_FIELDS = [
  'service.instance.id',
  'tallyspan.process_id',
] as const satisfies readonly FieldKey[];

export interface EventDefinition {
  readonly doc: string;
  readonly fields: readonly FieldKey[];
}

/** The events, each with the fields it has beyond the common ones. */
// prettier-ignore
export const EVENTS = {
  'agent.run.started': {
    doc: 'A run began.',
    fields: ['agent.tags', 'agent.user_input_len', 'agent.inferred'],
  },
  'agent.run': {
    doc: 'A run ended, however it ended.',
    fields: [
      'agent.status', 'error.type', 'duration_ms', 'agent.turns', 'agent.tool_calls', 'agent.tokens_in',
      'agent.tokens_out', 'agent.cost_nano_usd', 'agent.retries', 'agent.nested_runs', 'agent.nested_turns',
      'agent.nested_tool_calls', 'agent.nested_tokens_in', 'agent.nested_tokens_out', 'agent.nested_cost_nano_usd',
      'agent.nested_retries', 'agent.tool_definitions', 'agent.user_input_len', 'agent.output_len', 'agent.tags', 'agent.inferred',
    ],
  },
  'agent.model_call': {
    doc: 'One SDK call to the API ended, all its retries and its stream included.',
    fields: [
      'gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.response.model',
      'gen_ai.response.id', 'anthropic.request.id', 'anthropic.plan', 'agent.skill', 'vcs.ref.head.revision', 'tallyspan.sdk.version',
      'duration_ms', 'ttft_ms', 'gen_ai.response.finish_reasons', 'tokens_input', 'tokens_cache_read', 'tokens_cache_write_5m',
      'tokens_cache_write_1h', 'tokens_output', 'tokens_thinking', 'gen_ai.usage.input_tokens',
      'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_creation.input_tokens', 'web_searches', 'service_tier', 'speed', 'inference_geo',
      'agent.step_number', 'attempts', 'retried_status', 'error.type', 'cost_nano_usd', 'gen_ai.usage.cost',
      'cost_input_nano_usd', 'cost_cache_read_nano_usd', 'cost_cache_write_5m_nano_usd',
      'cost_cache_write_1h_nano_usd', 'cost_output_nano_usd', 'cost_web_search_nano_usd',
      'cost_uncached_nano_usd', 'cost_claimed_nano_usd',
      'tallyspan.cost.status', 'tallyspan.cost.unpriced_reason', 'tallyspan.cost.reason',
      'tallyspan.price.table', 'tallyspan.price.row', 'cache_miss_reason', 'tokens_tool_definitions',
      'tallyspan.cost_shares', 'cache_breakpoints', 'tallyspan.context_edits',
      'tallyspan.prefix.model', 'tallyspan.prefix.system', 'tallyspan.prefix.tools',
      'tallyspan.prefix.settings', 'tallyspan.prefix.messages', 'tallyspan.request_json',
      'tallyspan.response_json', 'tallyspan.content_cut',
    ],
  },
  'agent.tool_call': {
    doc: 'One execution of a tool ended.',
    fields: [
      'gen_ai.tool.name', 'gen_ai.tool.call.id', 'duration_ms', 'tool.ok', 'error.type',
      'tool.retry_attempt', 'tool.input_keys', 'tool.input_len', 'tool.result_len', 'tool.result_empty',
      'tool.args_json', 'agent.inferred', 'agent.step_number',
    ],
  },
  'agent.tool_cost': {
    doc: 'Context cost: what one model call paid for keeping the calls and results of one tool (or the system prompt, tool definitions, user input, history, output) in its context.',
    fields: [
      'gen_ai.tool.name', 'gen_ai.response.model', 'cost_nano_usd', 'cost_first_read_nano_usd',
      'cost_cache_write_nano_usd', 'cost_cache_read_nano_usd', 'cost_carry_nano_usd', 'cost_output_nano_usd',
      'cost_web_search_nano_usd', 'tokens',
      'tallyspan.rule', 'tallyspan.calls', 'agent.step_number',
    ],
  },
  'agent.cost_adjustment': {
    doc: 'The cost of a model call was found to be another than recorded. Its time is that of the call, which stays as it is.',
    fields: [
      'cost_adjustment_nano_usd', 'tallyspan.adjusts_span_id', 'gen_ai.response.id', 'gen_ai.response.model',
      'tallyspan.price.table', 'tallyspan.price.row',
    ],
  },
  'agent.limit': {
    doc: 'A limit refused a request, stopped a stream, or is nearly used up. One event for each refusal.',
    fields: [
      'limit.action', 'limit.scope', 'limit.rule', 'limit.key', 'limit.used_ratio', 'limit_nano_usd',
      'limit_spent_nano_usd', 'limit_reserved_nano_usd', 'limit_needed_nano_usd', 'limit_count', 'limit_spent_count',
      'limit.input_hash', 'gen_ai.request.model', 'gen_ai.tool.name', 'agent.step_number',
    ],
  },
  'agent.content': {
    doc: 'Request and answer of a model call: of a run that failed or cost more than a limit, with TALLYSPAN_CONTENT=errors; of a call that another emitter reports, with TALLYSPAN_CONTENT=full on the server. Its time and span are those of the call.',
    fields: ['agent.step_number', 'tallyspan.request_json', 'tallyspan.response_json', 'tallyspan.content_cut'],
  },
  'agent.note': {
    doc: 'Something worth a mark on the run.',
    fields: ['agent.note.kind', 'agent.note.subject', 'agent.note.value', 'agent.note.text', 'agent.step_number', 'gen_ai.tool.name'],
  },
  'agent.score': {
    doc: 'A judgement of a run, a call or a session: by a person, by code or by a model. A correction is a further event with the same tallyspan.key.',
    fields: [
      'gen_ai.evaluation.name', 'gen_ai.evaluation.score.value', 'gen_ai.evaluation.score.label',
      'gen_ai.evaluation.explanation', 'score_millionths', 'score_passed', 'score_run_cost_nano_usd',
      'tallyspan.score.target', 'tallyspan.score.target_id', 'tallyspan.score.source', 'tallyspan.score.author',
      'tallyspan.score.evaluator', 'gen_ai.response.id',
    ],
  },
  'judge.call': {
    doc: 'A model call of a judge, which asks whether a run has a failure. It counts in the numbers of judges and in no other.',
    fields: [
      'gen_ai.evaluation.name', 'tallyspan.score.evaluator', 'tallyspan.score.target_id', 'gen_ai.request.model',
      'gen_ai.response.model', 'gen_ai.response.id', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens',
      'cost_nano_usd', 'tallyspan.cost.status', 'duration_ms', 'error.type',
    ],
  },
  'agent.finding': {
    doc: 'An open finding, as the server saw it last. A later one with the same tallyspan.key takes its place.',
    fields: ['finding.kind', 'finding_weekly_nano_usd'],
  },
  'billing.cost': {
    doc: 'What Anthropic billed for one kind of usage of a day by one API key, as the Admin API reports it. A later report of the same row takes its place.',
    fields: [
      'gen_ai.response.model', 'service_tier', 'speed', 'inference_geo', 'billing.day', 'billing.kind', 'billing.api_key_id',
      'billing.workspace_id', 'billing.product', 'billing_list_nano_usd', 'billing_amount_nano_usd', 'billing_quantity',
      'billing_covered_nano_usd', 'billing_drift_nano_usd',
    ],
  },
} as const satisfies Record<string, EventDefinition>;

export type EventName = keyof typeof EVENTS;

/** Fields that an event may have, in table order. */
export function fieldsOf(name: EventName): readonly FieldKey[] {
  const own: readonly FieldKey[] = EVENTS[name].fields;
  const common: readonly FieldKey[] = COMMON_FIELDS;
  return FIELD_KEYS.filter((key) => common.includes(key) || own.includes(key));
}

/** Key of the field that a dimension stands for. */
export function fieldOfDimension(dimension: Dimension): FieldKey {
  for (const key of FIELD_KEYS) {
    if ((FIELDS[key] as FieldDefinition).dimension === dimension) return key;
  }
  throw new Error(`no field has the dimension ${dimension}`);
}

/** Every event, in table order. */
export const EVENT_NAMES: readonly EventName[] = Object.keys(EVENTS) as EventName[];

/** Every field key, in table order. */
export const FIELD_KEYS: readonly FieldKey[] = Object.keys(FIELDS) as FieldKey[];

/** Every dimension, in table order. */
export const DIMENSIONS: readonly Dimension[] = FIELD_KEYS.flatMap((key) => {
  const { dimension } = FIELDS[key] as FieldDefinition;
  return dimension === undefined ? [] : [dimension];
});
