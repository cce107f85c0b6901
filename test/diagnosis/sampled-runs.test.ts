// A diagnosis of more events than are held: the most expensive runs are looked at, totals and counts are exact.

import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import { readDiagnosis } from '../../server/queries/diagnosis/read-diagnosis.ts';
import { shareEvents } from '../../server/queries/diagnosis/sample-runs.ts';
import { openDatabaseReadOnly } from '../../server/store/file/database.ts';
import { parseDiagnosisQuestion } from '../../server/questions/diagnosis-params.ts';
import type { DiagnosisReport } from '../../server/source.ts';
import { startTestServer } from '../server/harness.ts';
import { costOf } from './generate-period.ts';
import { before, DAY_MS, DAY_START_MS, now, PERIOD, sendAll, stored } from './two-days.ts';

/** The diagnoses of events in a store of their own, one for each number of events that may be held. */
async function diagnoseStored(
  events: readonly EventRecord[],
  limits: readonly number[] = [events.length],
): Promise<DiagnosisReport[]> {
  const other = await startTestServer();
  try {
    await sendAll(other, events);
    await other.close();
    const database = await openDatabaseReadOnly(other.dataDir);
    const question = parseDiagnosisQuestion({ from: 'yesterday', against: '1d' }, Date.now(), 'UTC');
    const reports: DiagnosisReport[] = [];
    for (const eventsLimit of limits)
      reports.push(await readDiagnosis(database, { ...question, eventsLimit }));
    await database.close();
    return reports;
  } finally {
    await rm(other.dataDir, { recursive: true, force: true });
  }
}

/** A run of one call after another at $1.50 each. */
function runawayRun(runId: string, calls: number): EventRecord[] {
  return Array.from({ length: calls }, (_, index) => ({
    timestamp: DAY_START_MS + 3_600_000 + index * 1_000,
    'event.name': 'agent.model_call' as const,
    'agent.run_id': runId,
    'user.id': 'user-runaway',
    'gen_ai.agent.name': 'support',
    'gen_ai.response.model': 'claude-opus-4-6',
    'gen_ai.response.id': `msg_${runId}_${index}`,
    'service.instance.id': runId,
    'agent.step_number': index + 1,
    'tallyspan.seq': index + 1,
    trace_id: runId,
    span_id: `${index}`.padStart(16, 'f'),
    tokens_input: 300_000,
    cost_nano_usd: 1_500_000_000,
    cost_input_nano_usd: 1_500_000_000,
  }));
}

function expectSums(report: DiagnosisReport): void {
  expect(report.parts.reduce((sum, part) => sum + part.cost_nano_usd, 0)).toBe(report.difference_nano_usd);
  const causes = report.causes.reduce((sum, cause) => sum + cause.cost_nano_usd, 0);
  expect(causes + report.unexplained_nano_usd).toBe(report.difference_nano_usd);
}

