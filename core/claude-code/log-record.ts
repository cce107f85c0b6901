// A log record of Claude Code: one fact of one of its processes, in attributes. Numbers may come as texts.
// Session: one conversation. Prompt: one turn of it, a run here. Agent: a sub-agent, a run nested in another.

/** Scope of the records of Claude Code, in the terminal and below the Agent SDK. */
export const CLAUDE_CODE_SCOPE = 'com.anthropic.claude_code.events';

/** How the body of each of them begins, where a relay has lost the scope. */
export const CLAUDE_CODE_BODY = 'claude_code.';

export interface ClaudeLog {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  readonly timeMs: number;
  /** Empty where Claude Code writes no traces. */
  readonly traceId: string;
}

/** Kind of the record, without the prefix that its body has; empty when it is none of Claude Code's. */
export function kindOf({ attributes }: ClaudeLog): string {
  return attributeText(attributes, 'event.name').replace(/^claude_code\./, '');
}

/** Empty where it is absent or no text. */
export function attributeText(attributes: ClaudeLog['attributes'], key: string): string {
  const value = attributes[key];
  return typeof value === 'string' ? value : '';
}

/** A count, however it is written; undefined where there is none. */
export function attributeCount(attributes: ClaudeLog['attributes'], key: string): number | undefined {
  const value = attributeNumber(attributes, key);
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Whole milliseconds. */
export function attributeMillis(attributes: ClaudeLog['attributes'], key: string): number | undefined {
  const value = attributeNumber(attributes, key);
  return value !== undefined && value >= 0 ? Math.round(value) : undefined;
}

export function attributeNumber(attributes: ClaudeLog['attributes'], key: string): number | undefined {
  const value = attributes[key];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A truth, however it is written; undefined where there is none. */
export function attributeTruth(attributes: ClaudeLog['attributes'], key: string): boolean | undefined {
  const value = attributes[key];
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}
