import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import { chromium, type Browser } from 'playwright-core';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { sampleRun } from '../server/sample-run.ts';

// Every page for people who do not see it, or see little: axe-core finds no serious fault, light or dark,
// wide or narrow, and nothing is wider than a phone but tables that scroll by themselves.

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

const PAGES = [
  '/',
  '/runs',
  `/runs/${'a'.repeat(32)}`,
  '/sessions',
  '/sessions/session-a',
  '/tools',
  '/models',
  '/users',
  '/tasks',
  '/agents',
  '/alerts',
  `/compare?a=${'a'.repeat(32)}&b=${'b'.repeat(32)}`,
  '/runs/none',
];

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  server = await startTestServer();
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-sync',
      '--no-first-run',
    ],
  });
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

/** Serious faults of a page, each with the element that has it. */
async function findFaults(
  colorScheme: 'light' | 'dark',
  width: number,
  paths: readonly string[],
): Promise<string[]> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  const faults: string[] = [];
  for (const path of paths) {
    await page.goto(server.uiUrl + path);
    await page.evaluate(axe.source);
    const found = await page.evaluate<Violation[]>('axe.run().then((result) => result.violations)');
    for (const { id, impact, nodes } of found)
      if (impact === 'serious' || impact === 'critical')
        faults.push(`${path} ${id}: ${nodes[0]?.html ?? ''}`);
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (overflow > 0) faults.push(`${path} is ${overflow} px wider than the screen`);
  }
  await context.close();
  return faults;
}

describe('accessibility', () => {
  it('of the empty page', async () => {
    expect(await findFaults('light', 1280, ['/'])).toEqual([]);
  });

  it('of every page, light and wide', async () => {
    await sendEvents(server, [
      ...sampleRun({ mark: 'a', endMs: Date.now() - 1000 }),
      ...sampleRun({ mark: 'b', endMs: Date.now() - 2000, status: 'error' }),
      ...sampleRun({ mark: 'c', endMs: Date.now(), isOpen: true }),
    ]);
    expect(await findFaults('light', 1280, PAGES)).toEqual([]);
  }, 60_000);

  it('of every page, dark and on a phone', async () => {
    expect(await findFaults('dark', 390, PAGES)).toEqual([]);
  }, 60_000);
});
