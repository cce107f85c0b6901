// The init script of the stack as it is shipped: run by Node, into an empty folder.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { stackProblems } from '../../alerts/stack-settings.ts';
import { BOT_TOKEN } from '../fakes/telegram.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../alerts/stack-init.ts');

let out = '';
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), 'tallyspan-init-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

function runInit(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [SCRIPT, out], { env, encoding: 'utf8' });
}

function read(file: string): string {
  return readFileSync(path.join(out, file), 'utf8');
}

interface RuleFile {
  groups: {
    rules: { uid: string; data: { refId: string; model: { expression?: string; expr?: string } }[] }[];
  }[];
}

function conditionOf(uid: string): string | undefined {
  const { groups } = parse(read('grafana/alerting/rules.yaml')) as RuleFile;
  const rule = groups.flatMap((group) => group.rules).find((one) => one.uid === uid);
  return rule?.data.find((step) => step.refId === 'Condition')?.model.expression;
}

describe('the init script', () => {
  it('without any setting renders the rules, no contact point, and a password that it prints once', () => {
    const first = runInit({});
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('no alert channel is configured');
    const password = read('grafana/admin-password');
    expect(password.length).toBeGreaterThanOrEqual(20);
    expect(first.stdout).toContain(password);
    expect(existsSync(path.join(out, 'grafana/alerting/contact-points.yaml'))).toBe(false);
    const second = runInit({});
    expect(second.stdout).not.toContain(password);
    expect(read('grafana/admin-password')).toBe(password);
  });

  it('renders thresholds, the zone and only the channels that are set', () => {
    const env = {
      TIMEZONE: 'Europe/Berlin',
      ALERT_USER_DAY_USD: '7.5',
      COST_ALERT_FLOOR_USD: '3',
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      TELEGRAM_CHAT_ID: '-1001',
      GRAFANA_ADMIN_PASSWORD: 'chosen',
    };
    expect(runInit(env).stdout).toBe('tallyspan: alerts go to telegram\n');
    expect(conditionOf('tallyspan-user-day-cost')).toBe('$LastA > 7500000000');
    expect(conditionOf('tallyspan-cost-spike')).toBe(
      '($LastA > 2) && ($LastG1 >= 3000000000) && ($LastG2 >= 2)',
    );
    expect(read('grafana/alerting/rules.yaml')).toContain('Europe/Berlin');
    expect(parse(read('grafana/alerting/contact-points.yaml'))).toMatchObject({
      contactPoints: [
        { receivers: [{ type: 'telegram', settings: { bottoken: BOT_TOKEN, chatid: '-1001' } }] },
      ],
    });
    expect(read('grafana/admin-password')).toBe('chosen');
    expect(statSync(path.join(out, 'grafana/alerting/contact-points.yaml')).mode & 0o007).toBe(0);
  });

  it.each([
    [{ SMTP_HOST: 'mail.example.com' }, 'mail.example.com:587', 'MandatoryStartTLS'],
    [{ SMTP_HOST: 'mail.example.com:2525' }, 'mail.example.com:2525', 'MandatoryStartTLS'],
    [{ SMTP_HOST: 'mail.example.com:465' }, 'mail.example.com:465', 'MandatoryStartTLS'],
    [{ SMTP_HOST: '[::1]:25', SMTP_TLS: 'off' }, '[::1]:25', 'NoStartTLS'],
  ])('tells Grafana the mail server of %j', (env, host, policy) => {
    expect(runInit({ ...env, ALERT_EMAIL: 'ops@example.com' }).status).toBe(0);
    expect(['host', 'from', 'starttls-policy'].map((name) => read(`grafana/mail/${name}`))).toEqual([
      host,
      'ops@example.com',
      policy,
    ]);
  });

  it('takes a channel away that is no longer set', () => {
    runInit({ SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T/B/x' });
    expect(existsSync(path.join(out, 'grafana/alerting/contact-points.yaml'))).toBe(true);
    runInit({});
    expect(existsSync(path.join(out, 'grafana/alerting/contact-points.yaml'))).toBe(false);
  });

  it.each([
    [{ TELEGRAM_BOT_TOKEN: '', TELEGRAM_CHAT_ID: '42' }, 'TELEGRAM_BOT_TOKEN is not'],
    [{ TELEGRAM_BOT_TOKEN: 'no-token', TELEGRAM_CHAT_ID: '42' }, 'TELEGRAM_BOT_TOKEN is no bot token'],
    [{ TIMEZONE: 'Berlin' }, 'TIMEZONE is "Berlin"'],
    [{ COST_ALERT_FLOOR_USD: 'ten' }, 'COST_ALERT_FLOOR_USD is "ten"'],
    [
      { SMTP_HOST: 'mail.example.com:2525', SMTP_TLS: 'implicit', ALERT_EMAIL: 'a@example.com' },
      'SMTP_TLS is implicit on port 2525',
    ],
    [{ TIMEZONE: 'europe/berlin' }, 'TIMEZONE is "europe/berlin"'],
    [{ TIMEZONE: '+02:00' }, 'TIMEZONE is "+02:00"'],
    [{ TIMEZONE: ' Europe/Berlin' }, 'TIMEZONE is " Europe/Berlin"'],
    [{ RETENTION_DAYS: '90d' }, 'RETENTION_DAYS is "90d"'],
    [{ RETENTION_DAYS: ' 90' }, 'RETENTION_DAYS is " 90"'],
    [{ RETENTION_DAYS: '0', TIMEZONE: 'Berlin' }, 'RETENTION_DAYS is "0"'],
    [{ TRACE_RETENTION_HOURS: '1.5' }, 'TRACE_RETENTION_HOURS is "1.5"'],
    [{ LOKI_CACHE_NUMBERS: '1' }, 'LOKI_CACHE_NUMBERS is "1"'],
    [{ TALLYSPAN_CONTENT: 'Full' }, 'TALLYSPAN_CONTENT is "Full"'],
    [{ SAMPLING_PERCENT: '10%' }, 'SAMPLING_PERCENT is "10%"'],
    [{ SAMPLING_MAX_RUN: '30' }, 'SAMPLING_MAX_RUN is "30"'],
    [{ GRAFANA_URL: 'grafana.example.com' }, 'GRAFANA_URL cannot be used'],
    [{ OTLP_BACKEND_URL: 'user:no-token@example.com' }, 'OTLP_BACKEND_URL cannot be used'],
    [{ JAEGER_ENDPOINT: 'jaeger' }, 'JAEGER_ENDPOINT is "jaeger"'],
    [{ S3_ENDPOINT: 'https://s3.example.com' }, 'S3_ENDPOINT is "https://s3.example.com"'],
    [{ INIT_RULER: 'true', TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_CHAT_ID: '@channel' }, 'TELEGRAM_CHAT_ID'],
  ])('%j stops it with the name of the variable, and nothing is written', (env, named) => {
    const { status, stderr } = runInit(env);
    expect(status).toBe(1);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('no-token');
    expect(existsSync(path.join(out, 'grafana'))).toBe(false);
  });

  it('takes the settings of the stack as .env.example writes them, and every zone by its names', () => {
    const settings = {
      RETENTION_DAYS: '90',
      TRACE_RETENTION_HOURS: '720',
      LOKI_CACHE_NUMBERS: 'true',
      TALLYSPAN_CONTENT: 'none',
      GRAFANA_URL: 'http://127.0.0.1:3000',
      SAMPLING_PERCENT: '0.5',
      SAMPLING_MAX_RUN: '1h30m',
      JAEGER_ENDPOINT: 'dns:///jaeger:4317',
      S3_ENDPOINT: 's3.eu-central-1.amazonaws.com',
      SAMPLING_SLOW_MS: '',
    };
    expect(runInit(settings).stderr).toBe('');
    const zones = [
      'UTC',
      'Asia/Kolkata',
      'Asia/Calcutta',
      'US/Pacific',
      'EST5EDT',
      'Etc/GMT+5',
      'GB',
      'W-SU',
    ];
    for (const TIMEZONE of [...zones, ...Intl.supportedValuesOf('timeZone')])
      expect([TIMEZONE, stackProblems({ TIMEZONE })]).toEqual([TIMEZONE, []]);
  });
});
