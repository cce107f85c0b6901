// What is excluded and what may be several, wherever a filter goes: chips, facets, the form, files, saved views, groups,
// spend, and what is said of a name that there is not.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COST_WAYS } from '../../../server/queries/signals/read-cost.ts';
import { COST_NARROWINGS } from '../../../server/questions/cost-params.ts';
import type { CostReport, RunSummary } from '../../../server/source.ts';
import { runCommand } from '../../cli/run-command.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const NOW = Date.now();
const ASKED = 'user=ana&user=ben&-status=error';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ timezone: 'Asia/Kolkata' });
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: NOW - 1000, user: 'ana' }),
    ...sampleRun({ mark: 'b', endMs: NOW - 2000, user: 'ana', status: 'error' }),
    ...sampleRun({ mark: 'c', endMs: NOW - 3000, user: 'ben', agent: 'research' }).map((event) => ({
      ...event,
      'agent.project': 'web',
    })),
    ...sampleRun({ mark: 'd', endMs: NOW - 4000, user: 'eva', agent: 'research' }),
    ...sampleRun({ mark: 'e', endMs: NOW - 5000, user: '' }),
  ]);
});

afterAll(() => server.remove());

const page = async (address: string): Promise<string> => (await fetch(server.uiUrl + address)).text();
const listed = (html: string): string =>
  [...new Set(html.match(/(?<=href="\/runs\/)\w/g))].toSorted().join('');
const marks = (runs: readonly RunSummary[]): string =>
  runs
    .map((run) => run['agent.run_id'].charAt(0))
    .toSorted()
    .join('');
const problem = async (address: string): Promise<{ status: number; detail: string }> => {
  const answer = await fetch(server.uiUrl + address);
  return { status: answer.status, detail: ((await answer.json()) as { detail: string }).detail };
};
const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, '');

const spendOf = async (query: string): Promise<number> =>
  (await getJson<CostReport>(server, `/api/cost?${query}`)).total.cost_nano_usd ?? 0;

/** Its answer, or where it fails what it says. */
const run = async (command: string, ...asked: string[]): Promise<unknown> => {
  const { exitCode, stdout, stderr } = await runCommand([command, ...asked, '--json', '--url', server.uiUrl]);
  return exitCode === 0 ? (JSON.parse(stdout) as unknown) : stderr;
};

describe('the list of runs', () => {
  it('shows what is asked and what is excluded, and takes one away by its chip', async () => {
    const html = await page(`/runs?${ASKED}`);
    expect(listed(html)).toBe('ac');
    const chips = /<ul class="chips".*?<\/ul>/s.exec(html)?.[0] ?? '';
    expect(textOf(chips)).toContain('user: ana × removeuser: ben × removenot status: error × remove');
    expect(html).toContain('value="user:ana user:ben -status:error"');
    const [without] = chips.match(/(?<=href=")[^"]+/) ?? [];
    expect(listed(await page((without ?? '').replaceAll('&amp;', '&')))).toBe('c');
  });

  it('has no field that would take one of several away', async () => {
    const html = await page('/runs?status=ok&status=error&-user=eva');
    expect(html).not.toContain('<select name="status">');
    expect(html.match(/type="hidden" name="status" value="(ok|error)"/g)?.length).toBeGreaterThan(1);
    expect(await page('/runs?status=ok')).toContain('<select name="status">');
  });

  it('is narrowed, and widened by all but a value, by the facets', async () => {
    const html = await page('/runs?narrow=1&-user=eva');
    const links = [...html.matchAll(/href="(\/runs\?[^"]+)"/g)].map(([, link = '']) =>
      link.replaceAll('&amp;', '&'),
    );
    const not = links.find((link) => link.includes('-user=eva&-user=ana'));
    expect(listed(await page(not ?? ''))).toBe('ce');
  });

  it('is the same as a file and as a saved view', async () => {
    const html = await page(`/runs?${ASKED}`);
    const files = [...html.matchAll(/href="(\/runs\?[^"]*format=(?:csv|json))"/g)];
    expect(files).toHaveLength(2);
    for (const [, file = ''] of files) {
      const body = await page(file.replaceAll('&amp;', '&'));
      expect(['a', 'b', 'c', 'd', 'e'].filter((mark) => body.includes(mark.repeat(32)))).toEqual(['a', 'c']);
    }
    const [, path = ''] = /name="path" value="([^"]+)"/.exec(html) ?? [];
    const saved = await fetch(`${server.uiUrl}/views`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.uiUrl },
      body: new URLSearchParams({ name: 'both', path: path.replaceAll('&amp;', '&') }).toString(),
    });
    expect(listed(await saved.text())).toBe('ac');
    const [, view = ''] = /<a href="([^"]+)">both<\/a>/.exec(await page('/runs')) ?? [];
    expect(listed(await page(view.replaceAll('&amp;', '&')))).toBe('ac');
  });

  it('is reviewed run after run', async () => {
    const start = await fetch(`${server.uiUrl}/review?${ASKED}`, { redirect: 'manual' });
    const cookie = (start.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const next = async (after: string): Promise<string> =>
      (
        await fetch(`${server.uiUrl}/review/next${after}`, { redirect: 'manual', headers: { cookie } })
      ).headers.get('location') ?? 'none';
    expect(await next('')).toContain(`/runs/${'a'.repeat(32)}`);
    expect(await next(`?after=${'a'.repeat(32)}`)).toContain(`/runs/${'c'.repeat(32)}`);
    expect(await next(`?after=${'c'.repeat(32)}`)).toBe('none');
  });

  it('says what was meant by a name that there is not', async () => {
    for (const address of ['/runs?usre=ana', `/runs?${new URLSearchParams({ q: 'usre:ana' }).toString()}`]) {
      const answer = await fetch(server.uiUrl + address);
      expect([answer.status, textOf(await answer.text())]).toEqual([
        400,
        expect.stringContaining('usre is no filter: did you mean user?'),
      ]);
    }
    // Others put their own words into links.
    expect((await fetch(`${server.uiUrl}/runs?utm_source=chat`)).status).toBe(200);
  });
});

