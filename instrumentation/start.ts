// The start: puts the parts of the preload together, each made once with what it needs, and says when which of them
// works: as modules load, as requests leave, in ticks, and at the end.

import { isMainThread } from 'node:worker_threads';
import type { EventRecord } from '../core/event.ts';
import { explainSilence } from '../core/process-report.ts';
import { createRecorder } from './api/recorder.ts';
import { observeExport } from './claude-agent/agent-exports.ts';
import { CostRows } from './record/tools/cost-rows.ts';
import { DailyFile } from './deliver/daily-file.ts';
import { Pipeline } from './deliver/pipeline.ts';
import { OwnCopies } from './deliver/own-copies.ts';
import { ThreadCopies } from './deliver/thread-copies.ts';
import { handleExit } from './exit.ts';
import { watchAiSdk } from './frameworks/ai-sdk.ts';
import { PeerSpans } from './otel/peer-spans.ts';
import { Providers } from './otel/providers.ts';
import { observeMastraAgent } from './frameworks/mastra.ts';
import { observeToolLoopAgent } from './frameworks/tool-loop-agent.ts';
import { say, sayDebug, setLogLevel } from './process/diagnostics.ts';
import { guard, guarded } from './process/guard.ts';
import { Numbering } from './process/numbering.ts';
import { watchLimitsFile, withLimitsFile } from './process/limits-file.ts';
import { leave, RECORDER } from './process/meeting-place.ts';
import { loadPrices } from './process/prices-file.ts';
import { detectService, ServiceHolder, serviceOf } from './process/service.ts';
import { readSettings, type Settings } from './process/settings.ts';
import { joinThreads } from './process/threads.ts';
import { later, setInterval } from './process/timers.ts';
import { hasWorkers } from './process/workers.ts';
import { EventLog, type RecordListener } from './record/event-log.ts';
import { FirstSights } from './record/seen/first-sights.ts';
import { setProcessIdentity } from './record/identity.ts';
import { Journal } from './record/journal.ts';
import { LostRuns } from './record/lost-runs.ts';
import { Receipts } from './record/receipts.ts';
import { Runs } from './record/runs.ts';
import { ScoreLog } from './record/scores.ts';
import { Sightings, writeReport } from './record/seen/sightings.ts';
import { SilentWatch } from './record/seen/silent-watch.ts';
import type { Telemetry } from './record/telemetry.ts';
import { findInProgram } from './sdk/bundled.ts';
import { SdkClasses } from './sdk/classes.ts';
import { hookModules } from './sdk/module-hooks.ts';
import { watchSpans } from './sdk/native-spans.ts';
import { Observer } from './sdk/observer.ts';
import { limitFetch } from './wire/limited-fetch.ts';
import { watchNodeHttp } from './wire/node-http.ts';
import { watchNodeHttp2 } from './wire/node-http2.ts';
import { watchUndici } from './wire/undici.ts';
import { WireCalls } from './wire/wire-calls.ts';

declare const TALLYSPAN_VERSION: string;

/** How often the journal and the daily file are written, and idle runs looked for. */
const TICK_MS = 500;
/** When the providers are there at the latest, for tracers that come from a copy of the API nobody saw. */
const LATE_MS = 100;

export function start(): void {
  const own = readSettings(process.env);
  const settings = withLimitsFile(own);
  setLogLevel(settings.log);
  for (const problem of settings.problems) say(problem);
  if (settings.isDisabled) return;
  setProcessIdentity(settings);
  const preload = assemble(settings);
  schedule(preload);
  const { limits } = own;
  if (limits?.file !== undefined)
    watchLimitsFile(limits.file, limits, (changed) => preload.observer.limiter.change(changed));
}

type Preload = ReturnType<typeof assemble>;

function assemble(settings: Settings) {
  const threads = joinThreads(process.argv[1]);
  const { program } = threads;
  const service = new ServiceHolder(detectService(program));
  const { name, instanceId, revision, isNamed } = service.current;
  const pipeline = new Pipeline(settings, name);
  const numbering = new Numbering();
  const journal = new Journal(pipeline.folder, instanceId, numbering);
  pipeline.onSend = guarded('journal number', () => {
    journal.writeNumber();
  });
  const file = settings.fileFolder === undefined ? undefined : new DailyFile(settings.fileFolder);
  if (!isMainThread)
    guard('copies', () => (pipeline.copies = new OwnCopies(journal.path, () => pipeline.onSend?.())));
  const send: ConstructorParameters<typeof EventLog>[0] = (record, isUrgent, onFate) => {
    if (settings.sendsEvents) pipeline.add('logs', record, isUrgent || !isMainThread, onFate);
  };
  const listeners = new Set<RecordListener>();
  const logOf = (of: ServiceHolder, own: Numbering): EventLog =>
    new EventLog(send, of, TALLYSPAN_VERSION, file, own, listeners, pipeline.encoding);
  const events = logOf(service, numbering);
  numbering.onNumber = guarded('journal count', () => {
    journal.count();
  });
  const costRows = new CostRows(events, journal);
  const providers = new Providers(service, settings, pipeline, TALLYSPAN_VERSION);
  const sightings = new Sightings(events, threads);
  const peers = new PeerSpans();
  const telemetry: Telemetry = {
    tracer: providers.tracer,
    writeEndedSpan: (parent, span) => providers.writeEnded(parent, span),
    events,
    journal,
    costRows,
    firstSights: new FirstSights(pipeline.folder, `${name} ${program ?? ''}`),
    silentWatch: new SilentWatch(events),
    scores: new ScoreLog(events),
    sightings,
    peers,
    settings,
    revision,
    defaultAgentName: isNamed ? name : undefined,
  };
  const runs = new Runs(telemetry);
  providers.watch(watchSpans(runs, peers, telemetry.defaultAgentName));
  if (settings.hasReceipts) {
    const receipts = new Receipts();
    listeners.add(
      guarded('receipt', (event: EventRecord) => {
        receipts.take(event);
      }),
    );
  }
  const lostRuns = new LostRuns(journal, events, (earlierId, earlier) =>
    logOf(new ServiceHolder(serviceOf(service.current, earlierId)), new Numbering(earlier)),
  );
  const observer = new Observer(telemetry, runs, loadPrices(settings.pricesFile), instanceId);
  return {
    settings,
    threads,
    service,
    pipeline,
    journal,
    providers,
    observer,
    events,
    costRows,
    sightings,
    classes: new SdkClasses(observer),
    wireCalls: new WireCalls(observer),
    lostRuns,
    copies: new ThreadCopies(pipeline, (threadJournal) => {
      lostRuns.closeThread(threadJournal);
    }),
  };
}

