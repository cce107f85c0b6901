// The guard of Claude Code: what `tallyspan claude guard` answers as a hook. It asks the server what the session and the
// day have cost, and stops Claude Code where that passes a limit. Without an answer in time it lets go on.

import { parseAmount } from '../../core/limits/limit-settings.ts';
import { askServer, DEFAULT_URL } from '../statusline/ask-server.ts';

export interface GuardIo {
  /** What Claude Code hands to its hooks. */
  readonly input: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface GuardAnswer {
  readonly stdout: string;
  readonly stderr: string;
}

/** A hook is waited for. */
const DEFAULT_WAIT_MS = 40;
const LONGEST_WAIT_MS = 10_000;
const SETTINGS = { session: 'TALLYSPAN_LIMIT_SESSION', user_day: 'TALLYSPAN_LIMIT_USER_DAY' } as const;
/** Events after which nothing would be spent that a refusal could save; to block a stop would even mean to go on. */
const CANNOT_STOP: ReadonlySet<string> = new Set([
  'Stop',
  'SubagentStop',
  'SessionEnd',
  'Notification',
  'PreCompact',
  'PostCompact',
]);
const GO_ON: GuardAnswer = { stdout: '', stderr: '' };

export async function answerHook({ input, env }: GuardIo): Promise<GuardAnswer> {
  const hook = parse(input) ?? {};
  if (CANNOT_STOP.has(textIn(hook, 'hook_event_name') ?? '')) return GO_ON;
  const faults: string[] = [];
  const limits: Record<string, number> = {};
  for (const [scope, name] of Object.entries(SETTINGS)) {
    const value = env[name]?.trim();
    if (!value) continue;
    const amount = parseAmount(value, scope as keyof typeof SETTINGS);
    if (typeof amount === 'string')
      faults.push(`tallyspan: ${name}=${value} ${amount} It is not in force.\n`);
    else limits[scope] = amount;
  }
  const stderr = faults.join('');
  if (Object.keys(limits).length === 0) return { ...GO_ON, stderr };
  const answer = await askServer({
    url: `${(env['TALLYSPAN_LIMIT_SERVER'] || env['TALLYSPAN_URL'] || DEFAULT_URL).replace(/\/+$/, '')}/api/limits/guard`,
    token: env['TALLYSPAN_TOKEN'],
    limitMs: waitMsOf(env['TALLYSPAN_LIMIT_WAIT_MS']),
    body: JSON.stringify({
      session: textIn(hook, 'session_id'),
      tool: textIn(hook, 'tool_name'),
      user: env['TALLYSPAN_USER_ID'] || undefined,
      limits,
    }),
  });
  // What is no answer of our server is none.
  const decision = answer === undefined ? undefined : parse(answer);
  const refusal = decision === undefined ? unanswered(env) : textIn(decision, 'refusal');
  return refusal === undefined
    ? { ...GO_ON, stderr }
    : { stdout: `${JSON.stringify(stop(hook, refusal))}\n`, stderr };
}

function waitMsOf(text: string | undefined): number {
  const waitMs = Number(text);
  return waitMs > 0 && waitMs <= LONGEST_WAIT_MS ? waitMs : DEFAULT_WAIT_MS;
}

function unanswered(env: NodeJS.ProcessEnv): string | undefined {
  return env['TALLYSPAN_LIMIT_WITHOUT_SERVER'] === 'refuse'
    ? 'tallyspan did not answer, and TALLYSPAN_LIMIT_WITHOUT_SERVER=refuse. Start `tallyspan up`.'
    : undefined;
}

/** As hooks of Claude Code say that it is to stop. */
function stop(hook: Json, reason: string): object {
  const event = textIn(hook, 'hook_event_name');
  const stopped = { continue: false, stopReason: reason };
  if (event === 'PreToolUse')
    return {
      ...stopped,
      hookSpecificOutput: {
        hookEventName: event,
        permissionDecision: 'deny',
        permissionDecisionReason: reason,
      },
    };
  // Others know no decision of their own; all of them know that they are to stop.
  return event === undefined || event === 'UserPromptSubmit' || event === 'PostToolUse'
    ? { ...stopped, decision: 'block', reason }
    : stopped;
}

type Json = Readonly<Record<string, unknown>>;

/** `undefined` where it is no JSON object. */
function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function textIn(object: Json, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