describe('a sample of the runs', () => {
  it('has exact totals and counts, and parts and causes that sum up', async () => {
    const [report] = await diagnoseStored(stored, [stored.length * 0.6]);
    if (report === undefined) throw new Error('no report');
    expect(report).toMatchObject({
      sampled: true,
      cost_nano_usd: costOf(now),
      against_nano_usd: costOf(before),
      runs: PERIOD.runs,
      against_runs: PERIOD.runs,
    });
    expect(report.every_nth_run).toBeGreaterThan(1);
    for (const lookedAt of [report.runs_looked_at, report.against_runs_looked_at]) {
      expect(lookedAt).toBeGreaterThan(0);
      expect(lookedAt).toBeLessThan(PERIOD.runs);
    }
    expectSums(report);
    expect(report.causes.every(({ estimated }) => estimated)).toBe(true);
  });

  it('counts a runaway run once, whatever part of the others is looked at', async () => {
    const usual = before.map((event, index) => ({ ...event, timestamp: event.timestamp + DAY_MS, index }));
    const again = usual.map(({ index, ...event }) => ({
      ...event,
      'agent.run_id': `again-${event['agent.run_id'] ?? ''}`,
      'gen_ai.response.id': `again-${event['gen_ai.response.id'] ?? ''}`,
      'service.instance.id': 'again',
      'tallyspan.seq': index + 1,
      trace_id: `${index}`.padStart(32, 'a'),
      span_id: `${index}`.padStart(16, 'a'),
    }));
    const runaway = runawayRun('e'.repeat(32), 40);
    const earlier = stored.slice(0, before.length);
    const count = earlier.length + again.length + runaway.length;
    const reports = await diagnoseStored(
      [...earlier, ...again, ...runaway],
      [count, count * 0.7, count * 0.3, 60],
    );
    expect(reports.map(({ sampled }) => sampled)).toEqual([false, true, true, true]);
    for (const report of reports) {
      expectSums(report);
      expect(report).toMatchObject({
        cost_nano_usd: costOf(before) + 60e9,
        difference_nano_usd: 60e9,
        runs: PERIOD.runs + 1,
        against_runs: PERIOD.runs,
        unexplained_nano_usd: 0,
      });
      expect(report.causes).toMatchObject([
        { cause: 'outlier_run', subject: 'e'.repeat(32), cost_nano_usd: 60e9, runs: ['e'.repeat(32)] },
      ]);
    }
    // Forty of sixty events would be its own: its cost is known without them, its model is not.
    const models = reports.map(({ changes }) => changes.map(({ value }) => value));
    expect(models).toEqual([['claude-opus-4-6'], ['claude-opus-4-6'], ['claude-opus-4-6'], []]);
  });

  it('of a long time leaves a short one whole', async () => {
    expect(shareEvents(1_000, [5_000, 7_000])).toEqual([500, 500]);
    expect(shareEvents(1_000, [100, 7_000])).toEqual([500, 900]);
    expect(shareEvents(1_000, [7_000, 0])).toEqual([1_000, 500]);
    const short = stored.slice(before.length, before.length + 150);
    const runs = new Set(short.map((event) => event['agent.run_id'])).size;
    const [report] = await diagnoseStored([...stored.slice(0, before.length), ...short], [1_000]);
    expect(report).toMatchObject({ sampled: true, runs, runs_looked_at: runs, against_runs: PERIOD.runs });
    expect(report?.against_runs_looked_at).toBeLessThan(PERIOD.runs);
  });
});

describe('events that lack the ids of runs and steps', () => {
  it.each([
    ['all of them', (): boolean => true],
    ['those of one stretch of time', (index: number): boolean => index >= before.length],
  ])('are shown by their trace and span: %s', async (_, lacksIds) => {
    const foreign = stored.map((event, index): EventRecord => {
      if (!lacksIds(index)) return event;
      const { 'agent.run_id': run = '', 'agent.step_number': step = 0, ...rest } = event;
      return { ...rest, trace_id: run, span_id: `${run.slice(-8)}${`${step}`.padStart(8, '0')}` };
    });
    const [report, sample] = await diagnoseStored(foreign, [foreign.length, foreign.length * 0.6]);
    if (report === undefined || sample === undefined) throw new Error('no report');
    const found = diagnose(foreign.slice(before.length), foreign.slice(0, before.length));
    expect([report.runs, report.against_runs]).toEqual([PERIOD.runs, PERIOD.runs]);
    expect(report.causes.map(({ title, cost_nano_usd }) => [title, cost_nano_usd])).toEqual(
      found.causes.map(({ title, nanoUsd }) => [title, nanoUsd]),
    );
    expect(report.causes[0]).toMatchObject({ cause: 'tool_results_grew', subject: 'search_docs' });
    expect([sample.sampled, sample.runs, sample.against_runs]).toEqual([true, PERIOD.runs, PERIOD.runs]);
    expect(sample.runs_looked_at).toBeLessThan(PERIOD.runs);
  });
});