function schedule(preload: Preload): void {
  const { pipeline, providers, observer, sightings, classes, wireCalls } = preload;
  hookModules({
    onClass: (hooked, definedClass, version) => {
      providers.register();
      classes.observe(hooked, definedClass, version);
    },
    onAgentClass: (framework, agentClass, version) => {
      if (framework === 'ai') observeToolLoopAgent(wireCalls, agentClass, version);
      else observeMastraAgent(wireCalls, agentClass);
    },
    onSdk: (version, folder) => {
      classes.load(version, folder);
    },
    onApi: () => {
      providers.register();
    },
    onBundledApi: (found) => {
      providers.seeBundled(found);
    },
    onFile: (url) => {
      sightings.seeFile(url);
    },
    wrapAgentExport: (name, original, version) => {
      sayDebug(`@anthropic-ai/claude-agent-sdk ${version}: ${name}`);
      providers.register();
      return observeExport(observer, name, original);
    },
    wrapRegister: (register, version) => providers.wrapRegister(register, version),
  });
  const watch = {
    calls: wireCalls,
    isObserved: (version: string) => classes.isObserved(version),
    onRequest: () => {
      sightings.seeRequest();
      providers.register();
    },
  };
  observer.whenLimited(() => {
    guard('limit fetch', () => {
      limitFetch(wireCalls, watch.isObserved);
    });
  });
  guard('watch undici', () => {
    watchUndici(watch);
  });
  guard('watch http', () => {
    watchNodeHttp(watch);
  });
  guard('watch http2', () => {
    watchNodeHttp2(watch);
  });
  guard('watch ai sdk', () => {
    watchAiSdk(wireCalls);
  });
  leave(RECORDER, createRecorder(observer, pipeline));

  // A bundle holds its copy of the API where no hook sees it load.
  const bundled = findInProgram(process.argv[1]);
  if (bundled !== undefined) providers.seeBundled(bundled);
  later('late set-up', LATE_MS, () => {
    providers.register();
    if (isMainThread) preload.lostRuns.close();
  });
  setInterval(
    guarded('tick', () => {
      observer.runs.endIdle(Date.now());
      preload.costRows.writeDue(Date.now());
      pipeline.encoding.encodeAll();
      preload.journal.write(pipeline.waitingLogs === 0);
      preload.events.write();
    }),
    TICK_MS,
  ).unref();
  if (isMainThread) sayStart(preload);
  endWith(preload);
}

function endWith(preload: Preload): void {
  const { pipeline, observer, journal, events, costRows, wireCalls } = preload;
  handleExit(pipeline, {
    endLeft: () => {
      preload.copies.takeOver();
      if (isMainThread) preload.lostRuns.close();
      wireCalls.endHeld();
      observer.endAll();
      observer.runs.endLeft();
      costRows.writeAll();
      events.write();
    },
    endAll: (errorType) => {
      wireCalls.endHeld();
      observer.endAll();
      observer.runs.endAll(errorType === undefined ? 'aborted' : 'error', errorType);
      costRows.writeAll();
    },
    holdsUnused: () => observer.isLimited && observer.limiter.leases?.holdsUnused === true,
    giveBack: async () => {
      if (observer.isLimited) await observer.limiter.leases?.giveBack();
    },
    endThreads: () => {
      preload.copies.endAll();
    },
    write: () => {
      journal.close();
      events.write();
    },
    report: () => {
      report(preload);
    },
  });
}

/** What was seen, where somebody gathers it; why nothing was, where that is so. */
function report({ settings, threads, sightings, classes }: Preload): void {
  const seen = sightings.report(process.argv[1] ?? '', classes.loaded);
  // A thread may do all the work; of a pool of them one line each would be too many.
  if (settings.reportFile !== undefined) {
    writeReport(settings.reportFile, seen);
    return;
  }
  if (!isMainThread) return;
  // What its threads or its workers do, they say themselves; the file that it shares with them loads the SDK here, too.
  if (seen.requests === 0 && hasWorkers()) return;
  const reason = explainSilence({ ...seen, calls: seen.calls + threads.calls() });
  if (reason !== undefined) say(reason);
}

function sayStart({ settings, pipeline, service }: Preload): void {
  const protocol = settings.protocol === 'grpc' ? 'grpc' : 'http';
  const content = settings.content === 'none' ? 'off' : settings.content;
  sayDebug(
    `on · service ${service.current.name} · otlp ${protocol} ${pipeline.endpoint} · content ${content}`,
  );
}
