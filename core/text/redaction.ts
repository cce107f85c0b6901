// What must not be stored: content (what a prompt, an answer or a tool's argument said) and secrets
// (credentials that stand inside any other text). Content is removed by key, whoever emitted it;
// secrets are masked by pattern. Numbers are never touched: a token count is no token.

import { FIELD_KEYS, FIELDS, type FieldDefinition, type FieldKey } from '../schema.ts';

/** What a masked secret is replaced by. */
export const MASK = '****';

/**
 * Patterns of secrets, in the syntax that JavaScript and RE2 share (no look-around, no back references).
 * Each begins with a literal, so that a text without it is passed over at the speed of a plain search.
 */
export const SECRET_PATTERNS: readonly string[] = [
  'sk-ant-[A-Za-z0-9_-]{20,}',
  ...['proj', 'svcacct', 'admin'].map((kind) => `sk-${kind}-[A-Za-z0-9_-]{20,}`),
  ...['sk', 'pk'].map((kind) => `${kind}-lf-[0-9a-f-]{36}`),
  ...['p', 'o', 'u', 's', 'r'].map((kind) => `gh${kind}_[A-Za-z0-9]{36,}`),
  'github_pat_[A-Za-z0-9_]{22,}',
  'AKIA[0-9A-Z]{16}',
  ...['a', 'b', 'p', 'r', 's'].map((kind) => `xox${kind}-[A-Za-z0-9-]{10,}`),
  'AIza[0-9A-Za-z_-]{35}',
  'eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}',
  // The secret half of a Telegram bot token; the number before it is the public id of the bot.
  ':AA[A-Za-z0-9_-]{33}',
  '-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----',
  ...['Bearer', 'bearer'].map((word) => `${word}\\s+[A-Za-z0-9._~+/-]{16,}=*`),
];

/** Each pattern with the literal that it begins with, for a look whether it is worth trying. */
const MASKED_PATTERNS = SECRET_PATTERNS.map((source) => ({
  start: /^[\w :-]+/.exec(source)?.[0] ?? '',
  // Within JSON nothing of a secret reaches beyond its text.
  pattern: new RegExp(source.replaceAll('[^-]', '[^-"]'), 'g'),
}));

/** The text with its secrets masked; JSON stays JSON. */
export function maskKnownSecrets(text: string): string {
  let masked = text;
  for (const { start, pattern } of MASKED_PATTERNS)
    if (masked.includes(start)) masked = masked.replaceAll(pattern, MASK);
  return masked;
}

/** Keys that hold content, as other emitters and the conventions spell them. */
const FOREIGN_CONTENT_KEYS: readonly string[] = [
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'anthropic.tool_result.content',
  'input.value',
  'output.value',
  'llm.prompts',
  'llm.invocation_parameters',
  'tool.parameters',
  'tool_call.function.arguments',
  'ai.response.text',
  'ai.response.object',
  'ai.response.toolCalls',
  'ai.response.reasoning',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'langfuse.trace.input',
  'langfuse.trace.output',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'request_data',
  'response_data',
  'user_prompt',
  'prompt',
  'full_command',
  'tool_input',
  'tool_parameters',
  // Who it was, by name: no number needs it.
  'user.email',
  'user.account_uuid',
  'user.account_id',
];

/** Beginnings of keys that hold content (numbered messages and the like). */
export const CONTENT_KEY_PREFIXES: readonly string[] = [
  'gen_ai.prompt',
  'gen_ai.completion',
  'gen_ai.content.',
  'gen_ai.event.content',
  'llm.input_messages.',
  'llm.output_messages.',
  'llm.request.functions.',
  'llm.tools.',
  'llm.prompt_template.',
  'ai.prompt',
];

/** Fields of our own events that hold content. */
export const SENSITIVE_FIELDS: readonly FieldKey[] = FIELD_KEYS.filter(
  (key) => (FIELDS[key] as FieldDefinition).sensitive === true,
);

/** Every exact key that holds content: ours and the others'. */
export const CONTENT_KEYS: readonly string[] = [...SENSITIVE_FIELDS, ...FOREIGN_CONTENT_KEYS];
