// The page of the diagnosis and its lines in the terminal: moments in the zone of the page, runs as links, exact
// counts, and no data where there is none.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../cli/run-command.ts';
import { renderDiagnosis } from '../../cli/commands/read/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import type { DiagnosisReport } from '../../server/source.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { generatePeriod } from './generate-period.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// No daylight saving time: always ten hours behind UTC.
const TIMEZONE = 'Pacific/Honolulu';
const FROM_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const PERIOD = { runs: 12, spacingMs: 60_000 };
const WINDOW = [
  `from=${iso(FROM_MS)}`,
  `to=${iso(FROM_MS + HOUR_MS)}`,
  `against=${iso(FROM_MS - DAY_MS)}..${iso(FROM_MS - DAY_MS + HOUR_MS)}`,
].join('&');
const RUNAWAY = 'deadbeef'.repeat(4);

let server: TestServer;

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function numbered(events: readonly EventRecord[]): EventRecord[] {
  return events.map((event, index) => ({
    ...event,
    'tallyspan.seq': index + 1,
    'service.instance.id': 'one',
    trace_id: `${index}`.padStart(32, '0'),
    span_id: `${index}`.padStart(16, '0'),
  }));
}

beforeAll(async () => {
  server = await startTestServer({ timezone: TIMEZONE });
  const runaway: EventRecord = {
    timestamp: FROM_MS + HOUR_MS / 2,
    'event.name': 'agent.model_call',
    'agent.run_id': RUNAWAY,
    'gen_ai.response.model': 'claude-opus-5-5',
    tokens_input: 10_000_000,
    cost_nano_usd: 60e9,
    cost_input_nano_usd: 60e9,
  };
  const events = numbered([
    ...generatePeriod({ ...PERIOD, fromMs: FROM_MS - DAY_MS }),
    ...generatePeriod({ ...PERIOD, fromMs: FROM_MS, breaks: 'tools_reordered' }),
    runaway,
  ]);
  for (let index = 0; index < events.length; index += 500)
    await sendEvents(server, events.slice(index, index + 500));
});

afterAll(() => server.remove());

async function readPage(from: TestServer, window: string): Promise<string> {
  const answer = await fetch(`${from.uiUrl}/diagnose?${window}`, { headers: { accept: 'text/html' } });
  return answer.text();
}

/** What people read of some HTML. */
function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function cardsOf(page: string): Record<string, string> {
  const cards = page.matchAll(/<div class="label">([^<]*)<\/div><div class="(big[^"]*)">([^<]*)<\/div>/g);
  return Object.fromEntries([...cards].map(([, label, look, value]) => [label, `${value} ${look}`]));
}

