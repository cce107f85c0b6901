// What Claude Code hands to its status line on stdin: each value where it is one, nothing where it is not.

export interface StatusInput {
  readonly model?: string | undefined;
  /** What Claude Code counts of the session, side calls included; USD. */
  readonly sessionUsd?: number | undefined;
  /** Of the context window, 0 to 100. */
  readonly contextPercent?: number | undefined;
  /** Of the limits of a plan, 0 to 100. */
  readonly fiveHourPercent?: number | undefined;
  readonly weekPercent?: number | undefined;
}

/** No session cost so much, and nothing is so full. */
const NONSENSE = 1e7;

type Json = Readonly<Record<string, unknown>>;

/** Text that is no JSON gives an input without values: a status line shows what it can. */
export function readStatusInput(text: string): StatusInput {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  const root = objectOf(json);
  const model = objectOf(root['model']);
  const context = objectOf(root['context_window']);
  const limits = objectOf(root['rate_limits']);
  return {
    model: textOf(model['display_name']) ?? textOf(model['id']) ?? textOf(root['model']),
    sessionUsd: numberOf(objectOf(root['cost'])['total_cost_usd']),
    contextPercent: numberOf(context['used_percentage']) ?? percentOfWindow(context),
    fiveHourPercent: numberOf(objectOf(limits['five_hour'])['used_percentage']),
    weekPercent: numberOf(objectOf(limits['seven_day'])['used_percentage']),
  };
}

/** Versions that do not hand over the share hand over what it is made of: the tokens of the last request, output apart. */
function percentOfWindow(context: Json): number | undefined {
  const size = numberOf(context['context_window_size']);
  const usage = objectOf(context['current_usage']);
  const input = numberOf(usage['input_tokens']);
  if (size === undefined || size === 0 || input === undefined) return undefined;
  const written = numberOf(usage['cache_creation_input_tokens']) ?? 0;
  const read = numberOf(usage['cache_read_input_tokens']) ?? 0;
  return numberOf(((input + written + read) / size) * 100);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < NONSENSE ? value : undefined;
}
