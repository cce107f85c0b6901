// Alerts: what fires, every rule with its threshold, the channels, and what was told last.

import type { VNode } from 'preact';
import { formatCount } from '../../../../core/text/format.ts';
import type { AlertOverview } from '../../../alerting/alert-overview.ts';
import type { ChannelTest } from '../../../alerting/channel-tests.ts';
import { Moment } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { AlertNotices } from './alert-notices.tsx';
import { AlertRules } from './alert-rules.tsx';
import { NEW_RULE_PATH } from './own-rule-page.tsx';
import type { Clock } from './alert-texts.ts';
import { TableHead } from '../../parts/table-head.tsx';

/** Where the form of a test goes. */
export const TEST_PATH = '/alerts/test';
/** How long the outcome of a test stands at the top; with its channel it stands on. */
const TEST_TOLD_MS = 60_000;

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
        <Scroll label={{ headingId: 'channels' }}>
          <table class="as-cards">
            <TableHead
              of={[
                'Channel',
                'To',
                { n: 'Delivered' },
                { n: 'Waiting' },
                { n: 'Given up' },
                'Last error',
                'Try it',
              ]}
            />
            <tbody>
              {overview.channels.map((channel) => (
                <tr key={channel.channel}>
                  <td>{channel.channel}</td>
                  <td data-label="To">{channel.target}</td>
                  <td class="n" data-label="Delivered">
                    {formatCount(channel.delivered)}
                  </td>
                  <td class="n" data-label="Waiting">
                    {formatCount(channel.waiting)}
                  </td>
                  <td class="n" data-label="Given up">
                    {formatCount(channel.givenUp)}
                  </td>
                  <td class="wrap">
                    {channel.lastError !== undefined && (
                      <>
                        <Moment
                          at={new Date(channel.lastError.atMs).toISOString()}
                          timezone={clock.timezone}
                          now={clock.now}
                        />{' '}
                        {channel.lastError.message}
                      </>
                    )}
                  </td>

                  <td class="wrap">
                    <form method="post" action={TEST_PATH}>
                      <input type="hidden" name="channel" value={channel.channel} />
                      <button type="submit">Send a test to {channel.channel}</button>
                    </form>
                    <LastTest
                      test={overview.tests.find((test) => test.channel === channel.channel)}
                      clock={clock}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
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

function LastTest({ test, clock }: { test: ChannelTest | undefined; clock: Clock }): VNode | null {
  if (test === undefined) return null;
  return (
    <span class="hint">
      <Moment at={test.at} timezone={clock.timezone} now={clock.now} />{' '}
      {test.is_sent ? 'sent' : `not sent: ${test.reason}`}
    </span>
  );
}
