// E-mail: SMTP with TLS and login, as text and as HTML.

import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import type { EmailSettings } from '../../../alerts/rules/channel-settings.ts';
import { maskSecrets } from '../../process/secrets.ts';
import { DeliveryError, type Channel } from './channel.ts';
import { cutNoticeText, escapeHtml, markOf, PLAIN, renderNotice, type Markup } from './notice-text.ts';

const SUBJECT_LIMIT = 150;
const TEXT_LIMIT = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 20_000;
/** All of one mail: a server that says a little again and again is never silent for the time above. */
const MAIL_TIMEOUT_MS = 60_000;
const SMTP_PERMANENT = 500;

const HTML: Markup = {
  escape: escapeHtml,
  link: (text, url) => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`,
  headline: (text) => `<b>${text}</b>`,
};

interface MailFailure {
  readonly code?: string;
  readonly responseCode?: number;
}

export function emailChannel(settings: EmailSettings): Channel {
  const { host, port, tls, user, password, from, to, caFile } = settings;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    ...(caFile !== undefined && { tls: { ca: readFileSync(caFile) } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
  });
  return {
    name: 'email',
    target: `${to.join(', ')} by ${host}:${port}`,
    gapMs: 0,
    async send(notice, signal) {
      const html = renderNotice(notice, HTML, TEXT_LIMIT).replaceAll('\n', '<br>\n');
      const limit = AbortSignal.timeout(MAIL_TIMEOUT_MS);
      const { rejected, rejectedErrors } = await transport
        .sendMail({
          signal: AbortSignal.any([signal, limit]),
          from: { name: 'tallyspan', address: from },
          to: [...to],
          subject: cutNoticeText(`${markOf(notice)} ${notice.headline}`, SUBJECT_LIMIT),
          text: renderNotice(notice, PLAIN, TEXT_LIMIT),
          html: `<p>${html}</p>`,
          // The same notice sent twice is one mail for a receiver that looks.
          messageId: `<${notice.id}@tallyspan.local>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Tallyspan-Notice': notice.id },
        })
        .catch((error: unknown) => {
          throw limit.aborted ? tookTooLong() : deliveryError(error, [password ?? '']);
        });
      if (rejected.length > 0) throw partlyRefused(rejected, rejectedErrors?.[0], [password ?? '']);
    },
  };
}

function tookTooLong(): DeliveryError {
  return new DeliveryError(`The mail server: not done within ${MAIL_TIMEOUT_MS / 1000} s`, {
    isPermanent: false,
  });
}

/** The others have it: sent again it would be there twice. */
function partlyRefused(
  refused: readonly string[],
  reason: Error | undefined,
  secrets: readonly string[],
): DeliveryError {
  const why = reason === undefined ? '' : `: ${firstLine(reason.message, secrets)}`;
  return new DeliveryError(`The mail server took the mail, but not for ${refused.join(', ')}${why}`, {
    isPermanent: true,
  });
}

function firstLine(text: string, secrets: readonly string[]): string {
  return maskSecrets(text, secrets).split('\n')[0] ?? '';
}

function deliveryError(error: unknown, secrets: readonly string[]): DeliveryError {
  const { code, responseCode } = error as MailFailure;
  const text = error instanceof Error ? error.message : String(error);
  const isRefused = responseCode !== undefined && responseCode >= SMTP_PERMANENT;
  return new DeliveryError(`The mail server: ${firstLine(text, secrets)}`, {
    isPermanent: code === 'EAUTH' ? isRefused || responseCode === undefined : isRefused,
  });
}
