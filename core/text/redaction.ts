// What must not be stored: content (what a prompt, an answer or a tool's argument said) and secrets
// (credentials that stand inside any other text). Content is removed by key, whoever emitted it;
// secrets are masked by pattern. Numbers are never touched: a token count is no token.

import { remembered } from '../remembered.ts';
import { FIELD_KEYS, FIELDS, type FieldDefinition, type FieldKey } from '../schema.ts';

/** What a masked secret is replaced by. */
export const MASK = '****';

/** Of RSA, OpenSSH, PGP and others. */
const PRIVATE_KEY = '[A-Z0-9 ]*PRIVATE KEY( BLOCK)?';

/**
 * Patterns of secrets, in the syntax that JavaScript and RE2 share (no look-around, no back references).
 * Each begins with a literal, so that a text without it is passed over at the speed of a plain search.
 */
export const SECRET_PATTERNS: readonly string[] = [
  'sk-ant-[A-Za-z0-9_-]{20,}',
  // The same in base64, as Kubernetes holds it.
  'c2stYW50L[A-Za-z0-9+/_-]{20,}=*',
  ...['proj', 'svcacct', 'admin', 'or'].map((kind) => `sk-${kind}-[A-Za-z0-9_-]{20,}`),
  'sk-[A-Za-z0-9]{40,}',
  ...['sk', 'pk'].map((kind) => `${kind}-lf-[0-9a-f-]{36}`),
  ...['p', 'o', 'u', 's', 'r'].map((kind) => `gh${kind}_[A-Za-z0-9]{36,}`),
  'github_pat_[A-Za-z0-9_]{22,}',
  'glpat-[A-Za-z0-9_-]{20,}',
  'npm_[A-Za-z0-9]{36,}',
  'pypi-[A-Za-z0-9_-]{40,}',
  'hf_[A-Za-z0-9]{30,}',
  ...['AKIA', 'ASIA'].map((start) => `${start}[0-9A-Z]{16}`),
  // The other half of such a key, by its name: no form tells it from a hash. Never across a quote of JSON.
  ...['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey'].map(
    (name) => `${name}([\\s:=]|\\\\+")+[A-Za-z0-9/+]{40}`,
  ),
  ...['a', 'b', 'p', 'r', 's'].map((kind) => `xox${kind}-[A-Za-z0-9-]{10,}`),
  'xapp-[A-Za-z0-9-]{10,}',
  'hooks\\.slack\\.com/services/[A-Za-z0-9/]{20,}',
  'AIza[0-9A-Za-z_-]{35}',
  'ya29\\.[0-9A-Za-z_-]{20,}',
  'GOCSPX-[0-9A-Za-z_-]{20,}',
  ...['sk', 'rk'].map((kind) => `${kind}_live_[A-Za-z0-9]{16,}`),
  'whsec_[A-Za-z0-9+/]{24,}=*',
  'eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}',
  // The secret half of a Telegram bot token; the number before it is the public id of the bot.
  ':AA[A-Za-z0-9_-]{33}',
  // With headers, which have single hyphens; within JSON nothing of it reaches beyond its text.
  `-----BEGIN ${PRIVATE_KEY}-----(-?[^-"])*-----END ${PRIVATE_KEY}-----`,
  // One whose end was cut off.
  `-----BEGIN ${PRIVATE_KEY}-----((\\s|\\\\+[nr])+[A-Za-z0-9+/=]{8,})+`,
  // What stands between as it is, in JSON and in an address.
  ...['Bearer', 'bearer', 'BEARER'].map((word) => `${word}(\\s|\\\\+[nrt]|%20)+[A-Za-z0-9._~+/-]{16,}=*`),
  // User and password in base64: there is a digit or a sign in it, which words do not have.
  ...['Basic', 'basic'].map((word) => `${word}\\s+[A-Za-z]*[0-9+/][A-Za-z0-9+/]{8,}=*`),
  // The password of an address.
  '://[^\\s/:@"<>\\\\]{0,100}:[^\\s/:@"<>\\\\]{3,200}@',
];

/** Each pattern with the literal that it begins with, for a look whether it is worth trying. */
const MASKED_PATTERNS = SECRET_PATTERNS.map((source) => ({
  start: /^[\w :/-]+/.exec(source)?.[0] ?? '',
  pattern: new RegExp(source, 'g'),
}));

/** Keys of JSON whose text is a secret, whatever its form: that of an MCP server in a request, and what tools are given. */
const SECRET_KEYS =
  'authorization_token|access_token|refresh_token|client_secret|api_key|apiKey|password|private_key|SecretAccessKey';
/** In JSON, and in JSON that stands as a text in JSON, at any depth: there the quotes are escaped. */
const SECRET_VALUES = [
  new RegExp(`(")(${SECRET_KEYS})"(\\s*:\\s*)"(?:[^"\\\\]|\\\\.)+"`, 'g'),
  new RegExp(
    `(\\\\{1,15}")(${SECRET_KEYS})\\1((?:\\s|\\\\+[nrt])*:(?:\\s|\\\\+[nrt])*)\\1(?!\\1)(?:[^"\\\\]|\\\\.){1,4000}?(?<!\\\\)\\1`,
    'g',
  ),
];
const HAS_SECRET_KEY = new RegExp(SECRET_KEYS);

/** The text with its secrets masked; JSON stays JSON. */
export function maskKnownSecrets(text: string): string {
  let masked = text;
  if (HAS_SECRET_KEY.test(text))
    for (const values of SECRET_VALUES) masked = masked.replaceAll(values, `$1$2$1$3$1${MASK}$1`);
  for (const { start, pattern } of MASKED_PATTERNS)
    if (masked.includes(start)) masked = masked.replaceAll(pattern, MASK);
  return masked;
}

/** Longer ones are not names that come again. */
const MAX_NAME_CHARS = 64;
const maskShortName = remembered((name: string) => maskKnownSecrets(name), 256);

/** Names of a tool's arguments in their order. A tool that is told to take any key may get a secret as one. */
export function maskedKeys(input: object): string[] {
  return Object.keys(input)
    .map((name) => (name.length > MAX_NAME_CHARS ? maskKnownSecrets(name) : maskShortName(name)))
    .sort();
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

/**
 * Events, of spans and as records, that are what was said: one message of the conventions each, or a text of Claude Code.
 * Their keys are too plain to be content elsewhere.
 */
export const CONTENT_EVENTS: readonly string[] = [
  ...['system', 'user', 'assistant', 'tool'].map((role) => `gen_ai.${role}.message`),
  'gen_ai.choice',
  ...['', 'claude_code.'].flatMap((prefix) =>
    ['api_request_body', 'api_response_body', 'assistant_response', 'system_prompt'].map(
      (name) => `${prefix}${name}`,
    ),
  ),
];

/** Keys of such an event that hold what was said. */
export const CONTENT_EVENT_KEYS: readonly string[] = [
  'content',
  'message',
  'tool_calls',
  'tool.result',
  'body',
  'response',
  'system_prompt',
  'tools',
];
