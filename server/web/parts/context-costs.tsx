// Where the cost of a run or a session went: what its calls paid for keeping each tool's calls and results, and each part of the prompt,
// in their context. The rows sum to the cost of the calls that say what was in their context.

import type { VNode } from 'preact';
import { isPseudoTool, ownerName } from '../../../core/attribution/owner-names.ts';
import { NO_DATA, formatCost, formatTokens } from '../../../core/text/format.ts';
import { Money, PartMoney, Share } from './cells.tsx';
import { Panel, Scroll } from './panel.tsx';
import type { ContextCost } from '../../queries/runs/read-context-costs.ts';
import { TableHead } from './table-head.tsx';

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
      <Scroll label={{ headingId: 'tool-costs' }}>
        <table>
          <TableHead
            of={[
              'Part',
              { n: 'Cost' },
              'Share',
              { n: 'First read', title: 'Paid on the first, uncached reading' },
              { n: 'Cache write', title: 'Paid for writing it to the cache' },
              { n: 'Cache read', title: 'Paid for reading it from the cache in later calls' },
              { n: 'Kept uncached', title: 'Paid for keeping it in the context of later calls, uncached' },
              { n: 'Written', title: 'Paid for what the model wrote, web searches included' },
              { n: 'Tokens', title: 'Most tokens of it in one call' },
              { n: 'In calls', title: 'Model calls with it in their context' },
            ]}
          />
          <tbody>
            {owners.map((owner) => (
              <tr
                key={owner.owner}
                data-row={owner.owner}
                class={isPseudoTool(owner.owner) ? 'prompt-part' : undefined}
              >
                <td>
                  <i class={isPseudoTool(owner.owner) ? 'kind' : 'kind tool'} />
                  {isPseudoTool(owner.owner) ? (
                    ownerName(owner.owner)
                  ) : (
                    <a href={`/tools#${encodeURIComponent(owner.owner)}`}>
                      <bdi>{owner.owner}</bdi>
                    </a>
                  )}
                </td>
                <td class="n" data-value={owner.costNanoUsd}>
                  <Money of={owner.costNanoUsd} />
                </td>
                <td>
                  <Share share={total === 0 ? null : owner.costNanoUsd / total} />
                </td>
                <td class="n">
                  <PartMoney of={owner.firstReadNanoUsd} />
                </td>
                <td class="n">
                  <PartMoney of={owner.writeNanoUsd} />
                </td>
                <td class="n">
                  <PartMoney of={owner.readNanoUsd} />
                </td>
                <td class="n">
                  <PartMoney of={owner.carryNanoUsd} />
                </td>
                <td class="n">
                  <PartMoney of={owner.outputNanoUsd} />
                </td>
                <td class="n">{formatTokens(owner.tokens)}</td>
                <td class="n">{owner.calls === 0 ? NO_DATA : owner.calls}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {total > known && (
        <div class="empty">
          {formatCost(total - known)} more was paid by calls that do not report what was in their context.
        </div>
      )}
    </Panel>
  );
}
