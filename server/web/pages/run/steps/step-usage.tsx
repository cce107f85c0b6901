// What a model call used and paid: each bucket with its price, the context cost of each part, and what of the cached
// prefix was read or lost.

import type { VNode } from 'preact';
import { isPseudoTool, ownerName } from '../../../../../core/attribution/owner-names.ts';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTokens,
  NO_DATA,
} from '../../../../../core/text/format.ts';
import type { FieldKey } from '../../../../../core/schema.ts';
import { MISS_CAUSE_TEXTS } from './cache-texts.ts';
import type { ShownStep } from '../run-data.ts';
import { numberIn, textIn } from './step-facts.ts';
import { Money } from '../../../parts/cells.tsx';
import { TableHead } from '../../../parts/table-head.tsx';

type Bucket = readonly [name: string, tokens: FieldKey, cost: FieldKey];

const BUCKETS: readonly Bucket[] = [
  ['Input, uncached', 'tokens_input', 'cost_input_nano_usd'],
  ['Cache read', 'tokens_cache_read', 'cost_cache_read_nano_usd'],
  ['Cache write, 5 min', 'tokens_cache_write_5m', 'cost_cache_write_5m_nano_usd'],
  ['Cache write, 1 h', 'tokens_cache_write_1h', 'cost_cache_write_1h_nano_usd'],
  ['Output', 'tokens_output', 'cost_output_nano_usd'],
  ['Web searches', 'web_searches', 'cost_web_search_nano_usd'],
];
const TOKENS_PER_PRICE = 1e6;

/** Nano-USD of so many tokens as dollars per million tokens: `$3.00 / M`. */
function priceText(costNanoUsd: number | undefined, count: number | undefined, name: string): string {
  if (costNanoUsd === undefined || count === undefined || count === 0) return '';
  const each = costNanoUsd / count;
  if (name === 'Web searches') return `${formatCost(each)} each`;
  return `$${(Math.round((each * TOKENS_PER_PRICE) / 1e6) / 1000).toFixed(2)} / M`;
}

export function StepUsage({ shown }: { shown: ShownStep }): VNode {
  const step = { ...shown.step, ...shown.detail.event } as ShownStep['step'];
  const rows = BUCKETS.filter(([, tokens]) => (numberIn(step, tokens) ?? 0) > 0);
  const thinking = numberIn(step, 'tokens_thinking');
  const status = textIn(step, 'tallyspan.cost.status');
  const reason = textIn(step, 'tallyspan.cost.unpriced_reason') ?? textIn(step, 'tallyspan.cost.reason');
  const row = textIn(step, 'tallyspan.price.row');
  return (
    <section class="part" aria-label="Usage and cost">
      <h3>Usage and cost</h3>
      {rows.length === 0 ? (
        <p class="empty-line">
          {numberIn(step, 'tokens_input') === undefined
            ? 'The call reported no usage.'
            : 'No tokens were used.'}
        </p>
      ) : (
        <table class="small">
          <TableHead of={['Bucket', { n: 'Count' }, { n: 'Price' }, { n: 'Cost' }]} />
          <tbody>
            {rows.map(([name, tokens, cost]) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="n">{formatCount(numberIn(step, tokens))}</td>
                <td class="n soft">{priceText(numberIn(step, cost), numberIn(step, tokens), name)}</td>
                <td class="n">
                  <Money of={numberIn(step, cost) ?? null} />
                </td>
              </tr>
            ))}
            <tr class="total">
              <td>Total</td>
              <td class="n" />
              <td class="n" />
              <td class="n">
                <Money of={numberIn(step, 'cost_nano_usd') ?? null} />
              </td>
            </tr>
          </tbody>
        </table>
      )}
      {thinking !== undefined && thinking > 0 && (
        <p class="hint">{formatCount(thinking)} tokens of the output were thinking.</p>
      )}
      {status !== undefined && status !== 'priced' && (
        <p class="why">
          {status}
          {reason === undefined ? '' : `: ${reason}`}
        </p>
      )}
      {row !== undefined && (
        <p class="hint">
          Price row <bdi class="mono">{row}</bdi>, table{' '}
          <bdi class="mono">{textIn(step, 'tallyspan.price.table') ?? NO_DATA}</bdi>
        </p>
      )}
    </section>
  );
}

export function StepContext({ shown }: { shown: ShownStep }): VNode | null {
  const costs = shown.detail.context_costs;
  if (costs.length === 0) return null;
  const total = costs.reduce((sum, cost) => sum + Number(cost['cost_nano_usd'] ?? 0), 0);
  return (
    <section class="part" aria-label="Context cost">
      <h3>Context cost</h3>
      <p class="hint">
        What keeping each part in the context cost in this call (estimated per part, exact in sum).
      </p>
      <table class="small">
        <TableHead of={['Part', { n: 'Tokens' }, { n: 'Share' }, { n: 'Cost' }]} />
        <tbody>
          {costs.map((cost, index) => {
            const name = cost['gen_ai.tool.name'];
            const owner = typeof name === 'string' ? name : '';
            const nanoUsd = Number(cost['cost_nano_usd'] ?? 0);
            return (
              <tr key={index}>
                <td>
                  <i class={isPseudoTool(owner) ? 'kind' : 'kind tool'} />
                  <bdi>{ownerName(owner)}</bdi>
                </td>
                <td class="n">{formatTokens(typeof cost['tokens'] === 'number' ? cost['tokens'] : null)}</td>
                <td class="n">{total === 0 ? '' : formatPercent(nanoUsd / total)}</td>
                <td class="n">
                  <Money of={nanoUsd} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

export function StepCache({ shown }: { shown: ShownStep }): VNode | null {
  const step = { ...shown.step, ...shown.detail.event } as ShownStep['step'];
  const read = numberIn(step, 'tokens_cache_read');
  if (read === undefined) return null;
  const written =
    (numberIn(step, 'tokens_cache_write_5m') ?? 0) + (numberIn(step, 'tokens_cache_write_1h') ?? 0);
  const input = (numberIn(step, 'tokens_input') ?? 0) + read + written;
  const miss = shown.detail.cache_miss;
  const said = textIn(step, 'cache_miss_reason');
  const breakpoints = numberIn(step, 'cache_breakpoints');
  return (
    <section class="part" aria-label="Cache">
      <h3>Cache</h3>
      <p>
        {read === 0
          ? 'Nothing was read from the cache'
          : `The first ${formatTokens(read)} of ${formatTokens(input)} input tokens were read from the cache (${formatPercent(read / input)})`}
        {written > 0 ? `, ${formatTokens(written)} were written to it.` : '.'}
        {breakpoints === 0 && ' The request asked for no caching.'}
      </p>
      {miss === undefined ? (
        said === undefined ? null : (
          <p class="why">The API says why it missed: {said}</p>
        )
      ) : (
        <p class="why">
          {formatTokens(miss.lostTokens)} cached tokens were not read again
          {miss.lostNanoUsd === undefined ? '' : ` (${formatCost(miss.lostNanoUsd)} more, estimated)`}
          {miss.cause === undefined ? '; nothing stored shows why.' : `: ${MISS_CAUSE_TEXTS[miss.cause]}`}
          {miss.cause === 'messages_changed' && miss.messageIndex !== undefined
            ? ` (message ${miss.messageIndex + 1} is the first that differs)`
            : ''}
          {miss.cause === 'ttl_expired' ? ` (${formatDuration(miss.gapMs)} since the last use)` : ''}
          {miss.cause === undefined ? '' : '.'}
        </p>
      )}
    </section>
  );
}
