// Kept context: what the calls of an agent paid for carrying the results of a tool, or files of instructions, after they
// were read for the first time. The tools of one MCP server are taken together.

import { PSEUDO_TOOLS } from '../../../core/attribution/block-shape.ts';
import { isPseudoTool } from '../../../core/attribution/owner-names.ts';
import { textsSql, type Queryable } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';

export interface KeptContext {
  readonly agent: string;
  /** The tool, or the MCP server. */
  readonly subject: string;
  readonly isInstructions: boolean;
  /** Of a tool what it cost after its first reading; of instructions all. */
  readonly keptNanoUsd: number;
  /** All that the agent's calls cost, as far as it is divided. */
  readonly agentNanoUsd: number;
  /** Nano-USD by run. */
  readonly runs: ReadonlyMap<string, number>;
  /** Days with it, and days with calls, counted back from the end. */
  readonly days: ReadonlySet<number>;
  readonly withCalls: ReadonlySet<number>;
}

/** A smaller part of what an agent costs is no finding. */
const LEAST_SHARE = 0.1;
/** A cent a week. */
const LEAST_NANO_USD = 10_000_000;
const MCP_TOOL = /^mcp__(.+?)__/;

const RANGE =
  'timestamp > make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($to::BIGINT * 1000)';
const AGENT = "coalesce(gen_ai_agent_name, service_name, '')";
const KEPT = 'coalesce(cost_cache_read_nano_usd, 0) + coalesce(cost_carry_nano_usd, 0)';
const DAY = 'floor(($to::BIGINT - epoch_ms(timestamp)) / 86400000)::DOUBLE';

/** What is worth a finding: a tenth of what the agent costs, or more. */
export async function readKeptContext(
  database: Queryable,
  from: number,
  to: number,
): Promise<readonly KeptContext[]> {
  const range = { from: BigInt(Math.floor(from)), to: BigInt(Math.ceil(to)) };
  const owners = await database.all(
    `SELECT ${AGENT} AS agent, coalesce(gen_ai_tool_name, '') AS owner, sum(cost_nano_usd)::DOUBLE AS cost, sum(${KEPT})::DOUBLE AS kept
     FROM agent_tool_cost WHERE ${RANGE} AND tallyspan_duplicate IS NOT TRUE GROUP BY ALL`,
    { from: range.from, to: range.to },
  );
  const agents = new Map<string, number>();
  const subjects = new Map<string, { agent: string; subject: string; kept: number; owners: string[] }>();
  for (const row of owners) {
    const [agent, owner] = [String(row['agent']), String(row['owner'])];
    const cost = numberOrNull(row['cost']) ?? 0;
    agents.set(agent, (agents.get(agent) ?? 0) + cost);
    const isInstructions = owner === PSEUDO_TOOLS.instructions;
    if (isPseudoTool(owner) && !isInstructions) continue;
    const server = MCP_TOOL.exec(owner)?.[1];
    const subject = server === undefined ? owner : `the MCP server ${server}`;
    const key = JSON.stringify([agent, subject]);
    const found = subjects.get(key) ?? { agent, subject, kept: 0, owners: [] };
    found.kept += isInstructions ? cost : (numberOrNull(row['kept']) ?? 0);
    found.owners.push(owner);
    subjects.set(key, found);
  }
  const worth = [...subjects.values()].filter(
    ({ agent, kept }) => kept >= LEAST_NANO_USD && kept >= LEAST_SHARE * (agents.get(agent) ?? 0),
  );
  return Promise.all(
    worth.map(async ({ agent, subject, kept, owners: own }) => ({
      agent,
      subject,
      isInstructions: subject === PSEUDO_TOOLS.instructions,
      keptNanoUsd: kept,
      agentNanoUsd: agents.get(agent) ?? 0,
      ...(await readPlaces(database, range, agent, own)),
    })),
  );
}

/** In which runs and on which days it was. */
async function readPlaces(
  database: Queryable,
  { from, to }: { readonly from: bigint; readonly to: bigint },
  agent: string,
  owners: readonly string[],
): Promise<Pick<KeptContext, 'runs' | 'days' | 'withCalls'>> {
  const rows = await database.all(
    `SELECT coalesce(agent_run_id, '') AS run, ${DAY} AS day,
       sum(cost_nano_usd) FILTER (gen_ai_tool_name IN ${textsSql('$owners')})::DOUBLE AS cost
     FROM agent_tool_cost WHERE ${RANGE} AND tallyspan_duplicate IS NOT TRUE AND ${AGENT} = $agent GROUP BY ALL`,
    { from, to, agent, owners: JSON.stringify(owners) },
  );
  const runs = new Map<string, number>();
  const days = new Set<number>();
  const withCalls = new Set<number>();
  for (const row of rows) {
    const [run, day, cost] = [String(row['run']), Number(row['day']), numberOrNull(row['cost']) ?? 0];
    withCalls.add(day);
    if (cost <= 0) continue;
    days.add(day);
    runs.set(run, (runs.get(run) ?? 0) + cost);
  }
  return { runs, days, withCalls };
}
