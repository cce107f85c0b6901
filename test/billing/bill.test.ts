// The bill of a fake Admin API beside what was observed: the example agent's run to the last nano-dollar, and faults.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventRecord } from '../../core/event.ts';
import type { ReconciliationReport } from '../../server/source.ts';
import { startAdminApi, type BilledUsage, type FakeAdminApi } from '../fakes/admin-api.ts';
import { playSupportAgent } from '../programs/support-agent.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { runCommand } from '../cli/run-command.ts';
import { readCommand } from '../cli/read-command.ts';

let api: FakeAdminApi;
let server: TestServer;

beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

function envOf(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ANTHROPIC_ADMIN_KEY: api.key, TALLYSPAN_ADMIN_API_URL: api.url, ...more };
}

function fetchReport(): Promise<ReconciliationReport> {
  return readCommand<ReconciliationReport>(['reconcile', '--url', server.uiUrl], { env: envOf() });
}

/** By hand: the usages of the example's scenario and the list prices, USD per million tokens. */
const EXAMPLE_USAGES: readonly Omit<BilledUsage, 'day'>[] = [
  {
    model: 'claude-sonnet-5-5',
    counts: {
      uncached_input_tokens: 41 + 112 + 268 + 391,
      'cache_creation.ephemeral_5m_input_tokens': 2_130,
      cache_read_input_tokens: 3 * 2_130,
      output_tokens: 78 + 141 + 64 + 52,
    },
    prices: {
      uncached_input_tokens: 2,
      'cache_creation.ephemeral_5m_input_tokens': 2.5,
      cache_read_input_tokens: 0.1,
      output_tokens: 10,
    },
  },
  {
    model: 'claude-opus-5-5',
    counts: {
      uncached_input_tokens: 57 + 149 + 277 + 402,
      'cache_creation.ephemeral_1h_input_tokens': 2_044,
      cache_read_input_tokens: 3 * 2_044,
      output_tokens: 83 + 97 + 118 + 33,
    },
    prices: {
      uncached_input_tokens: 4,
      'cache_creation.ephemeral_1h_input_tokens': 8,
      cache_read_input_tokens: 0.2,
      output_tokens: 20,
    },
  },
  {
    model: 'claude-haiku-5-5',
    counts: { uncached_input_tokens: 2_019 + 2_167 + 2_288, output_tokens: 61 + 58 + 27 },
    prices: { uncached_input_tokens: 0.1, output_tokens: 0.5 },
  },
];

