// Rules of one's own, as somebody makes them on the page: tested against the days behind, saved, checked by the alerter,
// sent to the channels that were chosen, exported, and deleted.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stripTypeScriptTypes } from 'node:module';
import { readOwnRules, ruleOfOwn } from '../../alerts/rules/own-rule.ts';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { renderStackFiles } from '../../alerts/stack-files.ts';
import type { EventRecord } from '../../core/event.ts';
import type { AlertOverview, RuleLine } from '../../server/alerting/alert-overview.ts';
import { SLACK_PATH, startSlack } from '../fakes/slack.ts';
import { jsonOf, type RecordingService } from '../fakes/recording-service.ts';
import { WEBHOOK_SECRET, startWebhook } from '../fakes/webhook.ts';
import { makeDataDir, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { eventsOfRun } from './rules/corpus.ts';

jest.setTimeout(120_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WAIT_MS = 60_000;

let server: TestServer;
let webhook: RecordingService;
let slack: RecordingService;
let dataDir = '';
const now = Date.now();

/** Only rules of one's own speak. */
function alertEnv(): Record<string, string> {
  return {
    WEBHOOK_URL: webhook.url,
    WEBHOOK_SECRET,
    SLACK_WEBHOOK_URL: `${slack.url}${SLACK_PATH}`,
    ALERT_DISABLED: RULE_IDS.join(','),
  };
}

function run(id: string, atMs: number, user: string, usd: number): readonly EventRecord[] {
  return eventsOfRun({
    atMs,
    id,
    user,
    session: `s-${id}`,
    calls: 2,
    gapMs: 1000,
    callUsd: usd / 2,
    ends: true,
  });
}

beforeAll(async () => {
  [webhook, slack, dataDir] = await Promise.all([startWebhook(), startSlack(), makeDataDir()]);
  server = await startTestServer({ dataDir, alertEnv: alertEnv() });
  await sendEvents(server, [
    ...run('a', now - 10 * DAY, 'ana', 8),
    ...run('b', now - 5 * DAY, 'ben', 9),
    ...run('c', now - 2 * 60_000, 'ana', 6),
    ...run('d', now - 60_000, 'cid', 1),
  ]);
});

afterAll(async () => {
  await server.close();
  await Promise.all([webhook.close(), slack.close(), rm(dataDir, { recursive: true, force: true })]);
});

type Fields = Readonly<Record<string, string | readonly string[]>>;

function bodyOf(fields: Fields): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one] as [string, string]),
    ),
  );
}

function send(address: string, fields: Fields = {}, accept = 'application/json'): Promise<Response> {
  return fetch(server.uiUrl + address, {
    method: 'POST',
    headers: { origin: server.uiUrl, accept },
    body: bodyOf(fields),
    redirect: 'manual',
  });
}

async function lineOf(id: string): Promise<RuleLine | undefined> {
  const overview = (await (await fetch(`${server.uiUrl}/api/alerts`)).json()) as AlertOverview;
  return overview.rules.find((rule) => rule.id === id);
}

const USER_DAY: Fields = {
  title: 'Users of a day',
  signal: 'cost',
  by: 'user',
  window: '24h',
  comparison: 'above',
  limit: '$5',
  severity: 'critical',
  channel: ['webhook'],
};

