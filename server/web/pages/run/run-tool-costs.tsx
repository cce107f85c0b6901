// What each tool cost within a run: its calls and results as the model calls carried them, split by how they
// were paid, beside what else the calls carried. The rows sum to the cost of the calls that say what they carried.

import type { VNode } from 'preact';
import { formatCost, formatTokens } from '../../../../core/format.ts';
import type { FieldKey } from '../../../../core/schema.ts';
import { compareText } from '../../../../core/text-order.ts';
import type { JsonObject } from '../../../queries/field-values.ts';
import { groupBy } from '../../../group-by.ts';
import type { RunTree } from '../../../queries/runs/read-run.ts';
import { Share } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';

interface ToolSum {
  readonly name: string;
  readonly costNanoUsd: number;
  readonly firstReadNanoUsd: number;
  readonly writeNanoUsd: number;
  readonly readNanoUsd: number;
  readonly carryNanoUsd: number;
  /** Paid for what the model wrote, and for web searches. */
  readonly outputNanoUsd: number;
  readonly tokens: number;
  /** Model calls with it in their context. */
  readonly carriedBy: number;
}

export function RunToolCosts({ run }: { run: RunTree }): VNode | null {
  const rows = run.steps
    .flatMap((step) => step.tool_costs ?? [])
    .filter((row) => row['tallyspan.duplicate'] !== true);
  if (rows.length === 0) return null;
  const tools = sumByTool(rows);
  const told = tools.reduce((sum, tool) => sum + tool.costNanoUsd, 0);
  const total = Math.max(told, run.steps.at(-1)?.total_cost_nano_usd ?? 0);
  return (
    <Panel
      id="tool-costs"
      title="Where the cost went"
      sub="context cost: what keeping each part in the context cost (estimated per block, exact in sum)"
    >
      <Scroll label={{ headingId: 'tool-costs' }}>
        <table>
          <thead>
            <tr>
              <th scope="col">Carried</th>
              <th scope="col" class="n">
                Cost
              </th>
              <th scope="col">Share</th>
              <th scope="col" class="n" title="Paid on the first, uncached reading">
                First read
              </th>
              <th scope="col" class="n" title="Paid for writing it to the cache">
                Cache write
              </th>
              <th scope="col" class="n" title="Paid for reading it from the cache in later calls">
                Cache read
              </th>
              <th scope="col" class="n" title="Paid for keeping it in the context of later calls, uncached">
                Carried uncached
              </th>
              <th scope="col" class="n" title="Paid for what the model wrote, web searches included">
                Written
              </th>
              <th scope="col" class="n" title="Most tokens of it in one call">
                Tokens
              </th>
              <th scope="col" class="n" title="Model calls with it in their context">
                In calls
              </th>
            </tr>
          </thead>
          <tbody>
            {tools.map((tool) => (
              <tr key={tool.name} data-row={tool.name}>
                <td>
                  {tool.name.startsWith('(') ? (
                    tool.name
                  ) : (
                    <a href={`/tools#${encodeURIComponent(tool.name)}`}>{tool.name}</a>
                  )}
                </td>
                <td class="n" data-value={tool.costNanoUsd}>
                  {formatCost(tool.costNanoUsd)}
                </td>
                <td>
                  <Share share={total === 0 ? null : tool.costNanoUsd / total} />
                </td>
                <td class="n">{formatCost(tool.firstReadNanoUsd)}</td>
                <td class="n">{formatCost(tool.writeNanoUsd)}</td>
                <td class="n">{formatCost(tool.readNanoUsd)}</td>
                <td class="n">{formatCost(tool.carryNanoUsd)}</td>
                <td class="n">{formatCost(tool.outputNanoUsd)}</td>
                <td class="n">{formatTokens(tool.tokens)}</td>
                <td class="n">{tool.carriedBy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {total > told && (
        <div class="empty">
          {formatCost(total - told)} more was paid by calls that do not report what was in their context.
        </div>
      )}
    </Panel>
  );
}

/** Most expensive first. */
function sumByTool(rows: readonly JsonObject[]): ToolSum[] {
  const sums = groupBy(rows, (row) => String(row['gen_ai.tool.name']));
  return [...sums]
    .map(([name, own]) => {
      const sum = (key: FieldKey): number => own.reduce((all, row) => all + numberIn(row, key), 0);
      return {
        name,
        costNanoUsd: sum('cost_nano_usd'),
        firstReadNanoUsd: sum('cost_first_read_nano_usd'),
        writeNanoUsd: sum('cost_cache_write_nano_usd'),
        readNanoUsd: sum('cost_cache_read_nano_usd'),
        carryNanoUsd: sum('cost_carry_nano_usd'),
        outputNanoUsd: sum('cost_output_nano_usd') + sum('cost_web_search_nano_usd'),
        tokens: Math.max(...own.map((row) => numberIn(row, 'tokens'))),
        carriedBy: own.length,
      };
    })
    .toSorted((a, b) => b.costNanoUsd - a.costNanoUsd || compareText(a.name, b.name));
}

function numberIn(row: JsonObject, key: FieldKey): number {
  const value = row[key];
  return typeof value === 'number' ? value : 0;
}
