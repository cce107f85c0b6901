// An event sink: where a command puts finished events. Into the server that answered it, as any sender
// would, or into the data folder that it read when no server has it open.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';
import { formatCountOf, formatDuration } from '../../core/text/format.ts';
import { openAppender, type FolderAppender } from '../../server/append-events.ts';
import { openSource, type Source } from '../../server/source.ts';
import { DATA_FILE } from '../../server/store/file/database.ts';
import { CliError } from '../terminal/cli-error.ts';
import { sourceOptionsOf, type SourceCliOptions } from '../source-options.ts';
import type { CliIo } from '../terminal/io.ts';
import { defaultDataDir } from './data-dir.ts';
import { sendEvents } from './send-events.ts';

const EVENTS_PER_REQUEST = 1_000;

type Meta = Readonly<Record<string, unknown>>;

/** The sink of a source that is closed already, by what `meta()` said of it. */
export async function openEventSink(
  source: Source,
  meta: Meta,
  io: CliIo,
  overrides?: PriceOverrides,
): Promise<FolderAppender> {
  const { name: sourceName } = source;
  if (!isAddress(sourceName)) return openAppender(String(meta['data_dir']), overrides);
  const address = meta['otlp_http'];
  if (typeof address !== 'string') {
    throw new CliError(
      `${sourceName} does not say where it takes events: it is an older tallyspan. Upgrade it.`,
    );
  }
  // The server may know itself by another name (0.0.0.0) than the one by which it is reached.
  const { hostname } = new URL(sourceName);
  const httpAddress = `${hostname}:${/\d+$/.exec(address)?.[0] ?? ''}`;
  const token = io.env['TALLYSPAN_TOKEN'] || undefined;
  return {
    append: async (events: readonly EventRecord[]) => {
      for (let from = 0; from < events.length; from += EVENTS_PER_REQUEST) {
        await sendEvents(httpAddress, events.slice(from, from + EVENTS_PER_REQUEST), {
          token,
          signal: io.signal,
        });
      }
    },
    // A server counts what it stores; asking it goes on after the source is closed.
    newCount: async () => storedOf(await source.meta()) - storedOf(meta),
    statusLine: () => source.statusLine(),
    close: () => Promise.resolve(),
  };
}

function isAddress(name: string): boolean {
  return URL.canParse(name) && /^https?:/.test(name);
}

export interface OpenedSink {
  readonly sink: FolderAppender;
  /** The folder of the data, where it is on this machine. */
  readonly dataDir: string | undefined;
  /** Address of the server, or the data folder. */
  readonly name: string;
  readonly isServer: boolean;
  /** Whether nothing is stored there. */
  readonly isEmpty: boolean;
  /** What of the events the server will not keep, for people; undefined where it keeps all. */
  readonly retentionWarning?: () => string | undefined;
}

/**
 * The running server where one answers, else the folder, which may be new.
 * @param overrides what is priced there without a server
 */
export async function openSink(
  options: SourceCliOptions,
  io: CliIo,
  overrides?: PriceOverrides,
): Promise<OpenedSink> {
  const dataDir = options.data ?? defaultDataDir(io.env);
  const sourceOptions = sourceOptionsOf(options, io);
  let source;
  try {
    source = await openSource(sourceOptions);
  } catch (error) {
    if (sourceOptions.url !== undefined) throw error;
    return {
      sink: await openAppender(dataDir, overrides),
      dataDir,
      name: dataDir,
      isServer: false,
      isEmpty: true,
    };
  }
  const meta = await source.meta();
  await source.close();
  const where = String(meta['data_dir']);
  const { sink, retentionWarning } = watchRetention(
    await openEventSink(source, meta, io, overrides),
    meta,
    io.now(),
  );
  return {
    sink,
    retentionWarning,
    dataDir: existsSync(path.join(where, DATA_FILE)) ? where : undefined,
    name: source.name,
    isServer: isAddress(source.name),
    isEmpty: meta.events === 0,
  };
}

/** Counts what goes into the sink and is older than the server keeps events. */
function watchRetention(
  sink: FolderAppender,
  meta: Meta,
  nowMs: number,
): Required<Pick<OpenedSink, 'sink' | 'retentionWarning'>> {
  const keptMs = meta['retention_ms'];
  if (typeof keptMs !== 'number') return { sink, retentionWarning: () => undefined };
  let count = 0;
  return {
    sink: {
      ...sink,
      append: (events) => {
        count += events.filter(({ timestamp }) => timestamp < nowMs - keptMs).length;
        return sink.append(events);
      },
    },
    retentionWarning: () =>
      count === 0
        ? undefined
        : `${formatCountOf(count, 'event')} ${count === 1 ? 'is' : 'are'} older than ${formatDuration(keptMs)}: the server deletes what is older within an hour. Start it again with a longer time before that, such as --retention 730d.`,
  };
}

function storedOf({ store }: Meta): number {
  return (store as { eventsStored?: number } | undefined)?.eventsStored ?? 0;
}
