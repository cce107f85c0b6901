// A source answers questions about the data: by asking the running server, or from the data folder
// itself when none runs. The answers are the same.

import { LimitKeeper } from './limits/limit-keeper.ts';
import { readLimits, type LimitsOverview } from './limits/read-limits.ts';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { SignalResult } from '../signals/result.ts';
import type { BilledRow, LedgerCell } from '../core/billing/billed-row.ts';
import { formatServiceKeys } from '../core/billing/service-keys.ts';
import { DAY_MS } from '../core/time/time.ts';
import type { AlertOverview } from './alerting/alert-overview.ts';
import { readStoredAlerts } from './alerting/stored-alerts.ts';
import { askedServer, DEFAULT_PAGE_URL } from './asked-server.ts';
import { keepYoungSpaceSmall } from './process/memory.ts';
import { backupDatabase, exportEvents, type ExportRequest } from './queries/export/export-events.ts';
import { listRuns, sumRuns, sumsAnswer, type RunSumsAnswer } from './queries/runs/list-runs.ts';
import type { RunFilter } from './queries/runs/run-filter.ts';
import type { RunSummary } from './queries/runs/run-summary.ts';
import { readCost, type CostReport } from './queries/signals/read-cost.ts';
import { readDiagnosis, type DiagnosisReport } from './queries/diagnosis/read-diagnosis.ts';
import { readMeta, type StoreMeta } from './queries/read-meta.ts';
import { readRecording, type Recording } from './queries/runs/read-recording.ts';
import { readRun, type RunTree } from './queries/runs/read-run.ts';
import {
  readStatusLineNumbers,
  readUsageReport,
  type StatusLineNumbers,
  type UsageReport,
} from './queries/usage/read-usage.ts';
import { readWhatIf, type WhatIfReport } from './queries/diagnosis/read-what-if.ts';
import { readFindings, type FindingsReport } from './queries/findings/read-findings.ts';
import { readBill, readLedger, type BillingDays } from './queries/billing/read-billing.ts';
import {
  readReconciliation,
  type ReconciliationReport,
  type ReconciliationSums,
} from './queries/billing/read-reconciliation.ts';
import { compareGroups, type GroupDifference, type GroupsReport } from './queries/groups/compare-groups.ts';
import { readVersionsReport, type VersionsReport } from './queries/groups/read-versions.ts';
import { answerSignal } from './queries/list-value.ts';
import { ServerError } from './process/server-error.ts';
import { DATA_FILE, openDatabaseReadOnly } from './store/file/database.ts';
import { parseDiagnosisQuestion, parseWhatIfQuestion } from './questions/diagnosis-params.ts';
import { parseGroupsQuestion, parseVersionsQuestion } from './questions/groups-params.ts';
import { parseCostRequest } from './questions/cost-params.ts';
import { parseSignalRequest, whereParams } from './questions/query-params.ts';
import { claudePlanHeader } from './questions/claude-plan.ts';
import { runFilterParams } from './questions/run-filter-params.ts';
import type {
  CostQuestion,
  SignalQuery,
  DiagnosisText,
  WhatIfText,
  UsageText,
  GroupsText,
  VersionsText,
  BillText,
} from './questions/question-texts.ts';
import { parseUsageRequest } from './questions/usage-params.ts';

export type {
  CostQuestion,
  SignalQuery,
  DiagnosisText,
  WhatIfText,
  UsageText,
  GroupsText,
  VersionsText,
  BillText,
  FindingsReport,
  GroupDifference,
  GroupsReport,
  VersionsReport,
  ReconciliationReport,
  ReconciliationSums,
  CostReport,
  DiagnosisReport,
  WhatIfReport,
  RunFilter,
  RunSummary,
  RunSumsAnswer,
  RunTree,
  Recording,
  SignalResult,
  StoreMeta,
  ExportRequest,
};

export interface BillingData extends BillingDays {
  readonly ledger: readonly LedgerCell[];
  readonly bill: readonly BilledRow[];
  /** When each day with rows of the bill was fetched last, Unix milliseconds. */
  readonly fetchedAtMsByDay: Readonly<Record<string, number>>;
  /** TALLYSPAN_BILLING_KEYS of the server; absent from a folder. */
  readonly keys?: string;
}

