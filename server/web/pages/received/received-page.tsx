// Received: what senders sent and nothing was made of, or less than there should be, by sender, kind and name, with what to do about it.

import type { VNode } from 'preact';
import { formatCount } from '../../../../core/text/format.ts';
import type { IntakeCounters } from '../../../intake/intake.ts';
import { adviceFor, type NotUnderstood } from '../../../intake/not-understood.ts';
import type { FutureEvents } from '../../../queries/read-meta.ts';
import { Moment } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { TableHead } from '../../parts/table-head.tsx';

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
          <Scroll label={{ headingId: 'not-understood' }}>
            <table>
              <TableHead of={['Service', 'Kind', 'Name', 'Scope', { n: 'Count' }, 'Last', 'What to do']} />
              <tbody>
                {rows.map((row) => (
                  <tr key={`${row.kind} ${row.service} ${row.scope} ${row.name}`}>
                    <td>
                      <bdi>{row.service || '–'}</bdi>
                    </td>
                    <td>{row.kind}</td>
                    <td>
                      <bdi>{row.name || '–'}</bdi>
                    </td>
                    <td>
                      <bdi>{row.scope || '–'}</bdi>
                    </td>
                    <td class="n">{formatCount(row.count)}</td>
                    <td>
                      <Moment at={new Date(row.lastMs).toISOString()} timezone={timezone} now={now} />
                    </td>
                    <td>{adviceFor(row.kind)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
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
