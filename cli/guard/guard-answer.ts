// The guard of Claude Code: what `tallyspan claude guard` answers as a hook. It asks the server what the session and the
// day have cost, and stops Claude Code where that passes a limit. Without an answer in time it lets go on.

import { LIMIT_SETTING_NAMES, parseAmount } from '../../core/limits/limit-settings.ts';
import { unknownSettings } from '../../core/setting-names.ts';
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
  // A limit with a misspelt name limits nothing.
  const faults = unknownSettings(env).map((fault) => `tallyspan: ${fault}\n`);
  const limits: Record<string, number> = {};
  for (const [scope, name] of Object.entries(SETTINGS)) {
    const value = textOf(env[name]);
    if (value === undefined) continue;
    const amount = parseAmount(value, scope as keyof typeof SETTINGS);
    if (typeof amount === 'string')
      faults.push(`tallyspan: ${name}=${value} ${amount} It is not in force.\n`);
    else limits[scope] = amount;
  }
  if (Object.keys(limits).length === 0)
    return { ...GO_ON, stderr: faults.length > 0 ? faults.join('') : unknownLimits(env) };
  const refuses = refusesUnanswered(env, faults);
  const stderr = faults.join('');
  const url = (textOf(env['TALLYSPAN_LIMIT_SERVER']) ?? textOf(env['TALLYSPAN_URL']) ?? DEFAULT_URL).replace(
    /\/+$/,
    '',
  );
  const answer = await askServer({
    url: `${url}/api/limits/guard`,
    token: env['TALLYSPAN_TOKEN'],
    limitMs: waitMsOf(env['TALLYSPAN_LIMIT_WAIT_MS']),
    body: JSON.stringify({
      session: textIn(hook, 'session_id'),
      tool: textIn(hook, 'tool_name'),
      user: env['TALLYSPAN_USER_ID'] || undefined,
      limits,
    }),
  });
  const decision = 'body' in answer ? parse(answer.body) : undefined;
  if (decision === undefined) {
    // What is no answer of our server is none.
    const fault = `the server at ${url} ${'fault' in answer ? answer.fault : 'answered something else'}`;
    return refuses
      ? refuse(hook, `tallyspan: ${fault}, and TALLYSPAN_LIMIT_WITHOUT_SERVER=refuse.`, stderr)
      : { ...GO_ON, stderr: `${stderr}tallyspan: ${fault}: nothing is limited meanwhile.\n` };
  }
  const refusal = textIn(decision, 'refusal');
  return refusal === undefined ? { ...GO_ON, stderr } : refuse(hook, refusal, stderr);
}

function refuse(hook: Json, reason: string, stderr: string): GuardAnswer {
  return { stdout: `${JSON.stringify(stop(hook, reason))}\n`, stderr };
}

function textOf(value: string | undefined): string | undefined {
  return value?.trim() || undefined;
}

function waitMsOf(text: string | undefined): number {
  const waitMs = Number(text);
  return waitMs > 0 && waitMs <= LONGEST_WAIT_MS ? waitMs : DEFAULT_WAIT_MS;
}

/** Adds what is wrong with the setting to `faults`. */
function refusesUnanswered(env: NodeJS.ProcessEnv, faults: string[]): boolean {
  const name = 'TALLYSPAN_LIMIT_WITHOUT_SERVER';
  const value = textOf(env[name])?.toLowerCase() ?? 'allow';
  if (value !== 'allow' && value !== 'refuse')
    faults.push(`tallyspan: ${name}=${value} is not valid; it is one of allow, refuse. Using allow.\n`);
  return value === 'refuse';
}

/** Where only limits are set that others look at: nobody is to believe that they hold here. */
function unknownLimits(env: NodeJS.ProcessEnv): string {
  const others = LIMIT_SETTING_NAMES.filter((name) => textOf(env[name]) !== undefined);
  const known = Object.values(SETTINGS).join(' and ');
  return others.length === 0
    ? ''
    : `tallyspan: claude guard looks at ${known}; none is set, so nothing is limited.\n`;
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
