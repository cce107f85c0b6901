// Alerts: what fires, every rule with its threshold, the channels, and what was told last.

import type { VNode } from 'preact';
import type { AlertOverview } from '../../../alerting/alert-overview.ts';
import type { ChannelTest } from '../../../alerting/channel-tests.ts';
import { Moment } from '../../parts/cells.tsx';
import { countColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { AlertNotices } from './alert-notices.tsx';
import { AlertRules } from './alert-rules.tsx';
import { NEW_RULE_PATH } from './own-rule-page.tsx';
import type { Clock } from './alert-texts.ts';

/** Where the form of a test goes. */
export const TEST_PATH = '/alerts/test';
/** How long the outcome of a test stands at the top; with its channel it stands on. */
const TEST_TOLD_MS = 60_000;

type ChannelLine = AlertOverview['channels'][number];

export interface AlertsView extends Clock {
  /** Undefined until alerting has started. */
  readonly overview: AlertOverview | undefined;
}

export function AlertsPage({ view }: { view: AlertsView }): VNode {
  const { overview, now } = view;
  if (overview === undefined)
    return <div class="hello">Alerting has not started yet. Look again in a second.</div>;
  const test = overview.tests.find(({ at }) => now - Date.parse(at) < TEST_TOLD_MS);
  return (
    <>
      <div class="head">
        <h1>Alerts</h1>
        <span class={overview.firing > 0 ? 'badge failed' : 'badge ok'}>
          {overview.firing === 0 ? 'none firing' : `${overview.firing} firing`}
        </span>
        <span class="grow" />
        <a class="button" href={NEW_RULE_PATH}>
          New rule
        </a>
      </div>
      {test !== undefined && <TestResult test={test} />}
      <AlertRules overview={overview} clock={view} />
      <Channels overview={overview} clock={view} />
      <AlertNotices overview={overview} clock={view} />
    </>
  );
}

function TestResult({ test }: { test: ChannelTest }): VNode {
  return (
    <div class={test.is_sent ? 'message good' : 'message bad'} role="status">
      {test.is_sent ? (
        <>
          <strong>Sent</strong> to {test.channel} ({test.target}). Look whether it came.
        </>
      ) : (
        <>
          <strong>Not sent</strong> to {test.channel} ({test.target}): {test.reason}
        </>
      )}
    </div>
  );
}

function Channels({ overview, clock }: { overview: AlertOverview; clock: Clock }): VNode {
  return (
    <Panel id="channels" title="Channels">
      {overview.has_channel ? (
        <DataTable
          id="channels"
          name="channels"
          look="as-cards"
          rows={overview.channels}
          keyOf={({ channel }) => channel}
          columns={channelColumns(overview, clock)}
        />
      ) : (
        <div class="empty">
          No channel is configured, so notices stay on this page. Set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID,
          or SMTP_HOST and ALERT_EMAIL, SLACK_WEBHOOK_URL, WEBHOOK_URL or PAGERDUTY_KEY, start again, and try
          it with
          <span class="mono"> tallyspan alerts test</span>.
        </div>
      )}
    </Panel>
  );
}

function channelColumns(overview: AlertOverview, clock: Clock): readonly DataColumn<ChannelLine>[] {
  return [
    textColumn('channel', 'Channel', ({ channel }) => channel),
    { id: 'to', title: 'To', label: 'To', value: ({ target }) => target, cell: ({ target }) => target },
    countColumn('delivered', 'Delivered', ({ delivered }) => delivered, { label: 'Delivered' }),
    countColumn('waiting', 'Waiting', ({ waiting }) => waiting, { label: 'Waiting' }),
    countColumn('given_up', 'Given up', ({ givenUp }) => givenUp, { label: 'Given up' }),
    {
      id: 'last_error',
      title: 'Last error',
      value: ({ lastError }) => lastError?.message ?? null,
      cell: ({ lastError }) =>
        lastError !== undefined && (
          <>
            <Moment at={new Date(lastError.atMs).toISOString()} timezone={clock.timezone} now={clock.now} />{' '}
            {lastError.message}
          </>
        ),
      attributes: () => ({ class: 'wrap' }),
    },
    {
      id: 'last_test',
      title: 'Try it',
      value: ({ channel }) => {
        const test = overview.tests.find((one) => one.channel === channel);
        return test === undefined ? null : test.is_sent ? 'sent' : `not sent: ${test.reason}`;
      },
      cell: ({ channel }) => (
        <>
          <form method="post" action={TEST_PATH}>
            <input type="hidden" name="channel" value={channel} />
            <button type="submit">Send a test to {channel}</button>
          </form>
          <LastTest test={overview.tests.find((test) => test.channel === channel)} clock={clock} />
        </>
      ),
      attributes: () => ({ class: 'wrap' }),
    },
  ];
}

function LastTest({ test, clock }: { test: ChannelTest | undefined; clock: Clock }): VNode | null {
  if (test === undefined) return null;
  return (
    <span class="hint">
      <Moment at={test.at} timezone={clock.timezone} now={clock.now} />{' '}
      {test.is_sent ? 'sent' : `not sent: ${test.reason}`}
    </span>
  );
}
