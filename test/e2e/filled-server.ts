// A server that has the generated corpus, and a browser without JavaScript that looks at its pages: one of each for a file
// of tests.

import type { Browser, Page } from 'playwright-core';
import { DAY_MS } from '../../core/time/time.ts';
import { startBrowser } from '../../scripts/browser.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { events, patternOf } from './page-oracle.ts';
import { showPage, type ShownPage } from './shown-page.ts';

export interface FilledServer {
  readonly server: TestServer;
  readonly browser: Browser;
  readonly page: Page;
  /** Patterns of the pages that were shown. */
  readonly visited: Set<string>;
  readonly show: (path: string) => Promise<ShownPage>;
  readonly remove: () => Promise<void>;
}

/** Nothing is closed as lost meanwhile: the corpus has its own losses. */
export const LIMIT_MS = 400 * DAY_MS;
const EVENTS_AT_ONCE = 4000;

export async function startFilledServer(): Promise<FilledServer> {
  const filled = await startTestServer({ lostAfterMs: LIMIT_MS });
  for (let start = 0; start < events.length; start += EVENTS_AT_ONCE)
    await sendEvents(filled, events.slice(start, start + EVENTS_AT_ONCE));
  // Started again, so that no rule was checked on a part of the events.
  await filled.close();
  const server = await startTestServer({ dataDir: filled.dataDir, lostAfterMs: LIMIT_MS });
  const browser = await startBrowser();
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  const visited = new Set<string>();
  return {
    server,
    browser,
    page,
    visited,
    show: (path) => {
      visited.add(patternOf(path));
      return showPage(page, server.uiUrl + path);
    },
    remove: async () => {
      await browser.close();
      await server.remove();
    },
  };
}

const LISTS = ['/tools', '/models', '/users', '/tasks', '/agents', '/versions', '/projects', '/sessions'];

/** The pages whose numbers are tested, by the file that does it. */
export const TESTED_PAGES = {
  runs: ['/', '/runs', '/runs/:id', '/compare', '/sessions/:id'],
  things: [...LISTS, ...LISTS.filter((path) => path !== '/sessions').map((path) => `${path}/:id`)],
  reports: ['/diagnose', '/alerts', '/alerts/:id', '/compare/groups'],
  /** Tested elsewhere. */
  others: ['/claude-code', '/findings', '/limits', '/received', '/reconcile', '/review/next'],
} as const;
