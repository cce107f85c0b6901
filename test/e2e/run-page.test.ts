import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { idOf, nestedRuns, spanOf, toldRun } from '../server/web/told-run.ts';

// The page of a run in a real browser: a step opens beside the list, keys and the back button lead through it, a run that
// goes on grows, and what a model wrote is only text.

const HOSTILE = [
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
  '[click](javascript:document.title="owned") <svg onload="document.title=1">',
  '\u001b[31mred\u001b[0m \u202egnihton\u202c \u0000 </bdi></pre></details>',
].join('\n');

let server: TestServer;
let browser: Browser;
let faults: string[] = [];

beforeAll(async () => {
  const now = Date.now();
  server = await startTestServer();
  await sendEvents(server, [
    ...nestedRuns(now - 60_000),
    ...toldRun({ mark: 'b0', endMs: now - 50_000, status: 'error', turns: 6 }),
    ...toldRun({ mark: 'c0', endMs: now - 40_000, turns: 150, hasContent: false }),
    ...toldRun({ mark: 'd0', endMs: now - 30_000, question: HOSTILE + 'x'.repeat(900_000), system: HOSTILE }),
    ...toldRun({ mark: 'e0', endMs: now, turns: 3, isOpen: true, toolsOf: () => [] }).slice(0, -6),
  ]);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

interface Options {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly javaScriptEnabled?: boolean;
}

/** A page that notes errors and requests to others. */
async function openPage({ width = 1440, ...options }: Options = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  const page = await context.newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') faults.push(line.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(server.uiUrl) && !request.url().startsWith('data:'))
      faults.push(`asked ${request.url()}`);
  });
  return page;
}

const addressOf = (mark: string, query = ''): string => `${server.uiUrl}/runs/${idOf(mark)}${query}`;
const title = (page: Page): Promise<string | null> => page.textContent('#pane-title');

describe('a step', () => {
  it('opens in the pane without the page being loaded again, and the back button leads back', async () => {
    const page = await openPage();
    await page.goto(addressOf('b0'));
    await page.evaluate('window.stays = true');
    await page.click(`a.step[data-step="${spanOf('b0', 2)}"]`);
    await page.waitForSelector('#pane:has-text("step 2, claude-sonnet-5-5")');
    expect(page.url()).toBe(addressOf('b0', `?step=${spanOf('b0', 2)}`));
    await page.click(`#pane a:has-text("Whole")`);
    await page.waitForSelector('#pane summary:has-text("System prompt")');
    // What is open or has the focus keeps nobody from going on.
    await page.click('#pane summary:has-text("System prompt")');
    await page.click('a:has-text("First error")');
    await page.waitForSelector('#pane:has-text("step 2, search_docs")');
    await page.goBack();
    await page.waitForSelector('#pane:has-text("step 2, claude-sonnet-5-5")');
    await page.goBack();
    await page.goBack();
    await page.waitForSelector('#pane', { state: 'detached' });
    expect(await page.evaluate<boolean>('window.stays === true')).toBe(true);
    expect(faults).toEqual([]);
  });

  it('opens and closes while somebody is about to fill in a form', async () => {
    const page = await openPage();
    await page.goto(addressOf('c0'));
    await page.click('td.what a[data-step] >> nth=0');
    await page.waitForSelector('#pane');
    await page.fill('input[name=comment]', 'half of it');
    await page.goBack();
    await page.waitForSelector('#pane', { state: 'detached' });
    expect(await page.inputValue('input[name=comment]')).toBe('half of it');
    expect(faults).toEqual([]);
  });

  it('is the last of several that were asked for before the first came', async () => {
    const page = await openPage();
    await page.goto(addressOf('b0'));
    await page.route('**/runs/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.continue().catch(() => undefined);
    });
    const all = await page.locator('a.step[data-step]').all();
    const steps = await Promise.all(all.slice(0, 4).map((link) => link.getAttribute('data-step')));
    expect(steps).toHaveLength(4);
    await page.evaluate(
      `for (const step of ${JSON.stringify(steps)}) document.querySelector('a.step[data-step="' + step + '"]').click()`,
    );
    await page.waitForSelector(`tr.chosen a.step[data-step="${steps[3] ?? ''}"]`);
    expect(page.url()).toContain(`step=${steps[3] ?? ''}`);
  });

  it('is reached by keys alone', async () => {
    const page = await openPage();
    await page.goto(addressOf('b0'));
    await page.keyboard.press('j');
    await page.waitForSelector('#pane:has-text("step 1, claude-sonnet-5-5")');
    await page.keyboard.press('j');
    await page.waitForSelector('#pane:has-text("step 1, search_docs")');
    await page.keyboard.press('n');
    await page.waitForSelector('#pane .fault-line');
    expect(await title(page)).toBe('step 2, search_docs');
    await page.keyboard.press('k');
    await page.waitForSelector('#pane:has-text("step 2, claude-sonnet-5-5")');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#pane', { state: 'detached' });
    await page.keyboard.press('?');
    expect(await page.locator('dialog[open]').textContent()).toContain('Next error');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('read_order');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=read_order/);
    // The call whose recorded answer asks for it, and the tool call.
    expect(await page.locator('table.steps tbody tr').count()).toBe(2);
    expect(faults).toEqual([]);
  });

  it('opens without JavaScript, too', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(addressOf('a0'));
    await page.click('a:has-text("Run helper-1")');
    expect(await page.locator('table.steps tbody tr').count()).toBe(14);
    await page.click(`a.step[data-step="${spanOf('a1', 1000)}"]`);
    expect(await title(page)).toBe('step 1, search_docs');
    expect(await page.textContent('#pane')).toContain('Order 1: sent on Monday.');
  });
});

