// One step in the terminal: what was sent and what came back, what it used and cost, and the tools that it called.

import { ownerName } from '../../core/attribution/owner-names.ts';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
  NO_DATA,
} from '../../core/text/format.ts';
import {
  conversationOf,
  textOfBlock,
  type Conversation,
  type Message,
} from '../../core/model-call/conversation.ts';
import { readJsonFolded } from '../../core/model-call/read-json.ts';
import type { RunTree } from '../../server/source.ts';
import type { RunContents } from './run-content.ts';

type Step = RunTree['steps'][number];

export interface ShownContent {
  readonly conversation: Conversation | undefined;
  readonly hasPrevious: boolean;
  readonly fault: string | undefined;
  /** Request and answer as they were recorded. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The content of a call beside the call before it. */
export function describeCall(run: RunTree, call: Step, contents: RunContents): ShownContent {
  const calls = run.steps.filter((step) => step.step === 'model_call');
  const before = calls[calls.indexOf(call) - 1];
  const texts = contents.calls.get(String(call['span_id']));
  const previous = before === undefined ? undefined : contents.calls.get(String(before['span_id']))?.request;
  return {
    conversation: conversationOf(texts?.request, texts?.response, previous),
    hasPrevious: previous !== undefined,
    fault: contents.fault ?? (texts === undefined ? 'nothing was recorded of this step' : undefined),
    json: {
      request: readJsonFolded(texts?.request) ?? null,
      response: readJsonFolded(texts?.response) ?? null,
      ...(contents.fault === undefined ? {} : { content_fault: contents.fault }),
    },
  };
}

const BUCKETS = [
  ['input', 'tokens_input', 'cost_input_nano_usd'],
  ['cache read', 'tokens_cache_read', 'cost_cache_read_nano_usd'],
  ['cache write 5 min', 'tokens_cache_write_5m', 'cost_cache_write_5m_nano_usd'],
  ['cache write 1 h', 'tokens_cache_write_1h', 'cost_cache_write_1h_nano_usd'],
  ['output', 'tokens_output', 'cost_output_nano_usd'],
  ['web searches', 'web_searches', 'cost_web_search_nano_usd'],
] as const;

export function renderStep(run: RunTree, call: Step, content: ShownContent, isWhole: boolean): string {
  const number = call['agent.step_number'];
  const error = call['error.type'];
  const tools = run.steps.filter((step) => step.step === 'tool_call' && step['agent.step_number'] === number);
  return [
    `step ${textOf(number)}  ${textOf(call['gen_ai.response.model'] ?? call['gen_ai.request.model'])}  ${formatDuration(numberOf(call['duration_ms']))}  ${formatCost(numberOf(call['cost_nano_usd']))}`,
    ...(typeof error === 'string' ? [`FAILED ${error}`] : []),
    `usage  ${usageOf(call)}`,
    `price  ${textOf(call['tallyspan.price.row'])}, table ${textOf(call['tallyspan.price.table'])}`,
    ...contextLines(call),
    `ids    request ${textOf(call['anthropic.request.id'])}, response ${textOf(call['gen_ai.response.id'])}, trace ${textOf(call['trace_id'])}, span ${textOf(call['span_id'])}`,
    ...tools.map(
      (tool) =>
        `tool   ${textOf(tool['gen_ai.tool.name'])}  ${formatDuration(numberOf(tool['duration_ms']))}${tool['tool.ok'] === false ? `  FAILED ${textOf(tool['error.type'])}` : ''}`,
    ),
    '',
    ...(content.conversation === undefined
      ? [`content: ${content.fault ?? 'it cannot be read'}`]
      : conversationLines(content.conversation, isWhole || !content.hasPrevious)),
    '',
  ].join('\n');
}

function usageOf(call: Step): string {
  const parts = BUCKETS.flatMap(([name, tokens, cost]) => {
    const count = numberOf(call[tokens]);
    return count === null || count === 0
      ? []
      : [`${name} ${formatCount(count)} (${formatCost(numberOf(call[cost]))})`];
  });
  return parts.length === 0 ? 'not reported' : parts.join(', ');
}

function contextLines(call: Step): string[] {
  const costs = (call.tool_costs ?? []).toSorted(
    (a, b) => (numberOf(b['cost_nano_usd']) ?? 0) - (numberOf(a['cost_nano_usd']) ?? 0),
  );
  if (costs.length === 0) return [];
  const parts = costs.map((cost) => {
    const owner = cost['gen_ai.tool.name'];
    return `${ownerName(typeof owner === 'string' ? owner : '')} ${formatCost(numberOf(cost['cost_nano_usd']))} (${formatTokens(numberOf(cost['tokens']))} tokens)`;
  });
  return [`context cost  ${parts.join(', ')}`];
}

function conversationLines(conversation: Conversation, isWhole: boolean): string[] {
  const { system, tools, messages, answer } = conversation;
  const listed = messages.filter((message) => isWhole || message.isNew);
  const left = messages.length - listed.length;
  return [
    ...((isWhole || conversation.isSystemNew) && system.length > 0
      ? ['── System prompt', ...system.map(textOfBlock), '']
      : []),
    ...((isWhole || conversation.areToolsNew) && tools.length > 0
      ? [`── Tool definitions: ${tools.map((tool) => tool.name).join(', ')}`, '']
      : []),
    ...(left > 0
      ? [`── ${formatCountOf(left, 'earlier message')} as in the previous call (--whole shows all)`, '']
      : []),
    ...listed.flatMap((message) => messageLines(message)),
    ...(answer === undefined ? ['── No answer was recorded'] : messageLines({ ...answer, role: 'answer' })),
  ];
}

function messageLines({ role, index, blocks }: Message): string[] {
  const name =
    role === 'answer' ? 'Answer' : role === 'assistant' ? 'Assistant' : role === 'user' ? 'User' : role;
  return [
    `── ${name}${index === undefined ? '' : ` (message ${String(index + 1)})`}`,
    ...blocks.map(textOfBlock),
    '',
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : NO_DATA;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
