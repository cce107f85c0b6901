// The embedded server: one process that takes OTLP in, stores events in one file, and shows them. It opens in three
// steps: the data and what works on it, the doors by which it is reached, and what looks at the data by itself.

import type { FastifyInstance } from 'fastify';
import type { EventRecord } from '../core/event.ts';
import { LOST_AFTER_MS } from '../signals/signal.ts';
import type { AlertOverview } from './alerting/alert-overview.ts';
import type { Alerter } from './alerting/alerter.ts';
import { startAlerting } from './alerting/start-alerting.ts';
import { startBilling } from './billing/start-billing.ts';
import { ClaudeRuns } from './claude-runs.ts';
import { ExampleData } from './example/example-data.ts';
import { keepFindings, type FindingsKeeper } from './findings/keep-findings.ts';
import { RunAssembler } from './foreign/run-assembler.ts';
import { TraceStore } from './foreign/trace-store.ts';
import { startForwarder, type Forwarder } from './forward/forwarder.ts';
import { listenGrpc } from './intake/grpc-intake.ts';
import { makeHttpIntake } from './intake/http-intake.ts';
import { Intake } from './intake/intake.ts';
import { LimitKeeper } from './limits/limit-keeper.ts';
import { Closers } from './process/closers.ts';
import { startFreeingMemory } from './process/free-memory.ts';
import { closeGracefully } from './process/graceful-close.ts';
import { startHousekeeping } from './process/housekeeping.ts';
import { listen, openDoor } from './process/listen.ts';
import { reachableHost } from './process/reachable-host.ts';
import { describeMissingKey } from './recorded-content.ts';
import type { ServerOptions } from './server-options.ts';
import { pageUrlOf, readServerSettings, type ServerSettings } from './server-settings.ts';
import { openDatabase, type Database } from './store/file/database.ts';
import { EventStore } from './store/write/event-store.ts';
import { makeWebServer } from './web/web-server.ts';

export { ServerError } from './process/server-error.ts';
export type { ServerOptions } from './server-options.ts';

/** Whoever exports in batches does so within five seconds. */
const FORWARD_SETTLE_MS = 10_000;

/** Addresses at which this machine reaches the server. */
export interface RunningServer {
  readonly uiUrl: string;
  /** host:port */
  readonly grpcAddress: string;
  /** host:port */
  readonly httpAddress: string;
  readonly dataDir: string;
  /** Rules, states of alerts, channels and the last notices. */
  readAlertStates(): AlertOverview;
  /** Stores finished events as those of a sender are; resolves when they are on disk. */
  appendEvents(events: readonly EventRecord[]): Promise<void>;
  /** Takes nothing more in, stores what was taken, and closes the file. */
  close(): Promise<void>;
}

/** The data of a server and what works on it. */
interface Work {
  readonly database: Database;
  readonly store: EventStore;
  readonly intake: Intake;
  readonly forwarder: Forwarder | undefined;
  readonly findings: FindingsKeeper;
}

/** What is known only when a server is nearly there. */
interface Late {
  alerter?: Alerter;
  grpcAddress?: string;
  httpAddress?: string;
}

