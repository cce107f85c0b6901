// A board as a real Grafana draws it in a real Chromium: what each panel says, whether it has an error, and a
// picture of the whole in the folder that BOARD_PICTURES names. Names of elements: Grafana's own for its tests.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Browser } from 'playwright-core';
import type { GrafanaUnderTest } from './grafana-container.ts';
import type { Range } from './grafana.ts';

const WIDTH = 1600;
/** Pixels of a unit of the grid, and of what stands above the panels. */
const UNIT = 38;
const HEAD = 220;
const DRAW_LIMIT_MS = 120_000;

export interface DrawnPanel {
  readonly title: string;
  readonly text: string;
  readonly hasError: boolean;
}

/** Opens the board high enough that every panel is drawn at once; rows that are closed stay so. */
export async function drawBoard(
  browser: Browser,
  grafana: GrafanaUnderTest,
  dashboard: Dashboard,
  { from, to }: Range,
  variables: Readonly<Record<string, string>>,
): Promise<DrawnPanel[]> {
  const units = Math.max(
    ...(dashboard.panels ?? []).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)),
  );
  const page = await browser.newPage({
    viewport: { width: WIDTH, height: HEAD + units * UNIT },
    extraHTTPHeaders: { authorization: `Basic ${Buffer.from(grafana.auth).toString('base64')}` },
  });
  try {
    const params = new URLSearchParams({ from: String(from), to: String(to) });
    for (const [name, value] of Object.entries(variables)) params.set(`var-${name}`, value);
    await page.goto(`${grafana.url}/d/${dashboard.uid ?? ''}?${params.toString()}`);
    const panels = page.locator('[data-testid^="data-testid Panel header "]');
    await panels.first().waitFor({ timeout: DRAW_LIMIT_MS });
    await page.waitForLoadState('networkidle', { timeout: DRAW_LIMIT_MS });
    const folder = process.env['BOARD_PICTURES'];
    if (folder !== undefined && folder !== '') {
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${dashboard.uid ?? 'board'}.png`) });
    }
    const drawn: DrawnPanel[] = [];
    for (const panel of await panels.all()) {
      const name = (await panel.getAttribute('data-testid')) ?? '';
      drawn.push({
        title: name.replace('data-testid Panel header ', ''),
        text: await panel.innerText(),
        hasError: (await panel.locator('[data-testid="data-testid Panel status error"]').count()) > 0,
      });
    }
    return drawn;
  } finally {
    await page.close();
  }
}