describe('a stretch of the time line', () => {
  it('is looked at after it was dragged', async () => {
    const page = await openPage();
    await page.goto(addressOf('c0', '?expand=all'));
    const box = (await page.locator('.stretches').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.55, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForSelector('.zoomed');
    const from = Number(new URL(page.url()).searchParams.get('from'));
    expect(Math.abs(from - 150_000)).toBeLessThan(2000);
    expect(await page.locator('table.steps tbody tr').count()).toBeLessThan(40);
    await page.click('a:has-text("Whole run")');
    await page.waitForSelector('.zoomed', { state: 'detached' });
    expect(faults).toEqual([]);
  });
});

describe('a run that goes on', () => {
  it('grows on the open page and keeps the step in the pane, what was opened in it, and the place', async () => {
    const page = await openPage();
    await page.goto(addressOf('e0', `?step=${spanOf('e0', 1)}&view=whole`));
    await page.click('#pane summary:has-text("System prompt")');
    const before = await page.locator('table.steps tbody tr').count();
    await page.evaluate('window.scrollTo(0, 200)');
    const rest = toldRun({ mark: 'e0', endMs: Date.now(), turns: 3, isOpen: true, toolsOf: () => [] });
    await sendEvents(server, rest.slice(-5));
    await page.locator('table.steps tbody tr').nth(before).waitFor();
    expect(await title(page)).toBe('step 1, claude-sonnet-5-5');
    expect(await page.locator('#pane details[open]').count()).toBe(1);
    expect(await page.evaluate('window.scrollY')).toBe(200);
    expect(faults).toEqual([]);
  });
});

describe('what others wrote', () => {
  it('is text, whatever it looks like', async () => {
    const page = await openPage();
    for (const view of ['whole', 'json', 'new']) {
      await page.goto(addressOf('d0', `?step=${spanOf('d0', 1)}&view=${view}`));
      for (const fold of await page.locator('#pane summary').all()) await fold.click();
      const text = (await page.textContent('#pane')) ?? '';
      expect(text).toContain('<script>');
      expect(text).toContain('javascript:');
      expect(await page.locator('#pane :is(img, script, svg, iframe, a[href^="javascript:"])').count()).toBe(
        0,
      );
      expect(text).toMatch(/more characters/);
      expect(await page.title()).toBe(`Run ${idOf('d0').slice(0, 8)} · tallyspan`);
    }
    const text = (await page.textContent('#pane')) ?? '';
    expect(text).toContain(String.raw`\x1b[31mred`);
    expect(text).toContain(String.raw`\u202egnihton`);
    expect(faults).toEqual([]);
  });
});

/** A model call of its own run, whose request is this text. */
async function sendRequest(mark: string, request: string): Promise<void> {
  await sendEvents(server, [
    {
      timestamp: Date.now(),
      'event.name': 'agent.model_call',
      'agent.run_id': idOf(mark),
      trace_id: idOf(mark),
      span_id: spanOf(mark, 1),
      'agent.step_number': 1,
      'service.instance.id': mark,
      'tallyspan.seq': 1,
      'tallyspan.request_json': request,
    },
  ]);
}

const DEEP = 200_000;

describe('content that is out of all bounds', () => {
  it.each([
    [
      'a text as long as a request may be',
      'f1',
      HOSTILE.repeat(Math.ceil(12e6 / HOSTILE.length)),
      'too long to be recorded',
    ],
    ['as much as is stored', 'f2', HOSTILE.repeat(Math.ceil(2e6 / HOSTILE.length)), 'more characters'],
  ])('%s leaves the page as quick and harmless as any', async (_name, mark, question, said) => {
    await sendRequest(mark, JSON.stringify({ messages: [{ role: 'user', content: question }] }));
    const page = await openPage();
    for (const view of ['new', 'whole', 'json']) {
      await page.goto(addressOf(mark, `?step=${spanOf(mark, 1)}&view=${view}`));
      expect(await page.textContent('#pane')).toContain(said);
      expect(await page.title()).toBe(`Run ${idOf(mark).slice(0, 8)} · tallyspan`);
      const length = await page.evaluate<number>('document.documentElement.outerHTML.length');
      expect(length).toBeLessThan(1_000_000);
    }
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.search.includes('step='));
    expect(faults).toEqual([]);
  });

  it.each([
    ['lists', '['.repeat(DEEP) + ']'.repeat(DEEP)],
    ['objects', `${'{"a":'.repeat(DEEP)}"<script>"${'}'.repeat(DEEP)}`],
  ])('JSON of %s nested 200,000 deep stands as its text in the call that has it', async (kind, input) => {
    const mark = kind === 'lists' ? 'f3' : 'f4';
    await sendRequest(
      mark,
      `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"x","input":${input}}]}]}`,
    );
    const page = await openPage();
    for (const [view, call] of [
      ['new', 'calls x'],
      ['json', '"type":"tool_use"'],
    ] as const) {
      await page.goto(addressOf(mark, `?step=${spanOf(mark, 1)}&view=${view}`));
      const text = await page.textContent('#pane');
      expect(text?.includes(call)).toBe(true);
      expect(text).toMatch(/more characters/);
    }
    expect(faults).toEqual([]);
  });
});

describe('who does not see the page', () => {
  it.each([
    [1440, 'light'],
    [1024, 'dark'],
    [390, 'light'],
  ] as const)('meets no serious fault, %s pixels wide, %s', async (width, colorScheme) => {
    const page = await openPage({ width, colorScheme });
    const found: string[] = [];
    for (const address of [
      addressOf('b0', `?step=${spanOf('b0', 2)}&view=whole`),
      addressOf('b0', `?step=${spanOf('b0', 2000)}`),
      addressOf('a0', `?open=${['a1', 'a2', 'a3'].map(idOf).join(',')}`),
    ]) {
      await page.goto(address);
      await page.evaluate(axe.source);
      const violations = await page.evaluate<Violation[]>('axe.run().then((result) => result.violations)');
      for (const { id, impact, nodes } of violations)
        if (impact === 'serious' || impact === 'critical') found.push(`${id}: ${nodes[0]?.html ?? ''}`);
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (overflow > 0) found.push(`${address} is ${overflow} pixels too wide`);
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
  });
});
