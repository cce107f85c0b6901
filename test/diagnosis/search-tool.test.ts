// The search tool that quietly costs $40 a day is named first, with its dollars, wherever somebody looks: on
// the page of tools, in the diagnosis, in the terminal, and in the notice of the cost alert.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import { formatCost } from '../../core/text/format.ts';
import { DAY_MS, HOUR_MS, dayOf } from '../../core/time/time.ts';
import type { AlertOverview } from '../../server/alerting/alert-overview.ts';
import type { CostReport, DiagnosisReport } from '../../server/source.ts';
import {
  carriedCostOf,
  SEARCH_TOOL,
  SEARCH_TOOL_TOLERANCE,
  SEARCH_TOOL_USD,
  searchToolCorpus,
} from '../fixtures/search-tool.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

jest.setTimeout(120_000);

const NOW = Date.now();
const TIMEZONE = zoneAtNoon(NOW);
const DAY = dayOf(NOW, TIMEZONE);
const events = searchToolCorpus({ dayStartMs: DAY.from, nowMs: NOW - HOUR_MS, usualDays: 3 });
const CARRIED = carriedCostOf(events, SEARCH_TOOL, DAY.from);

let server: TestServer;
let ui: string;

/** A zone in which it is about noon, so that the day has run for half and midnight is far. */
function zoneAtNoon(nowMs: number): string {
  const offset = 12 - new Date(nowMs).getUTCHours();
  // The signs of these names are those of POSIX: Etc/GMT-3 is ahead of UTC.
  return offset === 0 ? 'UTC' : `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
}

beforeAll(async () => {
  const filled = await startTestServer({ timezone: TIMEZONE });
  const stored = events.map((event, index) => ({
    ...event,
    'tallyspan.seq': index + 1,
    'service.instance.id': 'one',
  }));
  for (let start = 0; start < stored.length; start += 4000)
    await sendEvents(filled, stored.slice(start, start + 4000));
  // Started anew, so that no rule was checked on a part of the events.
  await filled.close();
  server = await startTestServer({ dataDir: filled.dataDir, timezone: TIMEZONE });
  ui = server.uiUrl;
});

afterAll(() => server.remove());

async function tallyspan(...args: readonly string[]): Promise<string> {
  let out = '';
  const code = await runCli([...args, '--url', ui], {
    stdin: process.stdin,
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (out += text) },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  if (code !== 0) throw new Error(out);
  return out;
}

/** Names in the first cells of the rows of the first table. */
async function firstRow(path: string, section: string): Promise<string> {
  const html = await (await fetch(ui + path, { headers: { accept: 'text/html' } })).text();
  const table = html.slice(html.indexOf(section));
  const row = /<tbody>.*?<tr[^>]*>(.*?)<\/tr>/s.exec(table)?.[1] ?? '';
  return row.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
}

describe('the search tool that costs $40 a day', () => {
  it('is there: the fixture costs what it says', () => {
    expect(Math.abs(CARRIED / 1e9 / SEARCH_TOOL_USD - 1)).toBeLessThan(SEARCH_TOOL_TOLERANCE);
  });

  it('stands first on the page of tools, with its dollars', async () => {
    const row = await firstRow('/tools?window=24h', 'aria-label="Tools"');
    expect(row).toMatch(new RegExp(`^ ${SEARCH_TOOL} `));
    const before = carriedCostOf(events, SEARCH_TOOL, Date.now() - DAY_MS);
    expect(row).toContain(formatCost(before));
  });

  it('is the first cause on the page of the diagnosis, with its dollars', async () => {
    const row = await firstRow('/diagnose?from=today&against=3d', 'id="causes"');
    expect(row).toContain(SEARCH_TOOL);
    const report = await getJson<DiagnosisReport>(server, '/api/diagnosis?from=today&against=3d');
    const [first] = report.causes;
    expect(first).toMatchObject({ cause: 'tool_results_grew', subject: SEARCH_TOOL });
    // The day goes on between the two questions, by less than a cent.
    const shown = Number(/^ \+\$([\d.]+)/.exec(row)?.[1]);
    expect(shown).toBeCloseTo((first?.cost_nano_usd ?? 0) / 1e9, 0);
    expect(first?.cost_nano_usd).toBeGreaterThan(0.5 * CARRIED);
  });

  it('is first in the terminal', async () => {
    const [head, first] = (await tallyspan('cost', '--by', 'tool', '--since', '24h')).split('\n');
    expect(head).toMatch(/^TOOL /);
    expect(first).toMatch(new RegExp(`^${SEARCH_TOOL} .*\\(est\\.\\)`));
    const report = JSON.parse(
      await tallyspan('cost', '--by', 'tool', '--since', '24h', '--json'),
    ) as CostReport;
    expect(report.rows[0]).toMatchObject({ name: SEARCH_TOOL });
    const lines = (await tallyspan('diagnose', '--from', 'today', '--against', '3d')).split('\n');
    expect(lines[0]).toContain(SEARCH_TOOL);
    // The figures of both times, then the parts.
    expect(lines[2]).toMatch(new RegExp(`^ {2}\\+\\$\\d.*${SEARCH_TOOL}`));
  });

  it('is named first in the notice of the cost alert, with its dollars', async () => {
    let told: AlertOverview['notices'][number] | undefined;
    for (let tries = 0; told === undefined && tries < 120; tries++) {
      const overview = await getJson<AlertOverview>(server, '/api/alerts');
      told = overview.notices?.find((notice) => notice.ruleId === 'cost-spike');
      if (told === undefined) await new Promise((next) => setTimeout(next, 500));
    }
    const lines = told?.why.map((line) => line.map(({ text }) => text).join('')) ?? [];
    expect(lines[0]).toMatch(new RegExp(`^Why: .*${SEARCH_TOOL}.* \\(\\+\\$\\d`));
    const first = lines.find((line) => /^Top (tool|user|model)/.test(line));
    expect(first).toMatch(new RegExp(`^Top tool ${SEARCH_TOOL} \\+\\$\\d`));
    const usd = Number(/\+\$([\d.]+)/.exec(first ?? '')?.[1]);
    expect(Math.abs(usd / SEARCH_TOOL_USD - 1)).toBeLessThan(2 * SEARCH_TOOL_TOLERANCE);
  });
});
