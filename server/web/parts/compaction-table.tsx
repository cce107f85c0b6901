// A table of compactions: what each left of the context, what it cost, and what the calls after it saved.

import type { VNode } from 'preact';
import type { Compaction } from '../../../core/findings/compactions.ts';
import { compactionTrigger, shortId } from './cells.tsx';
import { countColumn, momentColumn, moneyColumn, tokensColumn } from './data-columns.tsx';
import { DataTable, type DataColumn } from './data-table.tsx';

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
  const columns: readonly DataColumn<Compaction>[] = [
    momentColumn('at', 'When', ({ atMs }) => new Date(atMs).toISOString(), props),
    {
      id: props.place,
      title: head,
      value: idOf,
      cell: (each) => (
        <a class="mono" href={`${path}${encodeURIComponent(idOf(each))}`}>
          {shortId(idOf(each))}
        </a>
      ),
    },
    {
      id: 'asked_for_by',
      title: 'Asked for by',
      value: ({ trigger }) => trigger,
      cell: ({ trigger }) => compactionTrigger(trigger),
    },
    tokensColumn('tokens_before', 'Before', (each) => each.tokensBefore ?? null, {
      help: 'Tokens of the context',
    }),
    tokensColumn('tokens_after', 'After', (each) => each.tokensAfter ?? null, {
      help: 'Tokens of the first request after it',
    }),
    countColumn('calls_since', 'Calls since', (each) => each.calls, {
      help: 'Requests with a smaller context for it',
    }),
    moneyColumn('cost_usd', 'Cost', (each) => each.costNanoUsd, {
      help: 'Reading the context once more, and writing the new one',
      attributes: (each) => ({ 'data-value': each.costNanoUsd }),
    }),
    moneyColumn('saved_usd', 'Saved', (each) => each.savedNanoUsd, {
      help: 'What the calls since would have read from the cache besides',
      attributes: (each) => ({ 'data-value': each.savedNanoUsd }),
    }),
  ];
  return (
    <DataTable
      id="compactions"
      name="compactions"
      rows={props.compactions}
      keyOf={({ session, atMs }) => `${session}${String(atMs)}`}
      rowAttributes={({ trigger }) => ({ 'data-compaction': trigger })}
      columns={columns}
    />
  );
}