/** Resolves once the signal of the server says that this much of the bill is covered. */
async function untilCovered(by: TestServer, wanted: number): Promise<void> {
  for (;;) {
    const { value } = await getJson<{ value: number | null }>(by, '/api/signals/billing_coverage');
    if (value === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** So many days ago, in UTC. */
function dayText(back: number): string {
  return new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
}

describe('a run of the example against both fakes', () => {
  let report: ReconciliationReport;

  beforeAll(async () => {
    server = await startTestServer();
    await playSupportAgent(server.grpcAddress, 'bill');
    // The day of the calls, should midnight pass meanwhile.
    const { ledger } = await getJson<{ ledger: { day: string }[] }>(server, '/api/billing');
    api.usages = EXAMPLE_USAGES.map((usage) => ({ ...usage, day: ledger[0]?.day ?? '' }));
    report = await readCommand<ReconciliationReport>(['reconcile', '--url', server.uiUrl], { env: envOf() });
  });
  afterAll(() => server.remove());

  it('reconciles to 0.00 %', async () => {
    expect(report.total).toMatchObject({
      difference_nano_usd: 0,
      missing_nano_usd: 0,
      price_difference_nano_usd: 0,
      coverage: 1,
      drift: 0,
    });
    expect(report.total.billed_list_nano_usd).toBeGreaterThan(0);
    expect([report.causes, report.by_model.length]).toEqual([[], 3]);
    const { stdout } = await runCommand(['reconcile', '--url', server.uiUrl]);
    expect(stdout).toContain('difference $0.00, 0.00 %\ncoverage 100.0 %, price drift 0.0 %');
  });

  it('has the same numbers in the API, on the page and as signals', async () => {
    expect(await getJson(server, '/api/reconcile')).toEqual(report);
    const page = await fetch(`${server.uiUrl}/reconcile`, { headers: { accept: 'text/html' } });
    const html = await page.text();
    for (const text of ['$0.0', '100.0 %', 'apikey_01', 'claude-opus-5-5']) expect(html).toContain(text);
    // The time of the page stands in its address, as on every other.
    const week = await (
      await fetch(`${server.uiUrl}/reconcile?time=7d`, { headers: { accept: 'text/html' } })
    ).text();
    expect(week).toContain(`${dayText(7)} to ${dayText(0)}, whole days`);
    expect(html).toContain(`${dayText(30)} to ${dayText(0)}, whole days`);
    expect(week).toContain('<option value="7d" selected>last 7 days</option>');
    for (const [id, value] of [
      ['billing_coverage', 1],
      ['billing_drift', 0],
    ])
      expect(await getJson(server, `/api/signals/${String(id)}`)).toMatchObject({ value });
  });

  it('takes the keys that the shell of the command gives to services, and for it alone', async () => {
    const env = { TALLYSPAN_BILLING_KEYS: 'apikey_01=another-service' };
    const command = ['reconcile', '--url', server.uiUrl];
    expect((await readCommand<ReconciliationReport>(command, { env })).total.coverage).toBe(0);
    expect((await readCommand<ReconciliationReport>(command)).total.coverage).toBe(1);
    const wrong = await fetch(`${server.uiUrl}/api/reconcile?keys=apikey_01`);
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('apikey_01=support')]);
  });

  it('is the same by the usage and cost reports, where the key may not read the analytics', async () => {
    api.allowsAnalytics = false;
    try {
      const { stdout, stderr } = await runCommand(['reconcile', '--url', server.uiUrl], { env: envOf() });
      expect(stdout).toContain('difference $0.00, 0.00 %\ncoverage 100.0 %, price drift 0.0 %');
      expect(stderr).toContain('the usage and cost reports were used');
      const { by_key: keys, total } = await getJson<ReconciliationReport>(server, '/api/reconcile');
      expect(total).toEqual(report.total);
      expect(keys).toEqual(report.by_key);
    } finally {
      api.allowsAnalytics = true;
    }
  });

  it('keeps the key to itself', async () => {
    expect(new Set(api.requests.map(({ key }) => key))).toEqual(new Set([api.key]));
    const bill = await fetch(`${server.uiUrl}/api/export`);
    expect(await bill.text()).not.toContain(api.key);
    expect(server.lines.join('\n')).not.toContain(api.key);
  });
});

describe('the Admin API', () => {
  const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const OTHER_DAY = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
  const usage = (count: number, more: Partial<BilledUsage> = {}): BilledUsage => ({
    day: DAY,
    model: 'claude-sonnet-5-5',
    counts: { uncached_input_tokens: count, output_tokens: 10 },
    prices: { uncached_input_tokens: 2, output_tokens: 10 },
    ...more,
  });
  let calls = 0;
  const observe = (count: number, day = DAY, by = server, more: Partial<EventRecord> = {}): Promise<void> =>
    sendEvents(by, [
      {
        timestamp: Date.parse(`${day}T12:00:00Z`),
        'event.name': 'agent.model_call',
        trace_id: 'a'.repeat(32),
        span_id: String(++calls).padStart(16, '0'),
        'gen_ai.response.model': 'claude-sonnet-5-5',
        'gen_ai.response.id': `msg_bill_${calls}`,
        'gen_ai.provider.name': 'anthropic',
        tokens_input: count,
        tokens_output: 10,
        cost_input_nano_usd: count * 2000,
        cost_output_nano_usd: 100_000,
        cost_nano_usd: count * 2000 + 100_000,
        'tallyspan.cost.status': 'priced',
        ...more,
      },
    ]);

  beforeEach(() => {
    api.faults.length = 0;
    api.currency = 'USD';
    api.pageSize = 1000;
  });
  beforeAll(async () => {
    server = await startTestServer();
    await observe(1000);
    await observe(500, OTHER_DAY);
  });
  afterAll(() => server.remove());

  it('is asked page by page, and again when it is busy', async () => {
    api.usages = [usage(1000), usage(300, { key: 'apikey_02' })];
    api.pageSize = 1;
    const busy = { status: 429, headers: { 'retry-after': '0' } };
    api.faults.push(busy, { status: 500, headers: { 'retry-after': '0' } }, busy);
    const report = await fetchReport();
    expect(api.faults).toEqual([]);
    expect(report.causes).toEqual([{ cause: 'uncovered_key', nano_usd: -(300 * 2000 + 100_000) }]);
    expect(report.by_key.map((row) => [row.api_key_id, row.workspace_id, row.coverage])).toEqual([
      ['apikey_01', 'wrkspc_01', 1],
      ['apikey_02', 'wrkspc_01', 0],
    ]);
  });

  it('leaves days without a bill out, and takes them when they come', async () => {
    const before = await fetchReport();
    expect(before.unreported_days).toEqual([OTHER_DAY]);
    api.usages.push(usage(500, { day: OTHER_DAY }));
    expect((await fetchReport()).unreported_days).toEqual([]);
  });

  it('takes late corrections, and what they take back', async () => {
    api.usages = [usage(1200, { paid: 0.8 }), usage(500, { day: OTHER_DAY })];
    const { total, causes } = await fetchReport();
    expect(total.billed_list_nano_usd).toBe((1200 + 500) * 2000 + 200_000);
    expect(total.billed_amount_nano_usd).toBe((1200 * 2000 + 100_000) * 0.8 + 500 * 2000 + 100_000);
    expect(causes).toEqual([{ cause: 'unknown', nano_usd: -200 * 2000 }]);
    expect(await getJson(server, '/api/signals/billing_coverage')).toMatchObject({
      value: (1500 * 2000 + 200_000) / total.billed_list_nano_usd,
    });
  });

  it('keeps an amount below zero', async () => {
    const back = { uncached_input_tokens: -2, output_tokens: -10 };
    api.usages = [usage(1200), usage(500, { day: OTHER_DAY, key: 'apikey_03', prices: back })];
    const { total } = await fetchReport();
    expect(total.billed_list_nano_usd).toBe((1200 - 500) * 2000);
  });

  it.each([
    ['another currency', (): void => void (api.currency = 'EUR'), 'the bill is in EUR'],
    [
      'a wrong key',
      (): void => void api.faults.push({ status: 401, body: `{"error":{"message":"no ${api.key}"}}` }),
      'refused the key (401: no [hidden]',
    ],
    [
      'no JSON',
      (): void => void api.faults.push({ status: 200, body: '<html>' }),
      'something that is no report',
    ],
    [
      'rows that are none',
      (): void => void api.faults.push({ status: 200, body: '{"data":[null,{"starting_at":7}]}' }),
      'rows that are none',
    ],
    [
      'a page that leads to itself',
      (): void => {
        const body = '{"data":[],"has_more":true,"next_page":"x"}';
        api.faults.push({ status: 200, body }, { status: 200, body });
      },
      'names the same page',
    ],
    [
      'a key at the end of a long text',
      (): void => {
        const message = `${'x'.repeat(193)}${api.key}`;
        api.faults.push({ status: 401, body: JSON.stringify({ error: { message } }) });
      },
      `refused the key (401: ${'x'.repeat(193)}***)`,
    ],
  ])('is not believed with %s', async (_, spoil, message) => {
    const before = await getJson(server, '/api/reconcile');
    spoil();
    const { exitCode, stderr } = await runCommand(['reconcile', '--url', server.uiUrl], { env: envOf() });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message.replace(' [hidden]', ''));
    expect(stderr).not.toContain(api.key);
    expect(await getJson(server, '/api/reconcile')).toEqual(before);
  });

  it('is the only host that gets the key', async () => {
    const seen: unknown[] = [];
    const thief = createServer((request, response) => {
      seen.push(request.headers['x-api-key']);
      response.end('{}');
    });
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/`;
    api.faults.push({ status: 302, headers: { location } });
    const { exitCode } = await runCommand(['reconcile', '--url', server.uiUrl], { env: envOf() });
    expect([exitCode, seen]).toEqual([1, []]);
    thief.close();
    const plain = await runCommand(['reconcile', '--url', server.uiUrl], {
      env: envOf({ TALLYSPAN_ADMIN_API_URL: 'http://api.example.com' }),
    });
    expect([plain.exitCode, plain.stderr]).toEqual([1, expect.stringContaining('write an https:// address')]);
  });

  it.each([['“sk-ant-admin”'], ['sk-ant admin'], ['sk-ant-admin\u0001']])(
    'is not asked with what is no key: %j',
    async (key) => {
      const env = envOf({ ANTHROPIC_ADMIN_KEY: key });
      const { exitCode, stderr } = await runCommand(['reconcile', '--url', server.uiUrl], { env });
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has a character that no key has')]);
      expect(stderr).not.toContain(key);
    },
  );

  it('may be below a path of a gateway', async () => {
    const asked: (string | undefined)[] = [];
    const gateway = createServer((request, response) => {
      asked.push(request.url);
      response.end('{}');
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const { port } = gateway.address() as AddressInfo;
    const env = envOf({ TALLYSPAN_ADMIN_API_URL: `http://127.0.0.1:${port}/gateway/` });
    await runCommand(['reconcile', '--url', server.uiUrl], { env });
    expect(asked[0]).toMatch(/^\/gateway\/v1\/organizations\//);
    gateway.closeAllConnections();
    gateway.close();
  });

  it('says what to do where nothing was fetched and no key is set', async () => {
    const empty = await startTestServer();
    try {
      const { exitCode, stderr } = await runCommand(['reconcile', '--url', empty.uiUrl]);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Set ANTHROPIC_ADMIN_KEY')]);
      const page = await fetch(`${empty.uiUrl}/reconcile`, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('ANTHROPIC_ADMIN_KEY');
    } finally {
      await empty.remove();
    }
  });

  it('has batches of a time in the past, which were read after it', async () => {
    const own = await startTestServer();
    try {
      api.usages = [usage(1000, { day: OTHER_DAY, tier: 'batch' }), usage(500)];
      await observe(1000, DAY, own, { service_tier: 'batch' });
      await observe(500, DAY, own);
      await runCommand(['reconcile', '--url', own.uiUrl], { env: envOf() });
      const path = `/api/reconcile?since=${OTHER_DAY}T00:00:00Z&until=${OTHER_DAY}T23:00:00Z`;
      const past = await getJson<ReconciliationReport>(own, path);
      const later = await getJson<ReconciliationReport>(own, `/api/reconcile?since=${DAY}T00:00:00Z`);
      expect(
        [past, later].map(({ by_day: days, total, causes }) => [days.length, total.coverage, causes]),
      ).toEqual([
        [1, 1, []],
        [1, 1, []],
      ]);
    } finally {
      await own.remove();
    }
  });

  it('of days that are fetched is covered by calls that come later', async () => {
    const options = { billingEnv: envOf(), billingAfterMs: 0 };
    api.usages = [usage(1000)];
    const own = await startTestServer(options);
    let again: TestServer | undefined;
    try {
      await untilCovered(own, 0);
      await observe(1000, DAY, own);
      await own.close();
      const asked = api.requests.length;
      again = await startTestServer({ ...options, dataDir: own.dataDir });
      await untilCovered(again, 1);
      expect(api.requests).toHaveLength(asked);
    } finally {
      await again?.close();
      await own.remove();
    }
  });

  it('is asked by the server itself where it has the key', async () => {
    const own = await startTestServer({ billingEnv: envOf(), billingAfterMs: 0 });
    try {
      while (!own.lines.some((line) => line.startsWith('billing: ')))
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(own.lines.join('\n')).toMatch(/billing: \d+ rows of the bill were fetched/);
      const report = await getJson<ReconciliationReport>(own, '/api/reconcile');
      expect(report.total.billed_list_nano_usd).toBeGreaterThan(0);
      expect(report.total.coverage).toBe(0);
    } finally {
      await own.remove();
    }
  });
});