describe('the API', () => {
  it.each([
    ['/api/runs?usre=ana', 'usre is no parameter: did you mean user?'],
    ['/api/runs/sums?-modle=x', '-modle is no parameter: did you mean -model?'],
    ['/api/cost?agnet=x', 'agnet is no parameter: did you mean agent?'],
    ['/api/signals/cost?usre=x', 'usre is no parameter: did you mean user?'],
    ['/api/diagnosis?form=today', 'form is no parameter: did you mean from?'],
    ['/api/runs?filter=usre:ana', expect.stringContaining('usre is no filter: did you mean user?')],
  ])('%s', async (address, detail) => {
    expect(await problem(address)).toEqual({ status: 400, detail });
  });

  it('takes what earlier versions of the command send', async () => {
    const old = 'user=ana&status=ok&failed=false&sort=newest&score=&since=2020-01-01T00:00:00.000Z';
    expect(await getJson(server, `/api/runs/sums?${old}`)).toMatchObject({ runs: 1 });
  });
});

describe('spend', () => {
  it('is the sum of what is chosen and what is excluded, with what has no value', async () => {
    const whole = await spendOf('');
    expect(whole).toBeGreaterThan(0);
    for (const chosen of [
      'user=ana',
      'user=ana&user=ben',
      'agent=research',
      'model=claude-sonnet-5-5',
      'user=nobody',
    ]) {
      const excluded = chosen.replaceAll(/(^|&)/g, '$1-');
      expect((await spendOf(chosen)) + (await spendOf(excluded))).toBe(whole);
    }
    expect(await spendOf('user=ana&user=ben')).toBe(
      (await spendOf('user=ana')) + (await spendOf('user=ben')),
    );
    expect(await spendOf('user=ana&user=ben&-agent=research')).toBe(await spendOf('user=ana'));
    for (const by of ['model', 'user', 'tool', 'agent', 'session']) {
      const { rows } = await getJson<CostReport>(server, `/api/cost?by=${by}&-user=ana&-user=eva`);
      expect([by, rows.length > 0]).toEqual([by, true]);
    }
  });

  it('is narrowed by every name, however it is split', async () => {
    for (const name of COST_NARROWINGS)
      for (const by of COST_WAYS)
        expect([name, by, await getJson(server, `/api/cost?by=${by}&${name}=x`)]).toMatchObject([
          name,
          by,
          { total: { cost_nano_usd: null } },
        ]);
    const spent = await spendOf('user=ben');
    expect(spent).toBeGreaterThan(0);
    expect(await spendOf('project=web')).toBe(spent);
    expect(await run('cost', '--project', 'web')).toMatchObject({ total: { cost_nano_usd: spent } });
  });

  it('is the same by commands, with their options', async () => {
    const totalOf = async (...asked: string[]): Promise<number> =>
      ((await run('cost', ...asked)) as CostReport).total.cost_nano_usd ?? 0;
    expect(await totalOf('--user', 'ana', '--user', 'ben')).toBe(await spendOf('user=ana&user=ben'));
    expect(await totalOf('--not', 'user:ana')).toBe(await spendOf('-user=ana'));
    expect(await totalOf('--filter', 'user:ana user:ben -agent:research')).toBe(await spendOf('user=ana'));
    const runs = async (...asked: string[]): Promise<string> =>
      marks((await run('runs', ...asked)) as RunSummary[]);
    expect(await runs('--user', 'ana', '--user', 'ben', '--not', 'status:error')).toBe('ac');
    expect(await runs('--status', 'failed', '--status', 'ok', '--not', 'user:ana', '--not', 'user:ben')).toBe(
      'de',
    );
    expect(await runs('--filter', '-agent:support')).toBe('cd');
    expect(await run('signal', 'cost', '--not', 'user:ana')).toMatchObject({
      value: await spendOf('-user=ana'),
    });
    expect(await run('runs', '--not', 'usre:ana')).toMatch(/--not: usre is no filter: did you mean user\?/);
    expect(await run('cost', '--filter', 'tool:x')).toMatch(
      /tool does not filter here: there are user, agent,/,
    );
    expect(await run('runs', '--not', '-user:ana')).toMatch(/--not user:ana is enough/);
    expect(await run('runs', '--status', 'fine')).toMatch(/status is failed, ok, .*abandoned/);
  });

  it('is of the time that is asked for in the words of commands', async () => {
    for (const [query, asked] of [
      ['from=yesterday', ['--from', 'yesterday']],
      ['from=2026-11-20&to=2026-11-21', ['--from', '2026-11-20', '--to', '2026-11-21']],
      [
        'from=2026-11-20T10:00&to=2026-11-20T11:00',
        ['--from', '2026-11-20T10:00', '--to', '2026-11-20T11:00'],
      ],
    ] as const) {
      const { window, timezone } = await getJson<CostReport>(server, `/api/cost?${query}`);
      const command = await runCommand(['cost', ...asked, '--json', '--url', server.uiUrl]);
      expect((JSON.parse(command.stdout) as CostReport).window).toEqual(window);
      expect(timezone).toBe('Asia/Kolkata');
    }
    const { window, rows } = await getJson<CostReport>(
      server,
      '/api/cost?from=2026-11-20&zone=Europe/Berlin',
    );
    expect(window).toEqual({ from: '2026-11-19T23:00:00.000Z', to: '2026-11-20T23:00:00.000Z' });
    expect(rows.map(({ name }) => name)).toEqual(['2026-11-20']);
  });
});

describe('a diagnosis and a comparison', () => {
  it('are narrowed to several, and without others', async () => {
    const costOf = async (query: string): Promise<unknown> =>
      (await getJson<{ cost_nano_usd: number }>(server, `/api/diagnosis?from=1h&${query}`)).cost_nano_usd;
    expect(await costOf('user=ana&user=ben')).toBe(
      Number(await costOf('user=ana')) + Number(await costOf('user=ben')),
    );
    expect(await costOf('-user=ana')).toBe(Number(await costOf('')) - Number(await costOf('user=ana')));
    expect(await costOf('-tool=nothing&tool=search_docs')).toBe(await costOf(''));
    const query = new URLSearchParams({
      a: 'user:ana user:ben',
      b: '-user:ana -user:ben',
      time: '24h',
    }).toString();
    const groups = await getJson<{ a: { runs: number; name: string }; b: { runs: number } }>(
      server,
      `/api/compare/groups?${query}`,
    );
    expect([groups.a.runs, groups.b.runs]).toEqual([3, 2]);
    expect(listed(await page(`/compare/groups?${query}`))).toBe('');
  });
});
