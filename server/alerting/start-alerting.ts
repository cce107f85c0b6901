// Alerting in the embedded server: settings from the environment, checked before anything listens.

import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { configuredChannels } from '../../alerts/rules/channel-settings.ts';
import { misspeltAlertSettings, readAlertConfig, type AlertConfig } from '../../alerts/rules/policy.ts';
import { SettingError, type Environment } from '../../alerts/rules/setting.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { runSignal } from '../queries/signals/signals.ts';
import { messageOf, ServerError } from '../process/server-error.ts';
import type { PlanQueryable } from '../queries/list-value.ts';
import type { ChunkQueryable } from '../store/file/database.ts';
import { AlertChanges } from './alert-changes.ts';
import { Alerter } from './alerter.ts';
import type { Channel } from './channels/channel.ts';
import { OwnRules } from './own-rules.ts';
import { makeChannels } from './channels/make-channels.ts';

export interface Alerting {
  readonly config: AlertConfig;
  readonly channels: readonly Channel[];
  readonly env: Environment;
}

export interface StartAlertingOptions {
  readonly alerting: Alerting;
  readonly dataDir: string;
  readonly database: ChunkQueryable & PlanQueryable;
  readonly pageUrl: string;
  readonly log: (line: string) => void;
}

/**
 * Settings and channels of the environment; a zone that is given counts before TIMEZONE.
 * @throws ServerError that names every variable with a wrong value
 */
export function readAlerting(
  env: Environment,
  timezone: string | undefined,
  otherSecrets: readonly string[] = [],
): Alerting {
  try {
    const config = readAlertConfig(
      { ...env, ...(timezone !== undefined && { TIMEZONE: timezone }) },
      RULE_IDS,
    );
    return { config, channels: makeChannels(config.channels, otherSecrets), env };
  } catch (error) {
    if (error instanceof SettingError) throw new ServerError(`alerts: ${error.message}`);
    throw new ServerError(`alerts: ${messageOf(error)}`);
  }
}

/** Starts to check the rules; says in the log where notices go, or that they go nowhere. */
export async function startAlerting(options: StartAlertingOptions): Promise<Alerter> {
  const { alerting, database, dataDir, pageUrl, log } = options;
  const names = configuredChannels(alerting.config.channels);
  for (const line of misspeltAlertSettings(alerting.env)) log(`alerts: ${line}`);
  log(
    names.length > 0
      ? `alerts: notices go to ${names.join(', ')}`
      : 'alerts: no channel is configured, so notices are only on the page. Set TELEGRAM_BOT_TOKEN and ' +
          'TELEGRAM_CHAT_ID, or SMTP_HOST and ALERT_EMAIL, or another channel.',
  );
  for (const { id, channels = names } of alerting.config.own)
    if (names.length > 0 && !channels.some((name) => names.includes(name)))
      log(
        channels.length === 0
          ? `alerts: the rule ${id} has no channel, so its notices are only on the page.`
          : `alerts: the rule ${id} goes to ${channels.join(', ')} only, which is not configured, so its notices are only on the page.`,
      );
  const alerter = await Alerter.open({
    config: alerting.config,
    channels: alerting.channels,
    dataDir,
    changes: new AlertChanges(dataDir, alerting.env, log),
    own: new OwnRules(dataDir, alerting.config.own, log),
    database,
    read: (id, request) => runSignal(database, signalOf(id), request),
    pageUrl,
    log,
  });
  alerter.start();
  return alerter;
}
