// The settings of a server: its options, read and checked before a file or a port is touched.

import { presentZoneName } from '../core/time/zone-names.ts';
import { secretsOfChannels } from './alerting/channels/make-channels.ts';
import { readAlerting, type Alerting } from './alerting/start-alerting.ts';
import type { AdminApiOptions } from './billing/admin-client.ts';
import { adminApiOf, readServiceKeys } from './billing/billing-settings.ts';
import { accessOf, openProxyWarning, type Access } from './process/access.ts';
import { parseTrustedProxies } from './process/proxy.ts';
import { isEveryAddress } from './process/reachable-host.ts';
import { maskSecrets } from './process/secrets.ts';
import { feedbackDoorOf, type FeedbackDoor } from './scores/feedback.ts';
import type { ServerOptions } from './server-options.ts';
import { parseTraceUrls } from './web/trace-links.ts';

export interface ServerSettings {
  /** As given, but its log shows no secret, whoever repeats it. */
  readonly options: ServerOptions;
  readonly host: string;
  /** Of pages, limits and alerts alike. */
  readonly timezone: string;
  readonly alerting: Alerting;
  readonly access: Access;
  readonly trustedProxies: readonly string[];
  readonly traceUrls: readonly string[];
  /** Undefined where feedback is off. */
  readonly feedbackDoor: FeedbackDoor | undefined;
  readonly billing: {
    /** Undefined where the bill is not fetched. */
    readonly api: AdminApiOptions | undefined;
    readonly serviceOfKey: ReadonlyMap<string, string>;
  };
}

/** Says in the log what is allowed and unwise. @throws ServerError for what is wrong */
export function readServerSettings(given: ServerOptions): ServerSettings {
  const { options, alerting } = withoutSecretsInLog(given);
  const host = options.host ?? '127.0.0.1';
  const { pageUrl, timezone } = alerting.config.policy;
  const access = accessOf(host, options.token, pageUrl);
  const trustedProxies = parseTrustedProxies(options.trustedProxies ?? '');
  const openProxy = openProxyWarning({
    token: options.token,
    pageUrl,
    hasTrustedProxies: (options.trustedProxies ?? '').trim() !== '',
  });
  if (openProxy !== undefined) options.log(openProxy);
  return {
    options,
    host,
    timezone: presentZoneName(timezone) ?? timezone,
    alerting,
    access,
    trustedProxies,
    traceUrls: parseTraceUrls(options.traceUrls ?? ''),
    feedbackDoor: feedbackDoorOf(options.feedbackSecret),
    billing: {
      api: adminApiOf(options.billingEnv ?? {}),
      serviceOfKey: readServiceKeys(options.billingEnv ?? {}),
    },
  };
}

/** What links in notices begin with; `uiUrl` is where this machine reaches the page. */
export function pageUrlOf({ alerting, host, options }: ServerSettings, uiUrl: string): string {
  const { pageUrl } = alerting.config.policy;
  if (pageUrl !== undefined && new URL(pageUrl).pathname !== '/')
    options.log(
      `TALLYSPAN_URL is "${pageUrl}", an address below another: links of the page do not work there. Give the page a name of its own, such as https://tallyspan.example.com.`,
    );
  if (pageUrl === undefined && isEveryAddress(host) && alerting.channels.length > 0)
    options.log(
      `alerts: links in notices begin with ${uiUrl}, which works on this machine only. Set TALLYSPAN_URL to the address by which people reach the page.`,
    );
  return pageUrl ?? uiUrl;
}

function withoutSecretsInLog(given: ServerOptions): { options: ServerOptions; alerting: Alerting } {
  const token = given.token === undefined ? [] : [given.token];
  const alerting = readAlerting(given.alertEnv ?? {}, given.timezone, token);
  const feedback = given.feedbackSecret === undefined ? [] : [given.feedbackSecret];
  const adminKey = [given.billingEnv?.['ANTHROPIC_ADMIN_KEY'] ?? ''].filter((key) => key !== '');
  const forwarding = Object.values(given.forwardHeaders ?? {}).filter((value) => value !== '');
  const secrets = [
    ...secretsOfChannels(alerting.config.channels),
    ...token,
    ...feedback,
    ...adminKey,
    ...forwarding,
  ];
  return { options: { ...given, log: (line) => given.log(maskSecrets(line, secrets)) }, alerting };
}
