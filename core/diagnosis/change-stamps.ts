// Change stamps: the first sight of a version, commit, model, prompt or tool list that the earlier period did not have.
// They say what changed when; whether it mattered is for the causes to say.

import type { EventRecord } from '../event.ts';

export type StampKind =
  | 'service_version'
  | 'agent_version'
  | 'revision'
  | 'sdk_version'
  | 'model'
  | 'system_prompt'
  | 'tool_definitions'
  | 'price_table';

export interface ChangeStamp {
  readonly kind: StampKind;
  /** The version, commit or model; a hash for prompts and tool lists. */
  readonly value: string;
  /** Whose it is: the agent, or the service where no agent is named. */
  readonly agent: string;
  /** First sight, Unix milliseconds. */
  readonly sinceMs: number;
  readonly runId: string | undefined;
}

const READERS: readonly (readonly [StampKind, (event: EventRecord) => string | undefined])[] = [
  ['service_version', (event) => event['service.version']],
  ['agent_version', (event) => event['agent.version']],
  ['revision', (event) => event['vcs.ref.head.revision']],
  ['sdk_version', (event) => event['tallyspan.sdk.version']],
  ['model', (event) => event['gen_ai.response.model']],
  ['system_prompt', (event) => event['tallyspan.prefix.system']],
  ['tool_definitions', (event) => event['tallyspan.prefix.tools']],
  ['price_table', (event) => event['tallyspan.price.table']],
];
/** More new values than this are no change but something that varies all the time. */
const MAX_VALUES = 3;

/** What the calls of `after` have that those of `before` had not, by agent, in order of time. */
export function findChangeStamps(
  before: readonly EventRecord[],
  after: readonly EventRecord[],
): ChangeStamp[] {
  const known = new Set<string>();
  const agents = new Set<string>();
  for (const event of before) {
    if (event['event.name'] !== 'agent.model_call') continue;
    agents.add(agentOf(event));
    for (const [kind, read] of READERS) known.add(`${kind} ${agentOf(event)} ${read(event) ?? ''}`);
  }
  const stamps = new Map<string, ChangeStamp>();
  for (const event of after) {
    const agent = agentOf(event);
    // A new agent is new as a whole.
    if (event['event.name'] !== 'agent.model_call' || !agents.has(agent)) continue;
    for (const [kind, read] of READERS) {
      const value = read(event);
      const key = `${kind} ${agent} ${value ?? ''}`;
      if (value === undefined || known.has(key)) continue;
      const seen = stamps.get(key);
      if (seen === undefined || event.timestamp < seen.sinceMs)
        stamps.set(key, { kind, value, agent, sinceMs: event.timestamp, runId: event['agent.run_id'] });
    }
  }
  const counts = new Map<string, number>();
  for (const { kind, agent } of stamps.values())
    counts.set(`${kind} ${agent}`, (counts.get(`${kind} ${agent}`) ?? 0) + 1);
  return [...stamps.values()]
    .filter(({ kind, agent }) => (counts.get(`${kind} ${agent}`) ?? 0) <= MAX_VALUES)
    .toSorted((a, b) => a.sinceMs - b.sinceMs);
}

function agentOf(event: EventRecord): string {
  return event['gen_ai.agent.name'] ?? event['service.name'] ?? '';
}
