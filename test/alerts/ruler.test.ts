// The ruler path for real: Loki's own ruler evaluates the generated rules, a real Alertmanager takes the
// alerts by the generated alertmanager.yml, and Telegram and a mail server get the notices.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { alertmanagerConfig, rulerRules } from '../../alerts/ruler.ts';
import { stringify } from 'yaml';
import { describeWhere } from '../fixtures/describe-where.ts';
import { hasOpenssl, makeCertificate } from '../fakes/certificate.ts';
import { jsonOf, type RecordingService } from '../fakes/recording-service.ts';
import { headerOf, partOf, startMailSink, type MailSink } from '../fakes/smtp.ts';
import { BOT_TOKEN, CHAT_ID, parseHtml, startTelegram } from '../fakes/telegram.ts';
import { buildAlertmanager } from '../stack/build-servers.ts';
import { sendLogs, toLog } from '../stack/otlp-client.ts';
import { answersOk, findFreePorts, startProcess, waitUntil, type ServerProcess } from '../stack/process.ts';
import { startLoki, type OwnLoki } from '../stack/loki.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { eventsOfRun } from './rules/corpus.ts';

const LOGIN = { user: 'alerts@example.com', password: 'p4ssword' };
const WAIT_MS = 120_000;

const describeHere = hasOpenssl()
  ? await describeWith('own loki')
  : describeWhere(false, 'ruler', 'openssl is not installed');

describeHere('ruler, Alertmanager, Telegram and e-mail', () => {
  let folder = '';
  let loki: OwnLoki;
  let alertmanager: ServerProcess;
  let alertmanagerUrl = '';
  let telegram: RecordingService;
  let mails: MailSink;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-ruler-'));
    const certificate = makeCertificate();
    telegram = await startTelegram();
    mails = await startMailSink({ certificate, login: LOGIN });
    const config = readAlertConfig(
      {
        TELEGRAM_BOT_TOKEN: BOT_TOKEN,
        TELEGRAM_CHAT_ID: CHAT_ID,
        TELEGRAM_API_URL: telegram.url,
        SMTP_HOST: `${mails.host}:${mails.port}`,
        SMTP_USER: LOGIN.user,
        SMTP_PASSWORD: LOGIN.password,
        SMTP_CA_FILE: certificate.caFile,
        ALERT_EMAIL: 'on-call@example.com',
      },
      RULE_IDS,
    );

    const alertmanagerFile = path.join(folder, 'alertmanager.yml');
    writeFileSync(
      alertmanagerFile,
      stringify(alertmanagerConfig(config, { groupWait: '1s', groupInterval: '1s' })),
    );
    const rules = path.join(folder, 'rules/fake');
    mkdirSync(rules, { recursive: true });
    // The rules as generated, only checked more often than once a minute.
    const text = stringify(rulerRules(config)).replaceAll(/interval: \d+m/g, 'interval: 2s');
    writeFileSync(path.join(rules, 'tallyspan.yaml'), text);

    const [port = 0] = await findFreePorts(1);
    alertmanagerUrl = `http://127.0.0.1:${port}`;
    alertmanager = startProcess(await buildAlertmanager(), [
      `--config.file=${alertmanagerFile}`,
      `--storage.path=${path.join(folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    await waitUntil(() => answersOk(`${alertmanagerUrl}/-/ready`), {
      what: () => `Alertmanager to be ready:\n${alertmanager.output()}`,
      timeoutMs: 30_000,
    });
    loki = await startLoki({
      paths: [folder],
      args: [
        '-ruler.storage.type=local',
        `-ruler.storage.local.directory=${path.join(folder, 'rules')}`,
        `-ruler.rule-path=${path.join(folder, 'ruler')}`,
        `-ruler.alertmanager-url=${alertmanagerUrl}`,
        '-ruler.ring.store=inmemory',
        '-ruler.enable-api=true',
        '-ruler.poll-interval=2s',
        '-ruler.flush-period=1s',
      ],
    });
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
    await alertmanager.stop();
    await telegram.close();
    await mails.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'a dear run is told on Telegram and by e-mail, in the words of the rule',
    async () => {
      const events = eventsOfRun({
        atMs: Date.now() - 10_000,
        id: 'dear',
        user: '<eve>',
        calls: 1,
        callUsd: 0.83,
      });
      expect(await sendLogs(loki.otlpUrl, { 'service.name': 'agent' }, events.map(toLog))).toBe(204);

      const [request] = await telegram.waitForAccepted(1, WAIT_MS);
      const body = request === undefined ? {} : (jsonOf(request) ?? {});
      expect(parseHtml(String(body['text']))?.trim()).toBe(
        [
          '🟠 Most expensive run of the hour $0.8300 (limit $0.5000)',
          'Do: Read the run: many turns, a large tool result, or a broken cache.',
        ].join('\n'),
      );
      const [mail] = await mails.waitForMails(1, WAIT_MS);
      if (mail === undefined) throw new Error('no mail');
      expect(mail).toMatchObject({ to: ['on-call@example.com'], isEncrypted: true, user: LOGIN.user });
      expect(headerOf(mail, 'Subject')).toBe('🟠 Cost of one run');
      expect(partOf(mail, 'text/plain')).toContain('Most expensive run of the hour $0.8300 (limit $0.5000)');
    },
    2 * WAIT_MS,
  );

  it(
    'every rule was evaluated and none is in error',
    async () => {
      interface Groups {
        data: { groups: { rules: { name: string; health: string; lastError: string }[] }[] };
      }
      const read = async (): Promise<Groups['data']['groups'][number]['rules']> => {
        const response = await fetch(`${loki.url}/prometheus/api/v1/rules`);
        return ((await response.json()) as Groups).data.groups.flatMap((group) => group.rules);
      };
      await waitUntil(async () => (await read()).every((rule) => rule.health !== 'unknown'), {
        what: () => 'every rule to be evaluated',
        timeoutMs: WAIT_MS,
      });
      const rules = await read();
      expect(rules.map((rule) => rule.name).toSorted()).toEqual([...RULE_IDS].toSorted());
      expect(rules.filter((rule) => rule.health !== 'ok')).toEqual([]);
    },
    2 * WAIT_MS,
  );
});
