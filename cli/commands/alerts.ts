// `tallyspan alerts`: rules, their states, the last notices; `alerts test CHANNEL` sends a test notice.

import { Argument, type Command } from 'commander';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { CHANNEL_NAMES, type ChannelName } from '../../alerts/rules/channel-settings.ts';
import { testNotice } from '../../alerts/rules/notice.ts';
import { formatCount } from '../../core/text/format.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { SettingError } from '../../alerts/rules/setting.ts';
import type { AlertOverview, RuleLine } from '../../server/alerting/alert-overview.ts';
import { makeChannels } from '../../server/alerting/channels/make-channels.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { CliError, usageError } from '../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../terminal/io.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../source-options.ts';
import { formatMoment, zoneOf } from '../terminal/moment.ts';
import { renderTable, type TextColumn } from '../terminal/table.ts';

const NOTICES_SHOWN = 10;
const DEFAULT_PAGE = 'http://127.0.0.1:4319';

export function registerAlerts(program: Command, io: CliIo): void {
  const alerts = withSourceOptions(
    program.command('alerts').description('rules of alerts, their states, the last notices'),
  ).action(async (options: SourceCliOptions) => {
    const { overview, timezone } = await withSource(options, io, async (source) => ({
      overview: await source.alerts(),
      timezone: options.json === true ? 'UTC' : await zoneOf(source),
    }));
    writeAnswer(overview, options, io, (safe) =>
      renderOverview(safe, { nowMs: io.now(), timezone }, io.stdout),
    );
  });
  alerts
    .command('test')
    .description('send a test notice to a channel that the environment configures')
    .addArgument(new Argument('<channel>', 'where to').choices(CHANNEL_NAMES))
    .action(async (name: ChannelName) => {
      io.stdout.write(await sendTest(name, io));
    });
}

/** Sends it from this process, with the variables of this shell. */
async function sendTest(name: ChannelName, io: CliIo): Promise<string> {
  const channel = channelsOf(io).find((one) => one.name === name);
  if (channel === undefined) {
    throw usageError(`the channel ${name} is not configured in this shell. ${ADVICE[name]}`);
  }
  try {
    await channel.send(testNotice(io.now(), io.env['TALLYSPAN_URL']?.trim() || DEFAULT_PAGE), io.signal);
  } catch (error) {
    io.signal.throwIfAborted();
    throw new CliError(
      `${name} (${channel.target}): ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return `sent to ${name} (${channel.target}): look whether it came\n`;
}

const ADVICE: Record<ChannelName, string> = {
  telegram: 'Set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID.',
  email: 'Set SMTP_HOST and ALERT_EMAIL, and SMTP_USER and SMTP_PASSWORD where the server wants a login.',
  slack: 'Set SLACK_WEBHOOK_URL.',
  webhook: 'Set WEBHOOK_URL, and WEBHOOK_SECRET for the signature.',
  pagerduty: 'Set PAGERDUTY_KEY.',
};

function channelsOf(io: CliIo): ReturnType<typeof makeChannels> {
  try {
    return makeChannels(readAlertConfig(io.env, RULE_IDS).channels);
  } catch (error) {
    if (error instanceof SettingError) throw usageError(error.message);
    throw error;
  }
}

interface Clock {
  readonly nowMs: number;
  readonly timezone: string;
}

interface StateRow {
  readonly rule: RuleLine;
  readonly key: string;
  readonly state: string;
  readonly value: string;
}

/** Rules with what they say now, then the last notices. */
export function renderOverview(overview: AlertOverview, clock: Clock, output: CliOutput): string {
  const table = renderTable(overview.rules.flatMap(rowsOf), COLUMNS, output);
  const shown = overview.notices.slice(0, NOTICES_SHOWN);
  const notices = shown.map(({ atMs, headline }) => {
    return `${formatMoment(new Date(atMs).toISOString(), clock.nowMs, clock.timezone)}  ${headline}\n`;
  });
  return `${table}${channelLine(overview)}${notices.length > 0 ? `${noticesTitle(shown.length, overview.notices.length, clock)}\n${notices.join('')}` : ''}`;
}

function noticesTitle(shown: number, known: number, { timezone }: Clock): string {
  return shown < known
    ? `last ${formatCount(shown)} of ${formatCount(known)} notices (times in ${timezone}); --json has all`
    : `last notices (times in ${timezone})`;
}

const COLUMNS: readonly TextColumn<StateRow>[] = [
  { title: 'RULE', value: (row) => row.rule.id },
  {
    title: 'STATE',
    shrinks: true,
    wraps: true,
    value: (row) => row.state,
    tone: (row) => (row.state.startsWith('firing') ? 'bad' : undefined),
  },
  { title: 'VALUE', align: 'right', value: (row) => row.value },
  {
    title: 'LIMIT',
    align: 'right',
    value: ({ rule }) => `${rule.comparison === 'above' ? '>' : '<'} ${rule.threshold_text}`,
  },
  { title: 'OF', shrinks: true, wraps: true, value: (row) => row.key },
];

const STATUS_WORDS = {
  met: '',
  unmet: '',
  no_data: ' (no data)',
  no_history: ' (no history)',
  low_volume: ' (too little volume)',
  below_floor: ' (below the floor)',
} as const;

function rowsOf(rule: RuleLine): readonly StateRow[] {
  if (rule.fault !== null) return [{ rule, key: rule.fault, state: 'not checked', value: '' }];
  if (rule.alerts.length === 0) return [{ rule, key: '', state: 'quiet', value: '' }];
  return rule.alerts.map((alert) => ({
    rule,
    key: alert.key,
    state: `${alert.phase}${STATUS_WORDS[alert.status]}`,
    value: alert.value_text,
  }));
}

function channelLine({ channels, has_channel: hasChannel }: AlertOverview): string {
  if (!hasChannel) return 'channels: none known; notices are only on the page\n';
  const lines = channels.map(({ channel, target, waiting, lastError }) => {
    const trouble = lastError === undefined ? '' : `, last error: ${lastError.message}`;
    return `${channel} (${target})${waiting > 0 ? `, ${waiting} waiting` : ''}${trouble}`;
  });
  return `channels: ${lines.join('; ')}\n`;
}
