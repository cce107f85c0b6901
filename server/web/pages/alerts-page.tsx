// Alerts: what fires, every rule with its threshold, the channels, and what was told last.

import type { VNode } from 'preact';
import { NO_DATA, formatCount } from '../../../core/format.ts';
import type { AlertOverview, RuleLine } from '../../alerting/alert-overview.ts';
import type { ChannelTest } from '../../alerting/channel-tests.ts';
import { Moment } from '../cells.tsx';
import { Panel, Scroll } from '../panel.tsx';

/** Where the form of a test goes. */
export const TEST_PATH = '/alerts/test';
/** How long the outcome of a test stands at the top; with its channel it stands on. */
const TEST_TOLD_MS = 60_000;

export interface AlertsView {
  /** Undefined until alerting has started. */
  readonly overview: AlertOverview | undefined;
  readonly timezone: string;
  readonly now: number;
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
      </div>
      {test !== undefined && <TestResult test={test} />}
      <Rules view={view} overview={overview} />
      <Channels view={view} overview={overview} />
      <Notices view={view} overview={overview} />
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

interface Props {
  readonly view: AlertsView;
  readonly overview: AlertOverview;
}

function Rules({ view, overview }: Props): VNode {
  return (
    <Panel
      id="rules"
      title="Rules"
      sub={overview.disabled.length > 0 ? `switched off: ${overview.disabled.join(', ')}` : undefined}
    >
      <Scroll label={{ headingId: 'rules' }}>
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">State</th>
              <th scope="col">Now</th>
              <th scope="col" class="n">
                Limit
              </th>
              <th scope="col">Severity</th>
              <th scope="col">Checked</th>
            </tr>
          </thead>
          <tbody>
            {overview.rules.map((rule) => (
              <tr key={rule.id}>
                <td class="wrap">
                  <strong>{rule.title}</strong>
                  <span class="hint mono">{rule.id}</span>
                  {rule.fault !== null && <span class="why">could not be checked: {rule.fault}</span>}
                </td>
                <td>
                  <RuleState rule={rule} />
                </td>
                <td class="wrap">
                  {rule.alerts.length === 0
                    ? NO_DATA
                    : rule.alerts
                        .slice(0, 5)
                        .map((alert) => `${alert.key === '' ? '' : `${alert.key}: `}${alert.value_text}`)
                        .join(', ')}
                </td>
                <td class="n">{rule.threshold_text}</td>
                <td>{rule.severity}</td>
                <td>
                  <Moment at={rule.checked_at} timezone={view.timezone} now={view.now} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function RuleState({ rule }: { rule: RuleLine }): VNode {
  const phases = new Set(rule.alerts.map((alert) => alert.phase));
  if (phases.has('firing')) return <span class="badge failed">firing</span>;
  if (phases.has('pending')) return <span class="badge warn">pending</span>;
  const [first] = rule.alerts;
  const isQuiet = first === undefined || first.status === 'met' || first.status === 'unmet';
  return <span class="badge">{isQuiet ? 'quiet' : first.status.replaceAll('_', ' ')}</span>;
}

function Channels({ view, overview }: Props): VNode {
  return (
    <Panel id="channels" title="Channels">
      {overview.has_channel ? (
        <Scroll label={{ headingId: 'channels' }}>
          <table>
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">To</th>
                <th scope="col" class="n">
                  Delivered
                </th>
                <th scope="col" class="n">
                  Waiting
                </th>
                <th scope="col" class="n">
                  Given up
                </th>
                <th scope="col">Last error</th>
                <th scope="col">Try it</th>
              </tr>
            </thead>
            <tbody>
              {overview.channels.map((channel) => (
                <tr key={channel.channel}>
                  <td>{channel.channel}</td>
                  <td>{channel.target}</td>
                  <td class="n">{formatCount(channel.delivered)}</td>
                  <td class="n">{formatCount(channel.waiting)}</td>
                  <td class="n">{formatCount(channel.givenUp)}</td>
                  <td class="wrap">
                    {channel.lastError !== undefined && (
                      <>
                        <Moment
                          at={new Date(channel.lastError.atMs).toISOString()}
                          timezone={view.timezone}
                          now={view.now}
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
                      view={view}
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

function LastTest({ test, view }: { test: ChannelTest | undefined; view: AlertsView }): VNode | null {
  if (test === undefined) return null;
  return (
    <span class="hint">
      <Moment at={test.at} timezone={view.timezone} now={view.now} />{' '}
      {test.is_sent ? 'sent' : `not sent: ${test.reason}`}
    </span>
  );
}

function Notices({ view, overview }: Props): VNode {
  return (
    <Panel id="notices" title="Last notices">
      {overview.notices.length === 0 ? (
        <div class="empty">Nothing has been told yet.</div>
      ) : (
        <Scroll label={{ headingId: 'notices' }}>
          <table>
            <tbody>
              {overview.notices.map((notice) => (
                <tr key={notice.id}>
                  <td>
                    <Moment
                      at={new Date(notice.atMs).toISOString()}
                      timezone={view.timezone}
                      now={view.now}
                    />
                  </td>
                  <td class="wrap">
                    {notice.headline}
                    {notice.why.map((line, index) => (
                      <span key={index} class="hint">
                        {line.map((segment) => segment.text).join('')}
                      </span>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
