// The embedded server: one process that takes OTLP in, stores events in one file, and shows them.

import type { FastifyInstance } from 'fastify';
import type { EventRecord } from '../core/event.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import { isTimeZone } from '../core/time/time.ts';
import { LOST_AFTER_MS } from '../signals/signal.ts';
import type { Environment } from '../alerts/rules/setting.ts';
import { accessOf, openProxyWarning } from './process/access.ts';
import type { AlertOverview } from './alerting/alert-overview.ts';
import type { Alerter } from './alerting/alerter.ts';
import { readAlerting, startAlerting, type Alerting } from './alerting/start-alerting.ts';
import { secretsOfChannels } from './alerting/channels/make-channels.ts';
import { ExampleData } from './example/example-data.ts';
import { LimitKeeper } from './limits/limit-keeper.ts';
import { adminApiOf, readServiceKeys } from './billing/billing-settings.ts';
import { keepFindings } from './findings/keep-findings.ts';
import { startBilling } from './billing/start-billing.ts';
import { listenGrpc, type GrpcIntake } from './intake/grpc-intake.ts';
import { makeHttpIntake } from './intake/http-intake.ts';
import { Intake } from './intake/intake.ts';
import { ClaudeRuns } from './claude-runs.ts';
import { startForwarder, type Forwarder } from './forward/forwarder.ts';
import { RunAssembler } from './foreign/run-assembler.ts';
import { TraceStore } from './foreign/trace-store.ts';
import { parseTrustedProxies } from './process/proxy.ts';
import { maskSecrets } from './process/secrets.ts';
import { closeGracefully } from './process/graceful-close.ts';
import { startHousekeeping, type Housekeeping } from './process/housekeeping.ts';
import { startFreeingMemory } from './process/free-memory.ts';
import { isEveryAddress, reachableHost } from './process/reachable-host.ts';
import { describeMissingKey } from './recorded-content.ts';
import { ServerError, messageOf } from './process/server-error.ts';
import { feedbackDoorOf } from './scores/feedback.ts';
import { openDatabase, type Database } from './store/file/database.ts';
import { EventStore } from './store/write/event-store.ts';
import { registerAlertsApi } from './web/api/alerts-api.ts';
import { parseTraceUrls } from './web/trace-links.ts';
import { makeWebServer } from './web/web-server.ts';

export { ServerError } from './process/server-error.ts';

export interface ServerOptions {
  /** Folder of the data; made when it is missing. */
  readonly dataDir: string;
  /** Address to listen on. Anything but loopback needs a token. */
  readonly host?: string;
  /** Port of the pages and the API; 0 picks a free one. */
  readonly uiPort?: number;
  readonly grpcPort?: number;
  readonly httpPort?: number;
  /** Events older than this are deleted; kept for ever when absent. */
  readonly retentionMs?: number;
  /** Recorded content older than this is deleted; with its events when absent. */
  readonly contentRetentionMs?: number;
  /** Bytes that stored rows may take; the oldest are deleted. No limit when absent. */
  readonly retentionBytes?: number;
  /** IANA zone of calendar days. */
  readonly timezone?: string;
  readonly token?: string;
  /** Secret that feedback tokens are signed with; without it there is no feedback. */
  readonly feedbackSecret?: string | undefined;
  /** Addresses of a trace in other back ends, with `{trace_id}` in each, separated by blanks. */
  readonly traceUrls?: string;
  /** Whether Claude Code is used under a plan; undefined: as it says itself. */
  readonly isClaudeOnPlan?: boolean | undefined;
  /** Proxies that are believed which address a request came from, and by TLS or not: addresses, networks, `loopback`. */
  readonly trustedProxies?: string;
  /** Prices that go before the list's, for what others report: spans, and the logs of Claude Code. */
  readonly priceOverrides?: PriceOverrides | undefined;
  /** A run without an end is lost after this time without an event. */
  readonly lostAfterMs?: number;
  /** A run is not lost before its start was here for this time: old history comes run by run. */
  readonly importPatienceMs?: number;
  /** A prompt of Claude Code is over when nothing came for this time after its last answer. */
  readonly claudeIdleMs?: number;
  /** `full` keeps what others put on their spans as it came; `none`, the default, only what is known to be harmless. */
  readonly content?: 'none' | 'full';
  /** OTLP over HTTP that gets the events which the server made of spans and logs of others. */
  readonly forwardUrl?: string;
  /** Headers of what is sent there. */
  readonly forwardHeaders?: Readonly<Record<string, string>>;
  /** How long after its end what others sent of a run is handed on. */
  readonly forwardSettleMs?: number;
  /** Variables that hold thresholds and channels of alerts; without them no channel. */
  readonly alertEnv?: Environment;
  /** Variables of the reconciliation with the bill; without them the bill is not fetched. */
  readonly billingEnv?: Environment;
  /** How often findings are looked for. */
  readonly findingsEveryMs?: number;
  /** Whether this is the server of the example data. */
  readonly isExample?: boolean;
  /** How long after the start the bill is fetched. */
  readonly billingAfterMs?: number;
  readonly log: (line: string) => void;
}

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

