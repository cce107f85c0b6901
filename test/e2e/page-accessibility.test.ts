import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import type { EventRecord } from '../../core/event.ts';
import { writeAlertFile } from '../../server/alerting/alert-file.ts';
import { alertMemory } from '../alerts/rules/alert-memory.ts';
import { getJson, makeDataDir, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { NESTED_SESSION, nestedSession } from '../server/web/nested-run.ts';
import { sampleRun } from '../server/web/sample-run.ts';

// Every page for people who do not see it, or see little: axe-core finds no serious fault, light or dark,
// wide or narrow; the keyboard reaches everything and shows where it is; nothing is wider than a phone but tables that
// scroll by themselves; nothing is dead without JavaScript; every table sorts and is a file; and no page asks anybody but
// its own server. A page that is registered and not in the list fails.

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Beyond one for each element. */
const MORE_STOPS = 14;
/** What answers a GET without a page of its own. */
const NO_PAGES = new Set([
  '/alerts/test',
  '/alerts/export',
  '/alerts/:id/export',
  '/runs/:id/remove-content',
]);
/** By name: it has types of its own that tests do not have. */
const PAGES_MODULE = '../../server/web/pages.tsx';
const RUNS = ['a', 'b', 'c'].map((mark) => mark.repeat(32));

const PAGES = [
  '/',
  '/?window=7d&agent=support',
  '/runs',
  '/runs?status=failed&from=2026-01-01T00:00&tag=beta',
  `/runs/${RUNS[0]}`,
  `/runs/${RUNS[1]}`,
  `/runs/${RUNS[2]}`,
  '/sessions',
  '/sessions/session-a',
  `/sessions/${encodeURIComponent(NESTED_SESSION)}`,
  `/runs/${'4'.repeat(32)}`,
  '/tools',
  '/models?window=24h',
  '/users',
  '/tasks',
  '/agents',
  '/versions',
  '/projects',
  '/claude-code',
  '/search',
  '/search?q=support',
  '/users/user-1',
  '/versions/1.14.2',
  '/tasks/answer',
  '/projects/shop',
  '/models/claude-sonnet-4-5?time=30d',
  '/received',
  '/limits',
  '/agents/support?stack=model',
  '/tools/search_docs',
  '/compare/groups',
  '/compare/groups?a=time:yesterday&b=time:today',
  '/findings',
  '/reconcile',
  '/alerts/run-cost',
  '/alerts/new?signal=cost&by=user&window=24h&comparison=above&limit=0.1&test=true',
  '/alerts',
  '/diagnose',
  '/diagnose?from=today&against=7d',
  `/compare?a=${RUNS[0]}&b=${RUNS[1]}`,
  '/compare',
  '/runs/none',
];

let server: TestServer;
let browser: Browser;
let emptyFaults: readonly string[];

beforeAll(async () => {
  // A channel and what it was told, so that the page of alerts has its tables and its button.
  const dataDir = await makeDataDir();
  await writeAlertFile(dataDir, alertMemory(Date.now()));
  server = await startTestServer({
    dataDir,
    alertEnv: { SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/services/T0/B0/secret' },
    traceUrls: 'http://127.0.0.1:16686/trace/{trace_id}',
  });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

/** A row of a bill that is covered in part, and a call that was cut: what the pages of both show. */
function billAndWaste(now: number): EventRecord[] {
  return [
    {
      timestamp: now,
      'event.name': 'billing.cost',
      'tallyspan.key': 'row',
      'billing.day': new Date(now).toISOString().slice(0, 10),
      'billing.kind': 'input',
      'billing.api_key_id': 'apikey_01',
      'gen_ai.response.model': 'claude-sonnet-5-5',
      billing_list_nano_usd: 3_000_000_000,
      billing_amount_nano_usd: 2_000_000_000,
      billing_quantity: 1_500_000,
    },
    {
      timestamp: now - 1000,
      'event.name': 'agent.model_call',
      trace_id: 'd'.repeat(32),
      span_id: 'd'.repeat(16),
      'gen_ai.agent.name': 'support',
      'gen_ai.response.model': 'claude-sonnet-5-5',
      'gen_ai.response.finish_reasons': ['max_tokens'],
      tokens_input: 100,
      tokens_output: 50_000,
      cost_nano_usd: 500_000_000,
    },
  ];
}

type Look = readonly [colorScheme: 'light' | 'dark', width: number];

const WIDE = 1440;
const WIDTHS = [320, 390, 768, WIDE];
/** Colours depend on nothing else; what else axe knows is looked at once wide and once narrow. */
const LOOKS: readonly (readonly [Look, 'all' | 'colours'])[] = [
  [['light', WIDE], 'all'],
  [['dark', WIDE], 'colours'],
  [['dark', 390], 'all'],
  [['light', 390], 'colours'],
];

/** Serious faults of pages, each with the element that has it. */
async function findFaults(paths: readonly string[]): Promise<string[]> {
  const context = await browser.newContext({ viewport: { width: WIDE, height: 800 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(server.uiUrl) || request.url().startsWith('data:');
    if (!isOwn) faults.push(`asked ${request.url()}`);
  });
  page.on('pageerror', (error) => faults.push(`${page.url()} threw ${error.message}`));
  for (const path of paths) {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: WIDE, height: 800 });
    await page.goto(server.uiUrl + path);
    faults.push(...(await findUnreached(page, path)));
    await page.evaluate(axe.source);
    for (const [[colorScheme, width], rules] of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const options = rules === 'all' ? '' : "document, { runOnly: ['color-contrast'] }";
      const found = await page.evaluate<Violation[]>(
        `axe.run(${options}).then((result) => result.violations)`,
      );
      for (const { id, impact, nodes } of found)
        if (impact === 'serious' || impact === 'critical')
          faults.push(`${path} ${colorScheme} ${width} ${id}: ${nodes[0]?.html ?? ''}`);
    }
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      faults.push(...(await findOverflow(page, `${path} at ${width}`)));
    }
  }
  await context.close();
  return faults;
}

async function findOverflow(page: Page, path: string): Promise<string[]> {
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  if (overflow <= 0) return [];
  const widest = await page.evaluate<string>(`(() => {
    const root = document.documentElement;
    const isWide = () => root.scrollWidth > root.clientWidth;
    let at = document.body;
    for (;;) {
      const next = [...at.children].find((node) => {
        const before = node.style.display;
        node.style.setProperty('display', 'none');
        const helps = !isWide();
        node.style.display = before;
        return helps;
      });
      if (next === undefined) return at.outerHTML.slice(0, 200);
      at = next;
    }
  })()`);
  return [`${path} is ${overflow} px wider than the screen: ${widest}`];
}

/** What the keyboard does not reach, or reaches without showing that it is there. */
async function findUnreached(page: Page, path: string): Promise<string[]> {
  // In the page: who watches each step from outside waits for as long as all else takes.
  await page.evaluate(`(() => {
    window.reached = new Set();
    window.unseen = [];
    document.addEventListener('focusin', ({ target }) => {
      window.reached.add(target);
      const style = getComputedStyle(target);
      if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) === 0) window.unseen.push(target);
    });
  })()`);
  const expected = await page.evaluate<number>(`(() => {
    const radios = new Set();
    window.expected = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((node) => {
      if (node.disabled || node.type === 'hidden' || !node.checkVisibility()) return false;
      // What a chart shows stands in its table, too.
      if (node.getAttribute('tabindex') === '-1') return false;
      if (node.type !== 'radio') return true;
      const isKnown = radios.has(node.name);
      radios.add(node.name);
      return !isKnown;
    });
    return window.expected.length;
  })()`);
  // A field of date and time has a stop for each of its parts.
  await Promise.all(Array.from({ length: expected + MORE_STOPS }, () => page.keyboard.press('Tab')));
  return page.evaluate<string[]>(
    `[
      ...window.expected.filter((node) => !window.reached.has(node)).map((node) => ${JSON.stringify(path)} + ' is not reached by keyboard: ' + node.outerHTML.slice(0, 120)),
      ...window.unseen.map((node) => ${JSON.stringify(path)} + ' shows no focus on ' + node.outerHTML.slice(0, 120)),
    ]`,
  );
}

/** What a page shows without JavaScript that does nothing then. */
async function findDead(page: Page, path: string): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const seen = (node) => node.checkVisibility();
    const submits = (form) => [...form.elements].some((node) => ['submit', 'search', 'text'].includes(node.type) && (seen(node) || form.querySelector('input[type=checkbox]') !== null));
    return [
      ...[...document.querySelectorAll('button[type=button]')].filter(seen),
      ...[...document.forms].filter((form) => seen(form) && !submits(form)),
    ].map((node) => ${JSON.stringify(path)} + ' has what needs JavaScript: ' + node.outerHTML.slice(0, 200));
  })()`);
}

/** Patterns of the addresses of pages, as the server registers them. */
async function routesOfPages(): Promise<string[]> {
  const routes: string[] = [];
  // What a page is made from is asked for when somebody asks for the page.
  const anything: unknown = new Proxy(() => anything, { get: (_, key) => (key === 'file' ? '' : anything) });
  const app = {
    get: (url: string) => {
      if (!url.startsWith('/api/')) routes.push(url);
    },
    post: () => undefined,
    head: () => undefined,
  };
  const { registerPages } = (await import(PAGES_MODULE)) as {
    registerPages: (to: typeof app, context: unknown) => void;
  };
  registerPages(app, anything);
  return routes;
}

function isLookedAt(route: string): boolean {
  const pattern = new RegExp(`^${route.replaceAll(/:[a-zA-Z]+|\*/g, '[^/?]+')}(\\?|$)`);
  return PAGES.some((path) => pattern.test(path));
}

interface FileFault {
  readonly sheets: number;
  readonly faults: readonly string[];
}

/** Files and orders of the tables of a page that are not as the page shows them. */
/** `isNew`: no page of its kind was looked at: then the order of each table is looked at, too. */
async function findWrongFiles(page: Page, path: string, isNew: boolean): Promise<FileFault> {
  const found = await page.evaluate<FileFault>(`(async () => {
    const isNew = ${isNew};
    const faults = [];
    const links = [...document.querySelectorAll('p.sheets')];
    const wait = (url) => fetch(url).then((answer) => answer.status === 200 ? answer.text() : Promise.reject(new Error(url + ' is ' + answer.status)));
    const inOrder = (values, isDescending) => {
      const known = values.filter((value) => value !== null);
      const isNullLast = values.slice(0, known.length).every((value) => value !== null);
      return isNullLast && known.every((value, at) => at === 0 || (isDescending ? known[at - 1] >= value : known[at - 1] <= value));
    };
    for (const link of links) {
      const [csv, json] = link.querySelectorAll('a');
      const table = link.previousElementSibling.querySelector('table');
      const shown = table.querySelectorAll('tbody tr').length;
      const rows = JSON.parse(await wait(json.href));
      const lines = (await wait(csv.href)).trimEnd().split('\\r\\n');
      if (rows.length !== shown) faults.push(json.href + ' has ' + rows.length + ' rows of ' + shown);
      if (lines.length < shown + 1) faults.push(csv.href + ' has ' + lines.length + ' lines of ' + shown);
      const columns = Object.keys(rows[0] ?? {});
      if (shown > 0 && lines[0] !== columns.join(',')) faults.push(csv.href + ' has other columns: ' + lines[0]);
      for (const th of isNew ? table.querySelectorAll('th:has(a.sort)') : []) {
        const heading = th.querySelector('a.sort');
        const sorted = new URL(heading.href);
        sorted.hash = '';
        const order = [...sorted.searchParams].find(([name]) => name.startsWith('sort.'));
        if (order === undefined) continue;
        sorted.searchParams.set('sheet', new URL(json.href).searchParams.get('sheet'));
        const id = th.dataset.column;
        // Texts with an order of their own.
        if (id === undefined) continue;
        const values = JSON.parse(await wait(sorted)).map((row) => row[id]);
        // A rest stands last, however the rows are sorted.
        const own = table.dataset.rests ? values.slice(0, -Number(table.dataset.rests)) : values;
        if (!inOrder(own, order[1].startsWith('-'))) faults.push(sorted + ' is not in order: ' + values.join(' '));
      }
    }
    return { sheets: links.length, faults };
  })()`);
  return { ...found, faults: found.faults.map((fault) => `${path}: ${fault}`) };
}

describe('every page', () => {
  beforeAll(async () => {
    emptyFaults = await findFaults(['/']);
    await sendEvents(server, [
      ...sampleRun({ mark: 'a', endMs: Date.now() - 1000 }),
      ...sampleRun({ mark: 'b', endMs: Date.now() - 2000, status: 'error', tags: ['beta', 'nightly run'] }),
      ...sampleRun({ mark: 'c', endMs: Date.now(), isOpen: true }),
      ...sampleRun({
        mark: 'e',
        endMs: Date.now() - 3000,
        agent: 'agent-'.repeat(50),
        user: 'u'.repeat(200),
      }),
      ...nestedSession(Date.now()),
      ...billAndWaste(Date.now()),
    ]);
  }, 600_000);

  it('is in this list', async () => {
    const routes = await routesOfPages();
    expect(routes.length).toBeGreaterThan(30);
    expect(routes.filter((route) => !isLookedAt(route) && !NO_PAGES.has(route))).toEqual([]);
  });

  it('is for everybody: light and dark, wide and narrow, by keyboard', async () => {
    expect(emptyFaults).toEqual([]);
    expect(await findFaults(PAGES)).toEqual([]);
  }, 600_000);

  it('does without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const faults: string[] = [];
    for (const path of PAGES) {
      await page.goto(server.uiUrl + path);
      faults.push(...(await findDead(page, path)));
    }
    await context.close();
    expect(faults).toEqual([]);
  }, 600_000);

  it('has tables that sort and are files', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const faults: string[] = [];
    let sheets = 0;
    const kinds = new Set<string | undefined>();
    for (const path of PAGES) {
      await page.goto(server.uiUrl + path);
      const kind = path.split('?')[0]?.replace(/^(\/[a-z-]+)\/.*/, '$1/');
      const found = await findWrongFiles(page, path, !kinds.has(kind));
      kinds.add(kind);
      sheets += found.sheets;
      faults.push(...found.faults);
    }
    await context.close();
    expect(faults).toEqual([]);
    expect(sheets).toBeGreaterThan(40);
  }, 600_000);

  it('sorts limits by their amounts, not by the letters of them', async () => {
    const { rules } = await getJson<{ rules: { id: string; threshold: number }[] }>(server, '/api/alerts');
    const amounts = new Map(rules.map(({ id, threshold }) => [id, threshold]));
    const rows = await getJson<{ id: string }[]>(server, '/alerts?sort.rules=-limit&sheet=rules.json');
    const shown = rows.map(({ id }) => amounts.get(id));
    expect(shown.length).toBeGreaterThan(5);
    expect(shown).toEqual([...amounts.values()].toSorted((a, b) => b - a));
  });
});