/**
 * Starts the server; resolves when it listens on all three ports.
 * @throws ServerError when a port is taken, the folder cannot be written or is in use, or an alert variable is wrong
 */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  const settings = readServerSettings(given);
  const closers = new Closers();
  try {
    const work = await openWork(settings, closers);
    const late: Late = {};
    const ports = await openDoors(settings, work, late, closers);
    const name = reachableHost(settings.host);
    const uiUrl = `http://${name}:${ports.ui}`;
    const alerter = await startWatching(settings, work, uiUrl, closers);
    late.alerter = alerter;
    return {
      uiUrl,
      grpcAddress: `${name}:${ports.grpc}`,
      httpAddress: `${name}:${ports.http}`,
      dataDir: given.dataDir,
      readAlertStates: () => alerter.overview(),
      appendEvents: (events) => work.store.write({ events, spans: [] }),
      close: () => closers.close(),
    };
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

async function openWork({ options }: ServerSettings, closers: Closers): Promise<Work> {
  const { log, priceOverrides: overrides } = options;
  const database = await openDatabase(options.dataDir);
  closers.add(() => database.close());
  if (database.recovery !== undefined) log(database.recovery);
  const store = await EventStore.open(database);
  const missingKey = await describeMissingKey(database);
  if (missingKey !== undefined) log(missingKey);
  closers.add(startFreeingMemory(database, store));
  const assembler = new RunAssembler(new TraceStore(database), store, {
    noteLarge: (traceId) => {
      log(`the trace ${traceId} has so many spans that its runs are no longer kept up to date`);
    },
    overrides,
  });
  const claudeRuns = new ClaudeRuns({ database, store, log, idleMs: options.claudeIdleMs, overrides });
  closers.add(() => claudeRuns.stop());
  await claudeRuns.start();
  const intake = new Intake(store, assembler, {
    onClaudeEvents: (events) => {
      claudeRuns.note(events);
    },
    keepsContent: options.content === 'full',
    log,
    overrides,
  });
  const lostAfterMs = options.lostAfterMs ?? LOST_AFTER_MS;
  let forwarder: Forwarder | undefined;
  if (options.forwardUrl !== undefined) {
    const settleMs = options.forwardSettleMs ?? FORWARD_SETTLE_MS;
    forwarder = startForwarder({
      database,
      store,
      url: options.forwardUrl,
      headers: options.forwardHeaders,
      settleMs,
      isStirring: (traceId) => assembler.hasComeWithin(traceId, settleMs),
      lostAfterMs,
      log,
    });
    closers.add(async () => forwarder?.stop());
  }
  const housekeeping = startHousekeeping({
    database,
    store,
    lostAfterMs,
    importPatienceMs: options.importPatienceMs,
    retention: {
      ageMs: options.retentionMs,
      contentAgeMs: options.contentRetentionMs,
      bytes: options.retentionBytes,
    },
    log,
  });
  closers.add(() => housekeeping.stop());
  const findings = keepFindings({ database, store, log, everyMs: options.findingsEveryMs });
  closers.add(() => findings.stop());
  return { database, store, intake, forwarder, findings };
}

/** Page, OTLP over HTTP and OTLP over gRPC, in this order. Answers the ports that they have. */
async function openDoors(
  settings: ServerSettings,
  work: Work,
  late: Late,
  closers: Closers,
): Promise<{ ui: number; http: number; grpc: number }> {
  const { options, host, access } = settings;
  const { intake } = work;
  // At the same time: each may take as long as requests under way are given.
  const listeners: (() => Promise<void>)[] = [];
  closers.add(async () => void (await Promise.all(listeners.map((close) => close()))));
  const web = makeWeb(settings, work, late, await LimitKeeper.open(options.dataDir, options.log), closers);
  listeners.push(closeGracefully(web));
  const ui = await listen(web, {
    host,
    port: options.uiPort ?? 4319,
    option: '--port',
    what: 'the page',
  });
  const overHttp = makeHttpIntake({ intake, access, log: options.log });
  listeners.push(closeGracefully(overHttp));
  const http = await listen(overHttp, {
    host,
    port: options.httpPort ?? 4318,
    option: '--http-port',
    what: 'OTLP over HTTP',
  });
  const listening = host.includes(':') ? `[${host}]` : host;
  late.httpAddress = `${listening}:${http}`;
  const overGrpc = await openDoor(
    { host, port: options.grpcPort ?? 4317, option: '--grpc-port', what: 'OTLP over gRPC' },
    (address, port) =>
      listenGrpc({ intake, host: address, port, isAllowed: access.isAllowed, log: options.log }),
  );
  listeners.push(() => overGrpc.close());
  late.grpcAddress = `${listening}:${overGrpc.port}`;
  return { ui, http, grpc: overGrpc.port };
}

function makeWeb(
  settings: ServerSettings,
  { database, store, intake, forwarder, findings }: Work,
  late: Late,
  limits: LimitKeeper,
  closers: Closers,
): FastifyInstance {
  const { options, access, trustedProxies, timezone, traceUrls, feedbackDoor, billing } = settings;
  const example = options.isExample === true ? undefined : exampleDataOf(timezone);
  closers.add(async () => example?.remove());
  return makeWebServer({
    example,
    database,
    store,
    intake,
    access,
    limits,
    trustedProxies,
    timezone,
    traceUrls,
    isClaudeOnPlan: options.isClaudeOnPlan,
    readAlerts: () => late.alerter?.overview(),
    alerter: () => late.alerter,
    testChannel: (name) => late.alerter?.tests.test(name),
    grpcAddress: () => late.grpcAddress,
    httpAddress: () => late.httpAddress,
    retentionMs: options.retentionMs,
    feedbackDoor,
    latestFindings: findings.latest,
    serviceOfKey: billing.serviceOfKey,
    forwarded: forwarder?.counters,
    hasAdminKey: billing.api !== undefined,
    log: options.log,
  });
}

/** Alerts, and the reconciliation with the bill. */
async function startWatching(
  settings: ServerSettings,
  { database: stored, store }: Work,
  uiUrl: string,
  closers: Closers,
): Promise<Alerter> {
  const { options, alerting, billing } = settings;
  const { dataDir, log } = options;
  const database = { ...stored, isClaudeOnPlan: options.isClaudeOnPlan };
  const alerter = await startAlerting({
    alerting,
    database,
    dataDir,
    pageUrl: pageUrlOf(settings, uiUrl),
    log,
  });
  closers.add(() => alerter.close());
  closers.add(startBilling({ ...billing, database, store, log, firstAfterMs: options.billingAfterMs }));
  return alerter;
}

/** In a server of its own that nobody but this one reaches, whose alerts go nowhere. */
function exampleDataOf(timezone: string): ExampleData {
  return new ExampleData((dataDir) =>
    startServer({
      dataDir,
      host: '127.0.0.1',
      uiPort: 0,
      grpcPort: 0,
      httpPort: 0,
      timezone,
      isExample: true,
      log: () => undefined,
    }),
  );
}
