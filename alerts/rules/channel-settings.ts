// Channel settings: where notices go, read from the environment. A channel is configured when its
// variables are set; half of a pair or a value that cannot work is a problem told at start, by name.

import { readVariable, type Environment } from './setting.ts';

export type ChannelName = 'telegram' | 'email' | 'slack' | 'webhook' | 'pagerduty';

export const CHANNEL_NAMES: readonly ChannelName[] = ['telegram', 'email', 'slack', 'webhook', 'pagerduty'];

export interface TelegramSettings {
  readonly botToken: string;
  readonly chatId: string;
  /** Base of the Bot API; another one for a Bot API server of one's own. */
  readonly apiUrl: string;
}

/** `starttls` refuses a server without it; `implicit` is TLS from the first byte; `off` is for loopback. */
export type SmtpTls = 'starttls' | 'implicit' | 'off';

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: SmtpTls;
  readonly user?: string;
  readonly password?: string;
  readonly from: string;
  readonly to: readonly string[];
  /** File with the certificate authority of a mail server of one's own. */
  readonly caFile?: string;
}

export interface SlackSettings {
  readonly url: string;
}

export interface WebhookSettings {
  readonly url: string;
  /** Key of the HMAC-SHA256 signature. */
  readonly secret?: string;
}

export interface PagerDutySettings {
  readonly routingKey: string;
  readonly url: string;
}

export interface ChannelSettings {
  readonly telegram?: TelegramSettings;
  readonly email?: EmailSettings;
  readonly slack?: SlackSettings;
  readonly webhook?: WebhookSettings;
  readonly pagerduty?: PagerDutySettings;
}

export interface ChannelVariable {
  readonly env: string;
  readonly doc: string;
  readonly isSecret?: true;
}

// prettier-ignore
export const CHANNEL_VARIABLES: readonly ChannelVariable[] = [
  { env: 'TELEGRAM_BOT_TOKEN', isSecret: true, doc: 'Token from @BotFather: digits, a colon, the secret part.' },
  { env: 'TELEGRAM_CHAT_ID', doc: 'Chat that gets the notices: a number (negative for groups) or @channelname.' },
  { env: 'TELEGRAM_API_URL', doc: 'Bot API server of your own; default https://api.telegram.org.' },
  { env: 'SMTP_HOST', doc: 'Mail server, with the port where it is not 587: mail.example.com:465.' },
  { env: 'SMTP_USER', doc: 'User name at the mail server; without it no login.' },
  { env: 'SMTP_PASSWORD', isSecret: true, doc: 'Password at the mail server.' },
  { env: 'SMTP_TLS', doc: 'starttls (default), implicit (default on port 465) or off (only without login).' },
  { env: 'SMTP_CA_FILE', doc: 'Certificate authority (PEM file) of a mail server of your own.' },
  { env: 'SMTP_FROM', doc: 'Sender; default the user name where it is an address, else the first receiver.' },
  { env: 'ALERT_EMAIL', doc: 'Receivers, separated by commas.' },
  { env: 'SLACK_WEBHOOK_URL', isSecret: true, doc: 'Incoming webhook of a Slack app.' },
  { env: 'WEBHOOK_URL', doc: 'Any URL; gets the notice as JSON by POST.' },
  { env: 'WEBHOOK_SECRET', isSecret: true, doc: 'Key of the HMAC-SHA256 signature in the header X-Tallyspan-Signature.' },
  { env: 'PAGERDUTY_KEY', isSecret: true, doc: 'Integration key (Events API v2): 32 letters and digits.' },
  { env: 'PAGERDUTY_URL', doc: 'Events API; default https://events.pagerduty.com, in the EU https://events.eu.pagerduty.com.' },
];