/**
 * Starts the server; resolves when it listens on all three ports.
 * @throws ServerError when a port is taken, the folder cannot be written or is in use, or an alert variable is wrong
 */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  const { options, alerting } = withoutSecretsInLog(given);
  const host = options.host ?? '127.0.0.1';
  const timezone = options.timezone ?? 'UTC';
  if (!isTimeZone(timezone))
    throw new ServerError(`${timezone} is not a time zone. Use an IANA name such as Europe/Berlin.`);
  const access = accessOf(host, options.token, alerting.config.policy.pageUrl);
  const trustedProxies = parseTrustedProxies(options.trustedProxies ?? '');
  const openProxy = openProxyWarning({
    token: options.token,
    pageUrl: alerting.config.policy.pageUrl,
    hasTrustedProxies: (options.trustedProxies ?? '').trim() !== '',
  });
  if (openProxy !== undefined) options.log(openProxy);
  const traceUrls = parseTraceUrls(options.traceUrls ?? '');
  const feedbackDoor = feedbackDoorOf(options.feedbackSecret);
  const billing = {
    api: adminApiOf(options.billingEnv ?? {}),
    serviceOfKey: readServiceKeys(options.billingEnv ?? {}),
  };
  const database = await openDatabase(options.dataDir);
  const closers: (() => Promise<void>)[] = [() => database.close()];
  try {
    if (database.recovery !== undefined) options.log(database.recovery);
    const store = await EventStore.open(database);
    const missingKey = await describeMissingKey(database);
    if (missingKey !== undefined) options.log(missingKey);
    closers.unshift(startFreeingMemory(database, store));
    const assembler = new RunAssembler(new TraceStore(database), store, {
      noteLarge: (traceId) => {
        options.log(`the trace ${traceId} has so many spans that its runs are no longer kept up to date`);
      },
      overrides: options.priceOverrides,
    });
    const claudeRuns = new ClaudeRuns({
      database,
      store,
      log: options.log,
      idleMs: options.claudeIdleMs,
      overrides: options.priceOverrides,
    });
    closers.unshift(() => claudeRuns.stop());
    await claudeRuns.start();
    const intake = new Intake(store, assembler, {
      onClaudeEvents: (events) => {
        claudeRuns.note(events);
      },
      keepsContent: options.content === 'full',
      log: options.log,
      overrides: options.priceOverrides,
    });
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
        lostAfterMs: options.lostAfterMs ?? LOST_AFTER_MS,
        log: options.log,
      });
      closers.unshift(async () => forwarder?.stop());
    }
    const housekeeping = startHousekeepingOf(options, database, store);
    closers.unshift(() => housekeeping.stop());
    // At the same time: each may take as long as requests under way are given.
    const listeners: (() => Promise<void>)[] = [];
    closers.unshift(async () => void (await Promise.all(listeners.map((close) => close()))));
    let alerter: Alerter | undefined;
    let grpcAddress: string | undefined;
    let httpAddress: string | undefined;
    const findings = keepFindings({
      database,
      store,
      log: options.log,
      everyMs: options.findingsEveryMs,
    });
    closers.unshift(() => findings.stop());
    const example = options.isExample === true ? undefined : exampleDataOf(timezone);
    closers.unshift(async () => example?.remove());
    const web = makeWebServer({
      example,
      database,
      store,
      intake,
      access,
      limits: await LimitKeeper.open(options.dataDir, options.log),
      trustedProxies,
      timezone,
      traceUrls,
      isClaudeOnPlan: options.isClaudeOnPlan,
      readAlerts: () => alerter?.overview(),
      alerter: () => alerter,
      testChannel: (name) => alerter?.tests.test(name),
      grpcAddress: () => grpcAddress,
      httpAddress: () => httpAddress,
      feedbackDoor,
      latestFindings: findings.latest,
      serviceOfKey: billing.serviceOfKey,
      forwarded: forwarder?.counters,
      hasAdminKey: billing.api !== undefined,
      log: options.log,
    });
    listeners.push(closeGracefully(web));
    registerAlertsApi(web, () => alerter?.overview());
    const uiPort = await listen(web, host, options.uiPort ?? 4319, '--port', 'the page');
    const http = makeHttpIntake({ intake, access, log: options.log });
    listeners.push(closeGracefully(http));
    const httpPort = await listen(http, host, options.httpPort ?? 4318, '--http-port', 'OTLP over HTTP');
    const listening = host.includes(':') ? `[${host}]` : host;
    httpAddress = `${listening}:${httpPort}`;
    const grpc = await listenGrpcOf(options, host, intake, access.isAllowed);
    listeners.push(() => grpc.close());
    grpcAddress = `${listening}:${grpc.port}`;
    const name = reachableHost(host);
    const uiUrl = `http://${name}:${uiPort}`;
    const { dataDir, log } = options;
    const pageUrl = pageUrlOf(alerting, host, uiUrl, log);
    const running = await startAlerting({
      alerting,
      database: { ...database, isClaudeOnPlan: options.isClaudeOnPlan },
      dataDir,
      pageUrl,
      log,
    });
    alerter = running;
    closers.unshift(() => running.close());
    closers.unshift(startBilling({ ...billing, database, store, log, firstAfterMs: options.billingAfterMs }));
    let closed: Promise<void> | undefined;
    return {
      uiUrl,
      readAlertStates: () => running.overview(),
      appendEvents: (events) => store.write({ events, spans: [] }),
      grpcAddress: `${name}:${grpc.port}`,
      httpAddress: `${name}:${httpPort}`,
      dataDir: options.dataDir,
      close: () => (closed ??= closeAll(closers)),
    };
  } catch (error) {
    await closeAll(closers).catch(() => undefined);
    throw error;
  }
}

