// Received: what senders sent and nothing was made of, or less than there should be, by sender, kind and name, with what to do about it.

import type { VNode } from 'preact';
import { formatCount } from '../../../../core/text/format.ts';
import type { IntakeCounters } from '../../../intake/intake.ts';
import { adviceFor, type NotUnderstood } from '../../../intake/not-understood.ts';
import type { FutureEvents } from '../../../queries/read-meta.ts';
import { countColumn, momentColumn, nameColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';

export interface ReceivedView {
  readonly rows: readonly NotUnderstood[];
  readonly counters: IntakeCounters;
  readonly future: FutureEvents;
  readonly timezone: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** A line on another page that leads here; nothing where there is nothing to see. */
export function ReceivedHint({ kinds, futureEvents }: { kinds: number; futureEvents: number }): VNode | null {
  if (kinds + futureEvents === 0) return null;
  const what = [
    kinds > 0 &&
      `${formatCount(kinds)} ${kinds === 1 ? 'kind' : 'kinds'} of data that came ${kinds === 1 ? 'was' : 'were'} not understood`,
    futureEvents > 0 &&
      `${formatCount(futureEvents)} ${futureEvents === 1 ? 'event is' : 'events are'} from the future`,
  ].filter(Boolean);
  return (
    <p class="message">
      {what.join('; ')}: <a href="/received">see what to do</a>
    </p>
  );
}

export function ReceivedPage({ view }: { view: ReceivedView }): VNode {
  const { rows, counters, future, timezone, now } = view;
  const columns: readonly DataColumn<NotUnderstood>[] = [
    nameColumn('service', 'Service', ({ service }) => service || null),
    textColumn('kind', 'Kind', ({ kind }) => kind),
    nameColumn('name', 'Name', ({ name }) => name || null),
    nameColumn('scope', 'Scope', ({ scope }) => scope || null),
    countColumn('count', 'Count', ({ count }) => count),
    momentColumn('last', 'Last', ({ lastMs }) => new Date(lastMs).toISOString(), { timezone, now }),
    {
      id: 'advice',
      title: 'What to do',
      value: ({ kind }) => adviceFor(kind),
      cell: ({ kind }) => adviceFor(kind),
      attributes: () => ({ class: 'wrap' }),
    },
  ];
  return (
    <>
      <div class="head">
        <h1>Received</h1>
      </div>
      {future.count > 0 && (
        <p class="message bad">
          {formatCount(future.count)} events are from the future, the last of{' '}
          <bdi>{future.service ?? 'a sender without a name'}</bdi>. Set the clock of its machine.
        </p>
      )}
      <Panel id="not-understood" title="Not understood" sub="since the server started">
        {rows.length === 0 ? (
          <p>Everything that came was understood.</p>
        ) : (
          <DataTable
            id="not-understood"
            name="what was not understood"
            rows={rows}
            keyOf={({ kind, service, scope, name }) => `${kind} ${service} ${scope} ${name}`}
            columns={columns}
          />
        )}
      </Panel>
      <Panel id="refused" title="Refused" sub="since the server started; each sender got the reason">
        <p>
          {formatCount(counters.requestsRefused)} requests, {formatCount(counters.recordsRefused)} log
          records, {formatCount(counters.spansRefused)} spans, {formatCount(counters.dataPointsRefused)} data
          points of metrics.
        </p>
      </Panel>
    </>
  );
}
