// A mail server that keeps what it gets: real SMTP with TLS and login, on a free loopback port.

import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './certificate.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message as it came. */
  readonly raw: string;
  readonly isEncrypted: boolean;
  /** Who had logged in. */
  readonly user: string | undefined;
}

export interface MailSink {
  readonly host: string;
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Refuses the next messages with these codes: 451 passes, 550 stays. */
  refuse(...codes: readonly number[]): void;
  waitForMails(count: number, limitMs?: number): Promise<readonly ReceivedMail[]>;
  close(): Promise<void>;
}

export interface MailSinkOptions {
  /** With it the sink offers TLS: from the first byte, or after STARTTLS. */
  readonly certificate?: Certificate;
  readonly isImplicitTls?: boolean;
  /** Receivers that it refuses. */
  readonly unknown?: readonly string[];
  /** With it the sink wants a login. */
  readonly login?: { readonly user: string; readonly password: string };
}

const POLL_MS = 20;
const WAIT_LIMIT_MS = 120_000;

export async function startMailSink(options: MailSinkOptions = {}): Promise<MailSink> {
  const { certificate, login } = options;
  const mails: ReceivedMail[] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    secure: options.isImplicitTls ?? false,
    ...(certificate && { key: certificate.key, cert: certificate.cert }),
    disabledCommands: [...(certificate ? [] : ['STARTTLS']), ...(login ? [] : ['AUTH'])],
    authOptional: login === undefined,
    disableReverseLookup: true,
    onAuth(auth, _session, done) {
      const isRight = auth.username === login?.user && auth.password === login?.password;
      if (isRight) done(null, { user: auth.username ?? '' });
      else done(new Error('Invalid username or password'));
    },
    onRcptTo({ address }, _session, done) {
      if (options.unknown?.includes(address)) done(refusalOf(550));
      else done();
    },
    onData(stream, session, done) {
      let raw = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        raw += text;
      });
      stream.on('end', () => {
        const code = refusals.shift();
        if (code !== undefined) {
          done(refusalOf(code));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map((receiver) => receiver.address),
          raw,
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
        });
        done();
      });
    },
  });
  // A client that breaks off is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    host: '127.0.0.1',
    port,
    mails,
    refuse: (...codes) => void refusals.push(...codes),
    async waitForMails(count, limitMs = WAIT_LIMIT_MS) {
      const untilMs = Date.now() + limitMs;
      while (mails.length < count) {
        if (Date.now() > untilMs) throw new Error(`${mails.length} of ${count} mails came`);
        await sleep(POLL_MS);
      }
      return mails;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** One header, its lines joined and its encoded words decoded. */
export function headerOf(mail: ReceivedMail, name: string): string | undefined {
  const [head = ''] = mail.raw.split(/\r?\n\r?\n/, 1);
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
  const line = unfolded.split(/\r?\n/).find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line === undefined ? undefined : decodeWords(line.slice(name.length + 1).trim());
}

/** The part of the message with this content type, decoded. */
export function partOf(mail: ReceivedMail, type: 'text/plain' | 'text/html'): string | undefined {
  const boundary = /boundary="?([^";\r\n]+)"?/i.exec(mail.raw)?.[1];
  const parts = boundary === undefined ? [mail.raw] : mail.raw.split(`--${boundary}`);
  for (const part of parts) {
    const [head = '', ...rest] = part.trimStart().split(/\r?\n\r?\n/);
    if (!head.toLowerCase().includes(`content-type: ${type}`)) continue;
    return decodeBody(rest.join('\n\n'), /content-transfer-encoding: *([\w-]+)/i.exec(head)?.[1] ?? '7bit');
  }
  return undefined;
}

function decodeBody(body: string, encoding: string): string {
  if (encoding.toLowerCase() === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding.toLowerCase() === 'quoted-printable') return decodeQuoted(body.replaceAll(/=\r?\n/g, ''));
  return body;
}

function decodeWords(text: string): string {
  const joined = text.replaceAll(/\?=\s+=\?/g, '?==?');
  return joined.replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
    kind.toLowerCase() === 'b'
      ? Buffer.from(word, 'base64').toString('utf8')
      : decodeQuoted(word.replaceAll('_', ' ')),
  );
}

function decodeQuoted(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === '=' ? /^[\dA-F]{2}/i.exec(text.slice(at + 1))?.[0] : undefined;
    if (hex === undefined) bytes.push(...Buffer.from(text[at] ?? ''));
    else {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

function refusalOf(responseCode: number): Error {
  return Object.assign(new Error('refused by the test'), { responseCode });
}
