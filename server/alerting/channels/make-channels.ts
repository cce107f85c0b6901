// The channels that the settings configure.

import type { ChannelSettings } from '../../../alerts/rules/channel-settings.ts';
import { maskSecrets, secretsOfUrl } from '../../process/secrets.ts';
import { messageOf } from '../../process/server-error.ts';
import { DeliveryError, type Channel } from './channel.ts';
import { emailChannel } from './email.ts';
import { pagerDutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { telegramChannel } from './telegram.ts';
import { webhookChannel } from './webhook.ts';

/** Their failures hold none of the secrets, of whichever channel, nor those of the server. */
export function makeChannels(
  settings: ChannelSettings,
  otherSecrets: readonly string[] = [],
): readonly Channel[] {
  const { telegram, email, slack, webhook, pagerduty } = settings;
  const secrets = [...secretsOfChannels(settings), ...otherSecrets];
  const channels = [
    ...(telegram ? [telegramChannel(telegram)] : []),
    ...(email ? [emailChannel(email)] : []),
    ...(slack ? [slackChannel(slack)] : []),
    ...(webhook ? [webhookChannel(webhook)] : []),
    ...(pagerduty ? [pagerDutyChannel(pagerduty)] : []),
  ];
  return channels.map((channel) => ({
    ...channel,
    send: (notice, signal) =>
      channel.send(notice, signal).catch((error: unknown) => {
        throw withoutSecrets(error, secrets);
      }),
  }));
}

/** What only the services of the channels may read. */
export function secretsOfChannels({ telegram, email, slack, webhook, pagerduty }: ChannelSettings): string[] {
  return [
    ...(telegram ? [telegram.botToken] : []),
    ...(email?.password === undefined ? [] : [email.password]),
    ...(slack ? secretsOfUrl(slack.url) : []),
    ...(webhook ? secretsOfUrl(webhook.url) : []),
    ...(webhook?.secret === undefined ? [] : [webhook.secret]),
    ...(pagerduty ? [pagerduty.routingKey] : []),
  ];
}

function withoutSecrets(error: unknown, secrets: readonly string[]): DeliveryError {
  const { isPermanent, retryAfterMs } =
    error instanceof DeliveryError ? error : { isPermanent: false, retryAfterMs: undefined };
  return new DeliveryError(maskSecrets(messageOf(error), secrets), {
    isPermanent,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