/** Channel settings from the environment. Adds a line to `problems` for each fault. */
export function readChannelSettings(env: Environment, problems: string[]): ChannelSettings {
  const telegram = readTelegram(env, problems);
  const email = readEmail(env, problems);
  const slack = readUrl(env, 'SLACK_WEBHOOK_URL', 'copy it from the Slack app, Incoming Webhooks', problems);
  const webhook = readUrl(env, 'WEBHOOK_URL', 'write the whole address, with https://', problems);
  const secret = readVariable(env, 'WEBHOOK_SECRET');
  const pagerduty = readPagerDuty(env, problems);
  if (secret !== undefined && readVariable(env, 'WEBHOOK_URL') === undefined) {
    problems.push('WEBHOOK_SECRET is set but WEBHOOK_URL is not: set the address, or remove the secret.');
  }
  return {
    ...(telegram && { telegram }),
    ...(email && { email }),
    ...(slack && { slack: { url: slack } }),
    ...(webhook && { webhook: { url: webhook, ...(secret === undefined ? {} : { secret }) } }),
    ...(pagerduty && { pagerduty }),
  };
}

/** The channels that are configured, in the order of {@link CHANNEL_NAMES}. */
export function configuredChannels(settings: ChannelSettings): readonly ChannelName[] {
  return CHANNEL_NAMES.filter((name) => settings[name] !== undefined);
}

const BOT_TOKEN = /^\d{3,}:[\w-]{20,}$/;
const CHAT_ID = /^(-?\d+|@\w{4,})$/;

function readTelegram(env: Environment, problems: string[]): TelegramSettings | undefined {
  const botToken = readVariable(env, 'TELEGRAM_BOT_TOKEN');
  const chatId = readVariable(env, 'TELEGRAM_CHAT_ID');
  if (botToken === undefined && chatId === undefined) return undefined;
  const before = problems.length;
  if (chatId === undefined) {
    problems.push(
      'TELEGRAM_BOT_TOKEN is set but TELEGRAM_CHAT_ID is not: write to your bot once, then take ' +
        'message.chat.id from https://api.telegram.org/bot<token>/getUpdates.',
    );
  } else if (!CHAT_ID.test(chatId)) {
    problems.push(`TELEGRAM_CHAT_ID is "${chatId}": write a number such as -1001234567890, or @channelname.`);
  }
  if (botToken === undefined) {
    problems.push('TELEGRAM_CHAT_ID is set but TELEGRAM_BOT_TOKEN is not: get a token from @BotFather.');
  } else if (!BOT_TOKEN.test(botToken)) {
    problems.push(
      'TELEGRAM_BOT_TOKEN is no bot token: it looks like 123456789:AA… (copy the whole line from @BotFather).',
    );
  }
  const url = readVariable(env, 'TELEGRAM_API_URL') ?? 'https://api.telegram.org';
  const apiUrl = checkUrl('TELEGRAM_API_URL', url, 'write the whole address, with https://', problems);
  if (problems.length > before || botToken === undefined || chatId === undefined) return undefined;
  return { botToken, chatId, apiUrl: (apiUrl ?? url).replace(/\/+$/, '') };
}

const ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;]+$/;
const HOST = /^(\[[\da-f:]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;
const SUBMISSION_PORT = 587;
const SMTPS_PORT = 465;

function readEmail(env: Environment, problems: string[]): EmailSettings | undefined {
  const hostText = readVariable(env, 'SMTP_HOST');
  const receivers = readVariable(env, 'ALERT_EMAIL');
  const user = readVariable(env, 'SMTP_USER');
  const password = readVariable(env, 'SMTP_PASSWORD');
  if (hostText === undefined && receivers === undefined && user === undefined && password === undefined) {
    return undefined;
  }
  const before = problems.length;
  if (hostText === undefined)
    problems.push('SMTP_HOST is not set: e-mail needs a mail server, such as smtp.example.com:587.');
  if (receivers === undefined)
    problems.push('ALERT_EMAIL is not set: say who gets the e-mail, addresses separated by commas.');
  const match = hostText === undefined ? null : HOST.exec(hostText);
  const port = match?.[2] === undefined ? SUBMISSION_PORT : Number(match[2]);
  if (hostText !== undefined && (match === null || port < 1 || port > 65_535)) {
    problems.push(`SMTP_HOST is "${hostText}": write a host name, or host:port.`);
  }
  const to = (receivers ?? '')
    .split(/[,;]/)
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const wrong = to.find((address) => !ADDRESS.test(address));
  if (wrong !== undefined) problems.push(`ALERT_EMAIL holds "${wrong}": that is no e-mail address.`);
  if (user !== undefined && password === undefined) {
    problems.push('SMTP_USER is set but SMTP_PASSWORD is not: set both, or none for a server without login.');
  }
  if (user === undefined && password !== undefined) {
    problems.push('SMTP_PASSWORD is set but SMTP_USER is not: set both, or none for a server without login.');
  }
  const tls = readVariable(env, 'SMTP_TLS') ?? (port === SMTPS_PORT ? 'implicit' : 'starttls');
  if (tls !== 'starttls' && tls !== 'implicit' && tls !== 'off') {
    problems.push(`SMTP_TLS is "${tls}": write starttls, implicit or off.`);
  } else if (tls === 'off' && user !== undefined) {
    problems.push('SMTP_TLS is off while SMTP_USER is set: a password is never sent in the clear.');
  }
  const isUserAddress = user !== undefined && ADDRESS.test(user);
  const from = readVariable(env, 'SMTP_FROM') ?? (isUserAddress ? user : to[0]);
  if (from !== undefined && !ADDRESS.test(from))
    problems.push(`SMTP_FROM is "${from}": that is no e-mail address.`);
  if (problems.length > before || match === null || from === undefined) return undefined;
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '');
  const login = user === undefined || password === undefined ? {} : { user, password };
  const caFile = readVariable(env, 'SMTP_CA_FILE');
  const authority = caFile === undefined ? {} : { caFile };
  return { host, port, tls: tls as SmtpTls, ...login, from, to, ...authority };
}

const ROUTING_KEY = /^[A-Za-z0-9]{32}$/;
const PAGERDUTY_PATH = '/v2/enqueue';

function readPagerDuty(env: Environment, problems: string[]): PagerDutySettings | undefined {
  const routingKey = readVariable(env, 'PAGERDUTY_KEY');
  if (routingKey === undefined) return undefined;
  const base = readVariable(env, 'PAGERDUTY_URL') ?? 'https://events.pagerduty.com';
  const url = checkUrl(
    'PAGERDUTY_URL',
    base,
    'write https://events.eu.pagerduty.com or leave it empty',
    problems,
  );
  if (!ROUTING_KEY.test(routingKey)) {
    problems.push(
      'PAGERDUTY_KEY is no integration key: it has 32 letters and digits (service, Integrations, Events API v2).',
    );
    return undefined;
  }
  if (url === undefined) return undefined;
  const whole = url.replace(/\/+$/, '');
  return { routingKey, url: whole.endsWith(PAGERDUTY_PATH) ? whole : whole + PAGERDUTY_PATH };
}

function readUrl(env: Environment, name: string, advice: string, problems: string[]): string | undefined {
  const text = readVariable(env, name);
  return text === undefined ? undefined : checkUrl(name, text, advice, problems);
}

const URL_FORM = /^(https?):\/\/(\[[\da-f:]+\]|[^\s/:?#@]+)(:\d{1,5})?([/?][^\s]*)?$/i;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/** The value may be a secret (a webhook address is), so the message does not repeat it. */
function checkUrl(name: string, text: string, advice: string, problems: string[]): string | undefined {
  const match = URL_FORM.exec(text);
  if (match === null) {
    problems.push(`${name} is no URL: ${advice}.`);
    return undefined;
  }
  const isPlain = match[1]?.toLowerCase() === 'http';
  if (isPlain && name !== 'WEBHOOK_URL' && !LOOPBACK.test(match[2] ?? '')) {
    problems.push(`${name} is not encrypted: it must begin with https://.`);
    return undefined;
  }
  return text;
}