/** The settings of alerts, and a log that no secret reaches, whoever repeats it. */
function withoutSecretsInLog(given: ServerOptions): { options: ServerOptions; alerting: Alerting } {
  const token = given.token === undefined ? [] : [given.token];
  const alerting = readAlerting(given.alertEnv ?? {}, given.timezone ?? 'UTC', token);
  const feedback = given.feedbackSecret === undefined ? [] : [given.feedbackSecret];
  const adminKey = [given.billingEnv?.['ANTHROPIC_ADMIN_KEY'] ?? ''].filter((key) => key !== '');
  const forwarding = Object.values(given.forwardHeaders ?? {}).filter((value) => value !== '');
  const secrets = [
    ...secretsOfChannels(alerting.config.channels),
    ...token,
    ...feedback,
    ...adminKey,
    ...forwarding,
  ];
  return { options: { ...given, log: (line) => given.log(maskSecrets(line, secrets)) }, alerting };
}

/** What links in notices begin with. */
function pageUrlOf(
  { config, channels }: Alerting,
  host: string,
  uiUrl: string,
  log: (line: string) => void,
): string {
  const { pageUrl } = config.policy;
  if (pageUrl !== undefined && new URL(pageUrl).pathname !== '/')
    log(
      `TALLYSPAN_URL is "${pageUrl}", an address below another: links of the page do not work there. Give the page a name of its own, such as https://tallyspan.example.com.`,
    );
  if (pageUrl === undefined && isEveryAddress(host) && channels.length > 0)
    log(
      `alerts: links in notices begin with ${uiUrl}, which works on this machine only. Set TALLYSPAN_URL to the address by which people reach the page.`,
    );
  return pageUrl ?? uiUrl;
}

function startHousekeepingOf(options: ServerOptions, database: Database, store: EventStore): Housekeeping {
  return startHousekeeping({
    database,
    store,
    lostAfterMs: options.lostAfterMs ?? LOST_AFTER_MS,
    importPatienceMs: options.importPatienceMs,
    retention: {
      ageMs: options.retentionMs,
      contentAgeMs: options.contentRetentionMs,
      bytes: options.retentionBytes,
    },
    log: options.log,
  });
}

/** In order: first nobody is let in any more, then the file is closed, whatever went wrong before. Throws what went wrong first. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => faults.push(error));
  if (faults.length > 0) throw faults[0];
}

async function listen(
  app: FastifyInstance,
  host: string,
  port: number,
  option: string,
  what: string,
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port, option, what);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function listenGrpcOf(
  options: ServerOptions,
  host: string,
  intake: Intake,
  isAllowed: (authorization: string | undefined) => boolean,
): Promise<GrpcIntake> {
  const port = options.grpcPort ?? 4317;
  try {
    return await listenGrpc({ intake, host, port, isAllowed, log: options.log });
  } catch (error) {
    throw listenError(error, host, port, '--grpc-port', 'OTLP over gRPC');
  }
}

function listenError(error: unknown, host: string, port: number, option: string, what: string): ServerError {
  const reason = messageOf(error);
  if (/EADDRINUSE|address already in use/i.test(reason))
    return new ServerError(
      `port ${port} on ${host} (${what}) is already in use. Stop the program that has it, or choose another with ${option}.`,
    );
  if (/EACCES|permission denied/i.test(reason))
    return new ServerError(
      `port ${port} on ${host} (${what}) may not be used by this user. Choose one above 1023 with ${option}.`,
    );
  return new ServerError(`cannot listen on ${host} port ${port} for ${what}: ${reason}.`);
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
