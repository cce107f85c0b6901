// A process report: what the preload saw of one process, from its start to its end. Commands gather those of the
// processes that they start; a process in which something ran and nothing was seen says so.

/** By which way a call is known: an observer of the SDK, or its request alone. */
export type CallWay = 'sdk' | 'request';

/** Why a request to an endpoint became no model call. */
const UNREAD = {
  unreached: 'it broke off before its body was sent (connection_error)',
  given_up: 'it was given up before its body was sent',
  too_large: 'its body is larger than the API takes',
  foreign: 'its body is no request for a message',
  other_api:
    'it went to an API in the form of another, such as OpenAI’s chat completions or Vercel’s AI Gateway, which is not read: use the Messages API, or an OpenTelemetry instrumentation of that client',
} as const;
export type UnreadReason = keyof typeof UNREAD;

/** What a process reports at its end: one JSON line. */
export interface ProcessReport {
  readonly program: string;
  readonly frameworks: readonly string[];
  readonly sdkVersions: readonly string[];
  readonly requests: number;
  /** Of these, the ones that became no model call, by reason. */
  readonly unread: Readonly<Partial<Record<UnreadReason, number>>>;
  readonly runs: number;
  readonly calls: number;
  readonly tools: number;
  /** Model calls by the way they are known; those of the Claude Agent SDK and of batches are in neither. */
  readonly callsByWay: Readonly<Record<CallWay, number>>;
  /** List price of its calls, in nano-USD; unpriced ones are left out. */
  readonly costNanoUsd: number;
}

const TOOLS = 'npm|npx|pnpm|yarn|corepack|tsc|typescript|eslint|webpack|esbuild|rollup|vite|jest|vitest';
/** Tools that load what the program would, to build, check or install it. */
const TOOL_FILE = new RegExp(
  String.raw`[\\/]node_modules[\\/](${TOOLS})[\\/]|[\\/](${TOOLS})$|[\\/]next[\\/]dist[\\/](build|compiled)[\\/]`,
);

/** Why nothing was seen and what to do; `undefined` where something was, or there was nothing to see. */
export function explainSilence(report: ProcessReport): string | undefined {
  const { frameworks, requests, unread, calls, runs, program } = report;
  if (calls > 0 || TOOL_FILE.test(program)) return undefined;
  // A declared run without a call is nothing seen, where a request was made.
  if (runs > 0 && requests === 0) return undefined;
  const check = 'Check with `tallyspan doctor -- COMMAND`.';
  if (requests > 0)
    return `${requests === 1 ? 'a request' : `${String(requests)} requests`} went to an endpoint of Claude models and none was a model call that could be read${reasonsOf(requests, unread)}. ${check}`;
  if (frameworks.includes('@anthropic-ai/claude-agent-sdk'))
    return '@anthropic-ai/claude-agent-sdk was loaded, and no query of it was seen. In a bundle, where its module is not found, wrap it: `wrapQuery(query)` from @tallyspan/node/agent-sdk.';
  if (frameworks.length === 0) return undefined;
  return `${frameworks.join(', ')} ${frameworks.length === 1 ? 'was' : 'were'} loaded, and no request to a model was seen in this process. If it made any, they went through a stand-in for the network or another process. ${check}`;
}

/** Where no process has anything to explain: what the preload does not get into. */
const UNREACHED =
  'No SDK, framework or request to a model was seen in it. Child processes and worker threads whose `env` leaves NODE_OPTIONS out are not observed: pass `process.env` on.';

/** Why nothing was seen of all processes of a command, each reason once; at least one. */
export function explainSilences(reports: readonly ProcessReport[]): readonly string[] {
  const reasons = new Set(reports.flatMap((report) => explainSilence(report) ?? []));
  return reasons.size > 0 ? [...reasons] : [UNREACHED];
}

/** `: it was given up before its body was sent`; with how many of them, where there are more. */
function reasonsOf(requests: number, unread: ProcessReport['unread']): string {
  const reasons = Object.entries(unread).map(([reason, count]) => {
    const text = UNREAD[reason as UnreadReason];
    return requests === 1 ? text : `${text}, ${String(count)}`;
  });
  return reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
}
