// A table of compactions: what each left of the context, what it cost, and what the calls after it saved.

import type { VNode } from 'preact';
import type { Compaction } from '../../../core/findings/compactions.ts';
import { formatCount, formatTokens } from '../../../core/text/format.ts';
import { Money, Moment, compactionTrigger, shortId } from './cells.tsx';
import { Scroll } from './panel.tsx';
import { TableHead } from './table-head.tsx';

/** Where a row leads: in a session to the turn, else to the session. */
const PLACES = {
  turn: { head: 'Turn', idOf: (each: Compaction) => each.runId, path: '/runs/' },
  session: { head: 'Session', idOf: (each: Compaction) => each.session, path: '/sessions/' },
};

export function CompactionTable(props: {
  compactions: readonly Compaction[];
  place: keyof typeof PLACES;
  timezone: string;
  now: number;
}): VNode {
  const { head, idOf, path } = PLACES[props.place];
  return (
    <Scroll label={{ headingId: 'compactions' }}>
      <table>
        <TableHead
          of={[
            'When',
            head,
            'Asked for by',
            { n: 'Before', title: 'Tokens of the context' },
            { n: 'After', title: 'Tokens of the first request after it' },
            { n: 'Calls since', title: 'Requests with a smaller context for it' },
            { n: 'Cost', title: 'Reading the context once more, and writing the new one' },
            { n: 'Saved', title: 'What the calls since would have read from the cache besides' },
          ]}
        />
        <tbody>
          {props.compactions.map((each) => (
            <tr key={`${each.session}${String(each.atMs)}`} data-compaction={each.trigger}>
              <td>
                <Moment at={new Date(each.atMs).toISOString()} timezone={props.timezone} now={props.now} />
              </td>
              <td>
                <a class="mono" href={`${path}${encodeURIComponent(idOf(each))}`}>
                  {shortId(idOf(each))}
                </a>
              </td>
              <td>{compactionTrigger(each.trigger)}</td>
              <td class="n">{formatTokens(each.tokensBefore ?? null)}</td>
              <td class="n">{formatTokens(each.tokensAfter ?? null)}</td>
              <td class="n">{formatCount(each.calls)}</td>
              <td class="n" data-value={each.costNanoUsd}>
                <Money of={each.costNanoUsd} />
              </td>
              <td class="n" data-value={each.savedNanoUsd}>
                <Money of={each.savedNanoUsd} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
