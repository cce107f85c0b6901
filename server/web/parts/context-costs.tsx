// Where the cost of a run or a session went: what its calls paid for keeping each tool's calls and results, and each part of the prompt,
// in their context. The rows sum to the cost of the calls that say what was in their context.

import type { VNode } from 'preact';
import { isPseudoTool, ownerName } from '../../../core/attribution/owner-names.ts';
import { NO_DATA, formatCost, formatCount } from '../../../core/text/format.ts';
import { Name, PartMoney, Share } from './cells.tsx';
import { countColumn, moneyColumn, tokensColumn } from './data-columns.tsx';
import { DataTable, type DataColumn } from './data-table.tsx';
import { Panel } from './panel.tsx';
import type { ContextCost } from '../../queries/runs/read-context-costs.ts';
import { thingPath } from '../../thing-path.ts';

export interface ContextCostsProps {
  readonly owners: readonly ContextCost[];
  /** What the calls cost in all, nano-USD. */
  readonly costNanoUsd: number;
}

export function ContextCosts({ owners, costNanoUsd }: ContextCostsProps): VNode | null {
  if (owners.length === 0) return null;
  const known = owners.reduce((sum, owner) => sum + owner.costNanoUsd, 0);
  const total = Math.max(known, costNanoUsd);
  return (
    <Panel
      id="tool-costs"
      title="Where the cost went"
      sub="context cost: what keeping each part in the context cost (estimated per block, exact in sum)"
    >
      <DataTable
        id="tool-costs"
        name="where the cost went"
        columns={columnsOf(total)}
        rows={owners}
        keyOf={({ owner }) => owner}
        rowAttributes={({ owner }) => ({
          'data-row': owner,
          class: isPseudoTool(owner) ? 'prompt-part' : undefined,
        })}
      />
      {total > known && (
        <div class="empty">
          {formatCost(total - known)} more was paid by calls that do not report what was in their context.
        </div>
      )}
    </Panel>
  );
}

function partColumn(
  id: string,
  title: string,
  help: string,
  nanoUsdOf: (owner: ContextCost) => number,
): DataColumn<ContextCost> {
  return moneyColumn(id, title, nanoUsdOf, { help, cell: (owner) => <PartMoney of={nanoUsdOf(owner)} /> });
}

function columnsOf(total: number): readonly DataColumn<ContextCost>[] {
  const shareOf = ({ costNanoUsd }: ContextCost): number | null => (total === 0 ? null : costNanoUsd / total);
  return [
    {
      id: 'part',
      title: 'Part',
      value: ({ owner }) => ownerName(owner),
      cell: ({ owner }) => <Owner owner={owner} />,
    },
    moneyColumn('cost_usd', 'Cost', (owner) => owner.costNanoUsd, {
      attributes: (owner) => ({ 'data-value': owner.costNanoUsd }),
    }),
    { id: 'share', title: 'Share', value: shareOf, cell: (owner) => <Share share={shareOf(owner)} /> },
    partColumn(
      'first_read_usd',
      'First read',
      'Paid on the first, uncached reading',
      (owner) => owner.firstReadNanoUsd,
    ),
    partColumn(
      'cache_write_usd',
      'Cache write',
      'Paid for writing it to the cache',
      (owner) => owner.writeNanoUsd,
    ),
    partColumn(
      'cache_read_usd',
      'Cache read',
      'Paid for reading it from the cache in later calls',
      (owner) => owner.readNanoUsd,
    ),
    partColumn(
      'kept_uncached_usd',
      'Kept uncached',
      'Paid for keeping it in the context of later calls, uncached',
      (owner) => owner.carryNanoUsd,
    ),
    partColumn(
      'written_usd',
      'Written',
      'Paid for what the model wrote, web searches included',
      (owner) => owner.outputNanoUsd,
    ),
    tokensColumn('tokens', 'Tokens', (owner) => owner.tokens, { help: 'Most tokens of it in one call' }),
    countColumn('calls', 'In calls', ({ calls }) => (calls === 0 ? null : calls), {
      help: 'Model calls with it in their context',
      cell: ({ calls }) => (calls === 0 ? NO_DATA : formatCount(calls)),
    }),
  ];
}

function Owner({ owner }: { owner: string }): VNode {
  return (
    <>
      <i class={isPseudoTool(owner) ? 'kind' : 'kind tool'} />
      {isPseudoTool(owner) ? ownerName(owner) : <Name text={owner} href={thingPath('tool', owner)} />}
    </>
  );
}
