import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import type { EventRecord } from '../../core/event.ts';
import { writeAlertFile } from '../../server/alerting/alert-file.ts';
import { alertMemory } from '../alerts/rules/alert-memory.ts';
import { makeDataDir, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { NESTED_SESSION, nestedSession } from '../server/web/nested-run.ts';
import { sampleRun } from '../server/web/sample-run.ts';

// Every page for people who do not see it, or see little: axe-core finds no serious fault, light or dark,
// wide or narrow; the keyboard shows where it is; nothing is wider than a phone but tables that scroll by
// themselves; and no page asks anybody but its own server.

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** More than head, filter and the first rows have. */
const FOCUS_STOPS = 30;
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

/** Serious faults of a page, each with the element that has it. */
async function findFaults(
  colorScheme: 'light' | 'dark',
  width: number,
  paths: readonly string[],
): Promise<string[]> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(server.uiUrl) || request.url().startsWith('data:');
    if (!isOwn) faults.push(`asked ${request.url()}`);
  });
  for (const path of paths) {
    await page.goto(server.uiUrl + path);
    await page.evaluate(axe.source);
    const found = await page.evaluate<Violation[]>('axe.run().then((result) => result.violations)');
    for (const { id, impact, nodes } of found)
      if (impact === 'serious' || impact === 'critical')
        faults.push(`${path} ${id}: ${nodes[0]?.html ?? ''}`);
    faults.push(...(await findOverflow(page, path)));
    faults.push(...(await findUnseenFocus(page, path)));
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

/** What the keyboard reaches without showing that it is there. */
async function findUnseenFocus(page: Page, path: string): Promise<string[]> {
  const faults: string[] = [];
  for (let presses = 0; presses < FOCUS_STOPS; presses++) {
    await page.keyboard.press('Tab');
    const unseen = await page.evaluate<string | null>(`(() => {
      const node = document.activeElement;
      if (node === null || node === document.body) return null;
      const style = getComputedStyle(node);
      const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
      return isOutlined ? null : node.outerHTML.slice(0, 120);
    })()`);
    if (unseen !== null) faults.push(`${path} shows no focus on ${unseen}`);
  }
  return faults;
}

describe('accessibility', () => {
  it('of the empty page', async () => {
    expect(await findFaults('light', 1280, ['/'])).toEqual([]);
  });

  it('of every page, light and wide', async () => {
    await sendEvents(server, [
      ...sampleRun({ mark: 'a', endMs: Date.now() - 1000 }),
      ...sampleRun({ mark: 'b', endMs: Date.now() - 2000, status: 'error', tags: ['beta', 'nightly run'] }),
      ...sampleRun({ mark: 'c', endMs: Date.now(), isOpen: true }),
      ...nestedSession(Date.now()),
      ...billAndWaste(Date.now()),
    ]);
    expect(await findFaults('light', 1280, PAGES)).toEqual([]);
  }, 600_000);

  it('of every page, dark and on a phone', async () => {
    expect(await findFaults('dark', 390, PAGES)).toEqual([]);
  }, 600_000);

  it('no page is wider than the smallest of phones', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 568 } });
    const page = await context.newPage();
    const faults: string[] = [];
    for (const path of PAGES) {
      await page.goto(server.uiUrl + path);
      faults.push(...(await findOverflow(page, path)));
    }
    await context.close();
    expect(faults).toEqual([]);
  }, 600_000);
});