describe('the evidence of a cause', () => {
  it('has its moments in the zone of the page, and links to its runs', async () => {
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`);
    const page = await readPage(server, WINDOW);
    expect(report.causes.map(({ cause }) => cause)).toEqual(['outlier_run', 'cache_tools_reordered']);
    const link = `<a class="mono" href="/runs/${RUNAWAY}">deadbeef</a>`;
    // In the evidence, beside it, and in the table of the parts.
    expect(page.split(link)).toHaveLength(4);
    const atUtc = iso(FROM_MS + HOUR_MS / 2);
    const local = `${iso(FROM_MS - 10 * HOUR_MS)
      .slice(8, 10)
      .replace(/^0/, '')} [A-Z][a-z]+ 14:30`;
    expect(page).toMatch(new RegExp(`1 call since <time [^>]*title="${atUtc}"[^>]*>${local}</time>`, 'i'));
    const first = report.causes[1]?.evidence_segments[1];
    const [, run, , at] = first ?? [];
    expect(run?.run).toMatch(/^[0-9a-f]{32}$/);
    expect(run?.text).toBe(run?.run?.slice(0, 8));
    expect(Date.parse(at?.at ?? '')).toBeGreaterThan(FROM_MS);
    expect(page).toContain(
      `first call that shows it: run <a class="mono" href="/runs/${run?.run ?? ''}">${run?.text ?? ''}</a>`,
    );
    const { stdout } = await runCommand([
      'diagnose',
      '--from',
      iso(FROM_MS),
      '--to',
      iso(FROM_MS + HOUR_MS),
      '--against',
      `${iso(FROM_MS - DAY_MS)}..${iso(FROM_MS - DAY_MS + HOUR_MS)}`,
      '--url',
      server.uiUrl,
    ]);
    const moment = String.raw`(\d{4}-)?\d\d-\d\d \d\d:\d\d`;
    expect(stdout).toMatch(new RegExp(`1 call since (${moment}|14:30)$`, 'm'));
    expect(stdout).toMatch(
      new RegExp(
        `^from ${moment} – ${moment}, times in Pacific/Honolulu; against ${moment} – ${moment}$`,
        'm',
      ),
    );
    // To read, no moment is in UTC; in JSON all are.
    expect(stdout).not.toMatch(/\d{4}-\d{2}-\d{2}T/);
    expect(textOf(page.slice(page.indexOf('id="causes"')))).not.toMatch(/\d{4}-\d{2}-\d{2}T/);
    expect(report.causes[1]?.evidence[1]).toBe((first ?? []).map(({ text }) => text).join(''));
    expect(report.causes[1]?.evidence[1]).toContain(at?.at ?? '–');
  });

  it('has the share of one run in the difference', async () => {
    const text = textOf(await readPage(server, WINDOW));
    expect(text).toMatch(
      /\+\$60\.00 9\d\.\d % of what raises one run cost [\d,]+ × the median run it cost \$60\.00, 9\d\.\d % of/,
    );
  });
});

describe('the numbers of a sample', () => {
  it('are told as such: runs are counted, and how many were looked at', async () => {
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${WINDOW}`);
    const sample = {
      ...report,
      sampled: true,
      every_nth_run: 7,
      runs: 4_321,
      runs_looked_at: 620,
      against_runs_looked_at: 510,
    };
    const lines = renderDiagnosis(sample, { write: () => true }, false).split('\n');
    expect(lines[1]).toMatch(/; 4,321 runs against 12$/);
    expect(lines[2]).toBe(
      'from a sample: the most expensive runs and one of every 7 others; looked at 620 runs against 510',
    );
    expect(renderDiagnosis(report, { write: () => true }, false)).not.toContain('sample');
  });
});

describe('no data', () => {
  it('is no cost of zero', async () => {
    const empty = await startTestServer();
    try {
      const page = await readPage(empty, '');
      expect(cardsOf(page)).toEqual({ Cost: '– big', Against: '– big', Difference: '– big', Runs: '– big' });
      expect(page).toContain('No priced calls in that time.');
      expect(page).not.toContain('$0.00');
      const report = await getJson<DiagnosisReport>(empty, '/api/diagnosis');
      const words = renderDiagnosis(report, { write: () => true }, true);
      expect(words).toBe('Cost – against –: –; – runs against –\nNo priced calls in that time.\n');
    } finally {
      await empty.remove();
    }
  });

  it('in one of the times leaves nothing to compare', async () => {
    const later = `from=${iso(FROM_MS)}&to=${iso(FROM_MS + HOUR_MS)}`;
    const page = await readPage(server, later);
    const cards = cardsOf(page);
    expect(cards).toMatchObject({ Against: '– big', Difference: '– big', Runs: '13 big' });
    expect(cards['Cost']).toMatch(/^\$6\d\.\d\d big$/);
    expect(page).toContain('No priced calls to compare with.');
    expect(page).not.toContain('Every part of the difference');
    const report = await getJson<DiagnosisReport>(server, `/api/diagnosis?${later}`);
    expect(renderDiagnosis(report, { write: () => true }, false)).toMatch(
      /^Cost \$6\d\.\d\d against –: –; 13 runs against –\nNo priced calls to compare with/,
    );
  });

  it('is not a difference of zero between two equal times', async () => {
    const same = `from=${iso(FROM_MS)}&to=${iso(FROM_MS + HOUR_MS)}&against=${iso(FROM_MS)}..${iso(FROM_MS + HOUR_MS)}`;
    expect(cardsOf(await readPage(server, same))).toMatchObject({ Difference: '$0.00 big' });
    expect(cardsOf(await readPage(server, WINDOW))['Difference']).toMatch(/ big worse$/);
  });
});
