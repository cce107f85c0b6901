// Kept reports: the last diagnoses, for those who ask the same again. Of little data a report is kept until something
// is stored; of so much that it was sampled, for a minute, since something is always being stored there.

import type { ChunkQueryable } from '../../store/file/database.ts';
import { readDiagnosis, type DiagnosisQuestion, type DiagnosisReport } from './read-diagnosis.ts';

/** How long a sampled report is good, milliseconds. */
const SAMPLED_MS = 60_000;
const REPORTS_KEPT = 50;

interface KeptReport {
  readonly report: DiagnosisReport;
  readonly question: string;
  readonly version: number;
  readonly atMs: number;
}

/** `asked` is the question as it was written, `question` what that means now. */
export type ReportReader = (
  asked: Readonly<Record<string, unknown>>,
  question: DiagnosisQuestion,
) => Promise<DiagnosisReport>;

/** Reads reports, each once for all who ask the same meanwhile; `version` changes with every change of the data. */
export function keepReports(
  database: ChunkQueryable,
  version: () => number,
  read: typeof readDiagnosis = readDiagnosis,
  now: () => number = Date.now,
): ReportReader {
  const kept = new Map<string, KeptReport>();
  const reading = new Map<string, Promise<DiagnosisReport>>();

  async function answer(key: string, question: DiagnosisQuestion): Promise<DiagnosisReport> {
    const written = JSON.stringify(question);
    const known = kept.get(key);
    if (known !== undefined && isGood(known, written)) return known.report;
    const asked = { question: written, version: version(), atMs: now() };
    const report = await read(database, question);
    kept.delete(key);
    kept.set(key, { ...asked, report });
    for (const oldest of kept.keys()) {
      if (kept.size <= REPORTS_KEPT) break;
      kept.delete(oldest);
    }
    return report;
  }

  function isGood(known: KeptReport, question: string): boolean {
    if (known.report.sampled) return now() - known.atMs < SAMPLED_MS;
    return known.question === question && known.version === version();
  }

  return (asked, question) => {
    const key = JSON.stringify(Object.entries(asked).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const before = reading.get(key) ?? Promise.resolve();
    // Who asks the same as one before waits for that answer, and has it too if it is good.
    const report = before.then(
      () => answer(key, question),
      () => answer(key, question),
    );
    reading.set(key, report);
    const forget = (): void => {
      if (reading.get(key) === report) reading.delete(key);
    };
    report.then(forget, forget);
    return report;
  };
}