export interface Source {
  /** Where the answers come from, for people: an address or a file. */
  readonly name: string;
  runs(filter: RunFilter): Promise<RunSummary[]>;
  /** Of all that match, however many `limit` shows; undefined from a server of an earlier version. */
  runSums(filter: Omit<RunFilter, 'limit'>): Promise<RunSumsAnswer | undefined>;
  /** Undefined when there is no such run. An unambiguous beginning of an id is enough. */
  run(id: string): Promise<RunTree | undefined>;
  /** Requests and answers of a run as they are stored: encrypted. Undefined when there is no such run. */
  recording(id: string): Promise<Recording | undefined>;
  cost(question?: CostQuestion): Promise<CostReport>;
  signal(id: string, question?: SignalQuery): Promise<SignalResult>;
  diagnosis(question: DiagnosisText): Promise<DiagnosisReport>;
  whatIf(question: WhatIfText): Promise<WhatIfReport>;
  usage(question: UsageText): Promise<UsageReport>;
  /** Two groups of runs, as filters; `time` is a length up to now. */
  groups(question: GroupsText): Promise<GroupsReport>;
  /** Prompt and tool versions of an agent, with scores. */
  versions(question: VersionsText): Promise<VersionsReport>;
  /** What fixes would have recovered in the last seven days. */
  findings(): Promise<FindingsReport>;
  reconciliation(question: BillText): Promise<ReconciliationReport>;
  /** The stored bill and the ledger, as a reconciliation needs them; days are those of Unix. */
  billing(question: BillText): Promise<BillingData>;
  /** Today, and the block of five hours that goes on. */
  statusLine(): Promise<StatusLineNumbers>;
  /** Rules, states and last notices of alerts; from a folder with the default thresholds and without channels. */
  alerts(): Promise<AlertOverview>;
  /** Limits of the day, and what limits did since the instant. */
  limits(sinceMs: number): Promise<LimitsOverview>;
  meta(): Promise<StoreMeta & Readonly<Record<string, unknown>>>;
  /** The events as a file; times are Unix milliseconds. */
  export(request: ExportRequest): AsyncIterable<Uint8Array>;
  /** A database file with everything that is committed. */
  backup(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Address of a running server. When given, nothing else is tried. */
  readonly url?: string | undefined;
  /** Folder that the user named: opened, unless a running server has it, which is asked then. */
  readonly dataDir?: string | undefined;
  /** Folder that is opened when nothing is named and no server runs. */
  readonly fallbackDataDir?: string | undefined;
  readonly token?: string | undefined;
  /** Zone of calendar days when the folder is opened; a server uses its own. */
  readonly timezone?: string | undefined;
  /** Whether Claude Code is used under a plan; undefined: as it says, or as the server was started. */
  readonly isClaudeOnPlan?: boolean | undefined;
}

const PROBE_LIMIT_MS = 1000;

/**
 * The server at `url`; else the folder that was named; else the default server when it runs; else the
 * fallback folder. Folders are opened for reading only.
 * @throws ServerError when none of them answers
 */
export async function openSource(options: SourceOptions): Promise<Source> {
  if (options.url !== undefined) return serverSource(options.url.replace(/\/+$/, ''), options);
  const server = (await isServing(DEFAULT_PAGE_URL)) ? serverSource(DEFAULT_PAGE_URL, options) : undefined;
  if (options.dataDir !== undefined) {
    try {
      return await folderSource(options.dataDir, options);
    } catch (error) {
      // The folder of a running server is locked: then that server is who to ask.
      const meta = await server?.meta();
      if (server !== undefined && meta?.['data_dir'] === resolve(options.dataDir)) return server;
      throw error;
    }
  }
  if (server !== undefined) return server;
  if (options.fallbackDataDir !== undefined && existsSync(join(options.fallbackDataDir, DATA_FILE)))
    return folderSource(options.fallbackDataDir, options);
  throw new ServerError(
    `no tallyspan answers at ${DEFAULT_PAGE_URL}. Start \`tallyspan up\`, or name the server with --url or the folder with --data.`,
  );
}

async function isServing(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    // One whose disk is full says so with 503, and answers questions.
    return answer.ok || answer.status === 503;
  } catch {
    return false;
  }
}

