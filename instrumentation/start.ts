// The start: reads the settings, hooks the SDK, and sets up providers when they are first needed, late
// enough that a provider which the program registers itself is there to be joined.

import { isMainThread } from 'node:worker_threads';
import { isBundled } from './sdk/bundled.ts';
import { DailyFile } from './deliver/daily-file.ts';
import { say, sayDebug, setLogLevel } from './process/diagnostics.ts';
import { EventLog, type RecordSink } from './record/event-log.ts';
import { handleExit } from './exit.ts';
import { guarded } from './process/guard.ts';
import { setProcessIdentity } from './record/identity.ts';
import { FirstSights } from './record/first-sights.ts';
import { Journal } from './record/journal.ts';
import { closeLostRuns } from './record/lost-runs.ts';
import { hookModules } from './sdk/module-hooks.ts';
import { watchSpans } from './sdk/native-spans.ts';
import { observeClientClass, type ClientClass } from './sdk/observe-client.ts';
import { observeBatchesClass, type BatchesClass } from './sdk/observe-batches.ts';
import { observeMessagesClass, type MessagesClass } from './sdk/observe-messages.ts';
import { observeStreamClass } from './sdk/observe-stream.ts';
import { Observer } from './sdk/observer.ts';
import { Pipeline } from './deliver/pipeline.ts';
import { loadPrices } from './process/prices-file.ts';
import { createRecorder } from './api/recorder.ts';
import { Providers } from './otel/providers.ts';
import { Runs } from './record/runs.ts';
import { findSdkVersion, isSupported, isTracedNatively } from './sdk/sdk-version.ts';
import { later } from './process/timers.ts';
import { detectService, serviceOf } from './process/service.ts';
import { SilentWatch } from './record/silent-watch.ts';
import { Numbering } from './process/numbering.ts';
import { readSettings, type Settings } from './process/settings.ts';
import type { Telemetry } from './record/telemetry.ts';
import { watchLateStart } from './sdk/too-late.ts';

declare const TALLYSPAN_VERSION: string;

/** How often the journal and the daily file are written, and idle runs looked for. */
const TICK_MS = 500;
/** When providers are registered in a program that has not loaded the SDK by then. */
const LATE_MS = 100;

export function start(): void {
  const settings = readSettings(process.env);
  setLogLevel(settings.log);
  for (const problem of settings.problems) say(problem);
  if (settings.isDisabled) return;
  setProcessIdentity(settings);

  const service = detectService(process.argv[1]);
  const pipeline = new Pipeline(settings, service.name);
  const numbering = new Numbering();
  const journal = new Journal(pipeline.folder, service.instanceId, numbering);
  if (isMainThread) sayStart(settings, pipeline);

  const file = settings.fileFolder === undefined ? undefined : new DailyFile(settings.fileFolder);
  const overrides = loadPrices(settings.pricesFile);
  const providers = new Providers();
  let observer: Observer | undefined;
  const agentName = service.isNamed ? service.name : undefined;

  const setUp = (): Observer => {
    const watcher = watchSpans(
      () => observer?.runs,
      () => agentName,
    );
    const send: RecordSink = (record, isUrgent) => {
      if (settings.sendsEvents) pipeline.logs.add(record, isUrgent);
    };
    const events = new EventLog(
      (record, isUrgent) => {
        journal.count();
        send(record, isUrgent);
      },
      service,
      TALLYSPAN_VERSION,
      file,
      numbering,
    );
    const telemetry: Telemetry = {
      tracer: providers.setUp(service, settings, pipeline, watcher, TALLYSPAN_VERSION),
      events,
      journal,
      firstSights: new FirstSights(pipeline.folder, `${service.name} ${process.argv[1] ?? ''}`),
      silentWatch: new SilentWatch(events),
      settings,
      revision: service.revision,
      defaultAgentName: agentName,
    };
    const runs = new Runs(telemetry);
    if (isMainThread) {
      closeLostRuns(journal.takeLost(), ({ instanceId, processId, sequence }) =>
        instanceId === undefined
          ? events
          : new EventLog(
              send,
              serviceOf(service, instanceId),
              TALLYSPAN_VERSION,
              file,
              new Numbering({ processId, sequence }),
            ),
      );
    }
    return new Observer(telemetry, runs, overrides);
  };
  const getObserver = (): Observer => (observer ??= setUp());

  let isSdkSeen = false;
  hookModules({
    onClass: (hooked, definedClass, version) => {
      isSdkSeen = true;
      if (definedClass === undefined) return;
      if (hooked === 'messages') observeMessagesClass(getObserver(), definedClass as MessagesClass, version);
      else if (hooked === 'stream') observeStreamClass(definedClass as never);
      else if (hooked === 'client') observeClientClass(getObserver(), definedClass as ClientClass, version);
      else observeBatchesClass(getObserver(), definedClass as BatchesClass, version);
    },
    onSdk: (version, folder) => {
      sayDebug(`@anthropic-ai/sdk ${version} in ${folder}`);
      if (!isSupported(version)) {
        say(
          `@anthropic-ai/sdk ${version} is older than 0.20.9: calls are not observed. Upgrade it, or wrap calls with run().`,
        );
      }
    },
    wrapRegister: (register, version) => providers.wrapRegister(register, version),
  });
  const isInBundle = isBundled(process.argv[1]);
  if (isMainThread && !isInBundle) watchLateStart(() => isSdkSeen);

  (globalThis as Record<symbol, unknown>)[Symbol.for('tallyspan.node')] = createRecorder(
    getObserver,
    pipeline,
  );

  // Registered with the first class of the SDK, so that a provider that the program registers in its first
  // lines can be joined. A bundled program hands over no class: there it has to be at once.
  if (isInBundle) getObserver();
  else later('late set-up', LATE_MS, getObserver);

  setInterval(
    guarded('tick', () => {
      observer?.runs.endIdle(Date.now());
      journal.write(pipeline.logs.waiting === 0);
      observer?.telemetry.events.write();
    }),
    TICK_MS,
  ).unref();

  handleExit(pipeline, {
    endLeft: () => {
      observer?.endAll();
      observer?.runs.endLeft();
      observer?.telemetry.events.write();
    },
    endAll: (errorType) => {
      observer?.endAll();
      observer?.runs.endAll(errorType === undefined ? 'aborted' : 'error', errorType);
    },
    write: () => {
      journal.close();
      observer?.telemetry.events.write();
    },
  });
}

function sayStart(settings: Settings, pipeline: Pipeline): void {
  const version = findSdkVersion(process.argv[1]);
  const isNativeOff = process.env['ANTHROPIC_OPEN_TELEMETRY']?.toLowerCase() === 'false';
  const isNative = version !== undefined && isTracedNatively(version) && !isNativeOff;
  const sdk =
    version === undefined
      ? '@anthropic-ai/sdk not found'
      : `sdk ${version} (${isNative ? 'native spans, enriched' : 'own spans'})`;
  const protocol = settings.protocol === 'grpc' ? 'grpc' : 'http';
  const content = settings.content === 'none' ? 'off' : settings.content;
  say(`on · ${sdk} · otlp ${protocol} ${pipeline.endpoint} · content ${content}`);
}
