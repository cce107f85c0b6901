// The channels that the settings configure.

import type { ChannelSettings } from '../../../alerts/rules/channel-settings.ts';
import type { Channel } from './channel.ts';
import { emailChannel } from './email.ts';
import { pagerDutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { telegramChannel } from './telegram.ts';
import { webhookChannel } from './webhook.ts';

export function makeChannels(settings: ChannelSettings): readonly Channel[] {
  const { telegram, email, slack, webhook, pagerduty } = settings;
  return [
    ...(telegram ? [telegramChannel(telegram)] : []),
    ...(email ? [emailChannel(email)] : []),
    ...(slack ? [slackChannel(slack)] : []),
    ...(webhook ? [webhookChannel(webhook)] : []),
    ...(pagerduty ? [pagerDutyChannel(pagerduty)] : []),
  ];
}