function serverSource(url: string, { token, isClaudeOnPlan }: SourceOptions): Source {
  const { ask, askMaybe, askBytes } = askedServer(url, token, claudePlanHeader(isClaudeOnPlan));
  return {
    name: url,
    runs: (filter) => ask('/api/runs', { ...runFilterParams(filter), limit: filter.limit }),
    runSums: ({ sort: _sort, cursor: _cursor, isReversed: _isReversed, offset: _offset, ...filter }) =>
      askMaybe('/api/runs/sums', runFilterParams(filter)),
    run: (id) => askMaybe(`/api/runs/${encodeURIComponent(id)}`),
    recording: (id) => askMaybe(`/api/runs/${encodeURIComponent(id)}/recording`),
    cost: ({ where, ...question } = {}) =>
      ask('/api/cost', { ...whereParams(where), ...question, ...isoTimes(question, ['since', 'until']) }),
    signal: (id, { where, ...question } = {}) =>
      ask(`/api/signals/${encodeURIComponent(id)}`, {
        ...whereParams(where),
        ...question,
        ...isoTimes(question, ['from', 'to']),
      }),
    diagnosis: (question) => ask('/api/diagnosis', { ...question }),
    whatIf: (question) => ask('/api/what-if', { ...question }),
    usage: (question) => ask('/api/usage', { ...question }),
    groups: (question) => ask('/api/compare/groups', { ...question }),
    versions: (question) => ask('/api/versions', { ...question }),
    findings: () => ask('/api/findings'),
    reconciliation: ({ since, serviceOfKey }) =>
      ask('/api/reconcile', { ...isoTimes({ since }, ['since']), keys: formatServiceKeys(serviceOfKey) }),
    billing: ({ since }) => ask('/api/billing', isoTimes({ since }, ['since'])),
    statusLine: () => ask('/api/statusline'),
    alerts: () => ask('/api/alerts'),
    limits: (sinceMs) =>
      ask('/api/limits', { since: `${Math.max(1, Math.round((Date.now() - sinceMs) / 60_000))}m` }),
    meta: () => ask('/api/meta'),
    export: ({ format, names, ...times }) =>
      askBytes('/api/export', { format, events: names?.join(','), ...isoTimes(times, ['since', 'until']) }),
    backup: () => askBytes('/api/backup', {}),
    close: () => Promise.resolve(),
  };
}

function isoTimes(object: object, keys: readonly string[]): Record<string, string> {
  const times: Record<string, string> = {};
  for (const key of keys) {
    const value = (object as Record<string, unknown>)[key];
    if (typeof value === 'number') times[key] = new Date(value).toISOString();
  }
  return times;
}

async function folderSource(
  dataDir: string,
  { timezone = 'UTC', isClaudeOnPlan }: SourceOptions,
): Promise<Source> {
  keepYoungSpaceSmall();
  const database = { ...(await openDatabaseReadOnly(dataDir)), isClaudeOnPlan };
  return {
    name: database.file,
    runs: (filter) => listRuns(database, filter),
    runSums: async (filter) => sumsAnswer(await sumRuns(database, filter)),
    run: (id) => readRun(database, id),
    recording: (id) => readRecording(database, id),
    cost: (question = {}) =>
      readCost(database, {
        ...parseCostRequest({ by: question.by }, Date.now(), timezone),
        ...definedOf({ since: question.since, until: question.until, where: question.where }),
      }),
    signal: (id, { where, from, to, ...question } = {}) => {
      const times = isoTimes({ from, to }, ['from', 'to']);
      const asked = parseSignalRequest(
        id,
        { ...whereParams(where), ...question, ...times },
        Date.now(),
        timezone,
      );
      return answerSignal(database, asked.signal, asked.request);
    },
    diagnosis: (question) =>
      readDiagnosis(database, parseDiagnosisQuestion({ ...question }, Date.now(), timezone)),
    whatIf: (question) => readWhatIf(database, parseWhatIfQuestion({ ...question }, Date.now(), timezone)),
    usage: (question) => readUsageReport(database, parseUsageRequest({ ...question }, Date.now(), timezone)),
    groups: async (question) => {
      const { a, b } = parseGroupsQuestion({ ...question }, Date.now(), timezone);
      return (await compareGroups(database, a, b)).report;
    },
    versions: (question) =>
      readVersionsReport(database, parseVersionsQuestion({ ...question }, Date.now(), timezone)),
    findings: () => readFindings(database, Date.now()),
    reconciliation: ({ since, serviceOfKey }) =>
      readReconciliation(database, { since, until: Date.now(), serviceOfKey }),
    billing: async ({ since }) => {
      const days = { fromDay: Math.floor(since / DAY_MS), toDay: Math.floor(Date.now() / DAY_MS) + 1 };
      const { rows, fetchedAtMsByDay } = await readBill(database, days);
      const ledger = await readLedger(database, days);
      return { ...days, ledger, bill: rows, fetchedAtMsByDay };
    },
    statusLine: () => readStatusLineNumbers(database, Date.now(), timezone),
    alerts: () => readStoredAlerts(dataDir, timezone),
    limits: async (sinceMs) =>
      readLimits(database, await LimitKeeper.open(dataDir, () => undefined), {
        from: sinceMs,
        now: Date.now(),
      }),
    meta: async () => ({ ...(await readMeta(database)), data_dir: resolve(dataDir), timezone }),
    export: (request) => exportEvents(database, request),
    backup: () => backupDatabase(database),
    close: () => database.close(),
  };
}

function definedOf<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
