// An observed command: a command of the user, started with the preload in it and in every Node process that it starts,
// and what these processes report of themselves at their end.

import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatCountOf } from '../../core/text/format.ts';
import type { ProcessReport, UnreadReason } from '../../core/process-report.ts';
import { findRegister, runObserved, type FinishedCommand } from '../check/run-observed.ts';
import type { CliIo } from '../terminal/io.ts';

export interface ReportedCommand extends FinishedCommand {
  /** Of each Node process that ended by itself; one that is killed reports nothing. */
  readonly reports: readonly ProcessReport[];
}

/** Runs the command until it ends. @param isQuiet its output is given back and not shown; with that of the preload */
export async function runReporting(
  command: readonly string[],
  io: CliIo,
  isQuiet = false,
): Promise<ReportedCommand> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-exec-'));
  const file = path.join(folder, 'reports.jsonl');
  // Absolute, so that it holds in whatever folder a child starts; quoted, so that blanks in it end no option; required,
  // since an import would have Node take the program for an ES module where a loader does not.
  const preload = `--require=${JSON.stringify(findRegister())}`;
  const env = {
    NODE_OPTIONS: [io.env['NODE_OPTIONS'], preload].filter(Boolean).join(' '),
    TALLYSPAN_REPORT: file,
    ...(isQuiet ? { TALLYSPAN_LOG: 'debug' } : {}),
  };
  const mode = isQuiet ? 'collect' : 'inherit';
  try {
    const options = { env: io.env, signal: io.signal, stdout: mode, stderr: mode } as const;
    const finished = await runObserved(command, { env }, options);
    const text = await readFile(file, 'utf8').catch(() => '');
    // Whoever observes this program, as where a script of the command has an `exec` of its own, observes those, too.
    const outer = io.env['TALLYSPAN_REPORT'];
    if (outer !== undefined) await appendFile(outer, text).catch(() => undefined);
    return { ...finished, reports: reportsOf(text) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half a line of a process that was killed meanwhile is left out. */
function reportsOf(text: string): ProcessReport[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as ProcessReport];
    } catch {
      return [];
    }
  });
}

/** What all processes together showed. */
export function sumReports(reports: readonly ProcessReport[]): ProcessReport {
  const sum = (read: (report: ProcessReport) => number): number =>
    reports.reduce((total, report) => total + read(report), 0);
  const all = (read: (report: ProcessReport) => readonly string[]): string[] => [
    ...new Set(reports.flatMap(read)),
  ];
  return {
    program: '',
    frameworks: all(({ frameworks }) => frameworks),
    sdkVersions: all(({ sdkVersions }) => sdkVersions),
    requests: sum(({ requests }) => requests),
    unread: sumUnread(reports),
    runs: sum(({ runs }) => runs),
    calls: sum(({ calls }) => calls),
    tools: sum(({ tools }) => tools),
    callsByWay: {
      sdk: sum(({ callsByWay }) => callsByWay.sdk),
      request: sum(({ callsByWay }) => callsByWay.request),
    },
    costNanoUsd: sum(({ costNanoUsd }) => costNanoUsd),
  };
}

function sumUnread(reports: readonly ProcessReport[]): ProcessReport['unread'] {
  const sums: Partial<Record<UnreadReason, number>> = {};
  for (const { unread } of reports) {
    for (const [reason, count] of Object.entries(unread) as [UnreadReason, number][])
      sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}

/** `1 run, 3 calls, 2 tool calls`. */
export function describeCounts({ runs, calls, tools }: ProcessReport): string {
  return [
    formatCountOf(runs, 'run'),
    formatCountOf(calls, 'model call'),
    formatCountOf(tools, 'tool call'),
  ].join(', ');
}

/** By which way the calls are known: `3 by @anthropic-ai/sdk 1.14.0`. */
export function describeWays({ callsByWay, sdkVersions }: ProcessReport): string {
  return [
    ...(callsByWay.sdk > 0
      ? [`${String(callsByWay.sdk)} by @anthropic-ai/sdk ${sdkVersions.join(', ')}`]
      : []),
    ...(callsByWay.request > 0 ? [`${String(callsByWay.request)} by their requests`] : []),
  ].join(', ');
}