describe('a rule that is tested', () => {
  it('shows when it would have fired in the last 30 days, by the judgement of the alerter', async () => {
    const answer = await fetch(
      `${server.uiUrl}/alerts/new?${bodyOf({ ...USER_DAY, test: 'true' }).toString()}`,
      {
        headers: { accept: 'text/html' },
      },
    );
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain('Cost of each user over 24 h above $5.00');
    // ana ten days ago and now, ben five days ago.
    expect(page).toContain('It would have fired 3 times');
    const rows = [...page.matchAll(/<bdi>(ana|ben|cid)<\/bdi><\/td><td class="n">([^<]+)/g)];
    expect(rows.map(([, user, worst]) => [user, worst])).toEqual([
      ['ana', '$6.00'],
      ['ben', '$9.00'],
      ['ana', '$8.00'],
    ]);
    expect(await lineOf('own-users-of-a-day')).toBeUndefined();
  });

  it.each([
    [{ limit: 'much' }, 'Write a limit as a number'],
    [{ by: 'tool' }, 'By is '],
    [{ signal: 'nothing' }, 'Signal is an id'],
    [{ window: '3h' }, 'Window is 5m'],
    [{ dimension: 'user' }, 'takes a dimension and its value'],
    [{ signal: 'run_failure_rate', by: '', limit: '20' }, 'Write a limit as a number'],
  ])('with %j says what is wrong', async (wrong, words) => {
    const fields = bodyOf({ ...USER_DAY, ...wrong, test: 'true' });
    const answer = await fetch(`${server.uiUrl}/alerts/new?${fields.toString()}`, {
      headers: { accept: 'text/html' },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(words);
    expect((await send('/alerts/new', { ...USER_DAY, ...wrong })).status).toBe(400);
  });
});

describe('a rule that is saved', () => {
  it('fires through the alerting loop into the channel that was chosen, and into no other', async () => {
    const answer = await send('/alerts/new', USER_DAY);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ id: 'own-users-of-a-day', limit: 5, by: 'user' });
    const [request] = await webhook.waitForAccepted(1, WAIT_MS);
    const notice = request === undefined ? undefined : jsonOf(request);
    expect(notice).toMatchObject({ rule: 'own-users-of-a-day', kind: 'firing', severity: 'critical' });
    expect(JSON.stringify(notice)).toContain('Cost of ana $6.00 (limit $5.00)');
    expect(slack.requests).toHaveLength(0);
    expect(await lineOf('own-users-of-a-day')).toMatchObject({
      origin: 'page',
      channels: ['webhook'],
      made: { by: expect.any(String), at: expect.any(String) },
      alerts: [expect.objectContaining({ key: 'ana', phase: 'firing' })],
    });
  });

  it('compares with an earlier time, and only where a dimension has a value', async () => {
    await send('/alerts/new', {
      title: 'Ana',
      signal: 'cost',
      dimension: 'user',
      value: 'ana',
      window: '24h',
      against: 'week',
      comparison: 'above',
      limit: '2',
      channel: [],
    });
    await send('/alerts/new', {
      title: 'cid',
      signal: 'run_ended_count',
      dimension: 'user',
      value: 'cid',
      window: '1h',
      comparison: 'above',
      limit: '0',
      channel: ['slack'],
    });
    const [request] = await slack.waitForAccepted(1, WAIT_MS);
    expect(request?.body).toContain('cid');
    // A week ago there was nothing: no history, and not a multiple of nothing.
    expect((await lineOf('own-ana'))?.alerts[0]).toMatchObject({ status: 'no_history', phase: 'quiet' });
    expect(webhook.accepted()).toHaveLength(1);
  });

  it('sends where the page says from then on, and shows who said so', async () => {
    expect(
      (await send('/alerts/own-users-of-a-day/channels', { channel: ['slack', 'webhook'] })).status,
    ).toBe(303);
    expect((await lineOf('own-users-of-a-day'))?.channels).toBeNull();
    expect((await send('/alerts/own-users-of-a-day/channels', { channel: 'carrier-pigeon' })).status).toBe(
      400,
    );
    await send('/alerts/own-users-of-a-day/channels', { channel: [] });
    expect((await lineOf('own-users-of-a-day'))?.channels).toEqual([]);
  });

  it('is changed in its place', async () => {
    const answer = await send('/alerts/new', { ...USER_DAY, edit: 'own-users-of-a-day', limit: '50' });
    expect(answer.status).toBe(201);
    expect(await lineOf('own-users-of-a-day')).toMatchObject({ threshold: 50e9, threshold_text: '$50.00' });
  });

  it('stands in the data folder and counts after a start', async () => {
    await server.close();
    server = await startTestServer({ dataDir, alertEnv: alertEnv() });
    expect(await lineOf('own-users-of-a-day')).toMatchObject({ origin: 'page', threshold: 50e9 });
    const stored = JSON.parse(await readFile(path.join(dataDir, 'alert-rules.json'), 'utf8')) as {
      rules: { id: string; atMs: number; changedFrom: string }[];
    };
    expect(stored.rules[0]).toMatchObject({ id: 'own-users-of-a-day', changedFrom: '127.0.0.1' });
  });

  it('is exported as the code that defines it, and as what the environment takes', async () => {
    const code = await (await fetch(`${server.uiUrl}/alerts/own-users-of-a-day/export`)).text();
    const program = stripTypeScriptTypes(code.replace(/^import type .*$/m, '')).replace(
      'export const',
      'const',
    );
    // oxlint-disable-next-line no-new-func, no-implied-eval
    const rule: unknown = new Function(`${program}; return OWN_USERS_OF_A_DAY_RULE;`)();
    const json = await (await fetch(`${server.uiUrl}/alerts/own-users-of-a-day/export?format=json`)).text();
    const [own] = readOwnRules(JSON.parse(json));
    expect(own).toMatchObject({ id: 'own-users-of-a-day', channels: ['webhook'] });
    expect(own && { ...ruleOfOwn(own), channels: undefined }).toEqual({
      ...(rule as object),
      channels: undefined,
    });
    const files = renderStackFiles({ ALERT_RULES: json }, { withRuler: true });
    for (const name of ['grafana/alerting/rules.yaml', 'loki/rules/fake/tallyspan.yaml'])
      expect(files.find((file) => file.path === name)?.content).toContain('own-users-of-a-day');
  });

  it('is deleted with its state, and another origin cannot do it', async () => {
    const foreign = await fetch(`${server.uiUrl}/alerts/own-ana/delete`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
    expect((await send('/alerts/own-ana/delete')).status).toBe(303);
    expect(await lineOf('own-ana')).toBeUndefined();
    expect((await send('/alerts/own-ana/delete')).status).toBe(404);
    expect((await send('/alerts/cost-spike/delete')).status).toBe(404);
  });

  it('that fires is told to be over where it was told to fire, once it is deleted', async () => {
    const before = slack.accepted().length;
    expect((await send('/alerts/own-cid/delete')).status).toBe(303);
    const requests = await slack.waitForAccepted(before + 1, WAIT_MS);
    expect(requests.at(-1)?.body).toContain('No longer checked: Runs ended (user cid)');
  });
});

describe('mistakes in ALERT_RULES', () => {
  const base = { id: 'a-b', title: 'T', signal: 'cost', window: '1h', comparison: 'above', limit: 1 };
  it.each([
    [{ ...base, atleast: 5 }, 'rule 1: there is no key atleast; did you mean atLeast?'],
    [{ ...base, forMinute: 5 }, 'rule 1: there is no key forMinute; did you mean forMinutes?'],
    [
      { ...base, signal: 'costs' },
      'rule 1: signal is an id that `tallyspan signals` lists; did you mean cost?',
    ],
    [{ ...base, signal: 'run_failure_rate', limit: 20 }, 'rule 1: limit is a share from 0 to 1: 20 % is 0.2'],
    [{ ...base, id: 'x'.repeat(61) }, 'rule 1: id is small letters, digits and hyphens, at most 60 of them'],
  ])('%j', (rule, problem) => {
    expect(() => readOwnRules([rule])).toThrow(problem);
  });

  it('are none where a ratio may be more than one, or the limit is a multiple', () => {
    const more = { ...base, signal: 'output_input_ratio', limit: 2 };
    const twice = { ...base, id: 'c', signal: 'run_failure_rate', against: 'week', limit: 2 };
    expect(readOwnRules([more, twice])).toHaveLength(2);
  });
});

describe('a rule of the environment', () => {
  it('is checked and cannot be changed on the page; a wrong one stops the start by the name of its variable', async () => {
    const rules = [
      {
        id: 'many-runs',
        title: 'Many runs',
        signal: 'run_count',
        window: '1h',
        comparison: 'above',
        limit: 1000,
      },
    ];
    const other = await startTestServer({ alertEnv: { ALERT_RULES: JSON.stringify(rules) } });
    const post = (address: string, fields: Fields): Promise<Response> =>
      fetch(other.uiUrl + address, {
        method: 'POST',
        headers: { origin: other.uiUrl },
        body: bodyOf(fields),
      });
    const overview = (await (await fetch(`${other.uiUrl}/api/alerts`)).json()) as AlertOverview;
    expect(overview.rules.at(-1)).toMatchObject({ id: 'many-runs', origin: 'environment', made: null });
    expect((await post('/alerts/many-runs/delete', {})).status).toBe(400);
    const edit = { ...USER_DAY, edit: 'many-runs' };
    expect((await post('/alerts/new', edit)).status).toBe(400);
    expect(await (await fetch(`${other.uiUrl}/alerts/many-runs`)).text()).toContain('set by ALERT_RULES');
    await other.remove();
    await expect(startTestServer({ alertEnv: { ALERT_RULES: '[{"id":"Bad"}]' } })).rejects.toThrow(
      /ALERT_RULES: rule 1: id is small letters/,
    );
    await expect(startTestServer({ alertEnv: { ALERT_RULES: 'nothing' } })).rejects.toThrow(
      /ALERT_RULES is no JSON/,
    );
  });

  it('and a file that was damaged lose nothing but what is damaged', async () => {
    const folder = await makeDataDir();
    const good = {
      id: 'own-good',
      title: 'Good',
      signal: 'cost',
      window: '1h',
      comparison: 'above',
      limit: 1,
    };
    await writeFile(path.join(folder, 'alert-rules.json'), JSON.stringify({ rules: [good, { id: 4 }] }));
    const other = await startTestServer({ dataDir: folder });
    const overview = (await (await fetch(`${other.uiUrl}/api/alerts`)).json()) as AlertOverview;
    expect(overview.rules.filter(({ origin }) => origin === 'page').map(({ id }) => id)).toEqual([
      'own-good',
    ]);
    expect(other.lines.join('\n')).toContain('a rule of');
    await other.remove();
  });
});
