// A program for `tallyspan doctor`: reads the settings and files as the preload does, sends each signal one empty request by
// the preload's own transport, and prints how it went as one JSON value. So what it says is what would happen.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SendResult, SignalKind } from './deliver/otlp.ts';
import { appendToFile, makeFolder } from './process/files.ts';
import { readPrices } from './process/prices-file.ts';
import { readSettings, type Settings } from './process/settings.ts';
import { createTransport } from './deliver/transport.ts';

/** How the empty request of a signal went. */
interface Delivery {
  readonly signal: SignalKind;
  /** Host and port; null where the setting is no address. */
  readonly endpoint: string | null;
  readonly status: SendResult['status'];
  readonly reason: string | null;
}

const PATIENCE_MS = 5_000;

async function check(): Promise<void> {
  const settings = readSettings(process.env);
  const signals = (
    [
      ['logs', settings.sendsEvents],
      ['traces', settings.sendsSpans],
    ] as const
  )
    .filter(([, isSent]) => isSent && !settings.isDisabled)
    .map(([signal]) => deliver(signal, settings));
  const { isDisabled, protocol } = settings;
  const problems = [...settings.problems, ...fileProblems(settings)];
  const answer = { isDisabled, problems, protocol, deliveries: await Promise.all(signals) };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** What is wrong with the files that the settings name. */
function fileProblems({ spoolFolder, fileFolder, pricesFile }: Settings): string[] {
  const prices = readPrices(pricesFile);
  return [
    ...folderProblems(
      spoolFolder,
      'What cannot be sent is lost. Set TALLYSPAN_SPOOL to a folder that can be written.',
    ),
    ...(fileFolder === undefined
      ? []
      : folderProblems(fileFolder, 'Set TALLYSPAN_FILE to a folder that can be written.')),
    ...(prices !== undefined && 'problems' in prices ? prices.problems : []),
  ];
}

/** Written to, as nothing else shows whether there is room. */
function folderProblems(folder: string, advice: string): string[] {
  const probe = join(folder, `.doctor-${String(process.pid)}`);
  try {
    makeFolder(folder);
    appendToFile(probe, '\n');
    rmSync(probe);
    return [];
  } catch (error) {
    return [
      `${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}). ${advice}`,
    ];
  }
}

async function deliver(signal: SignalKind, settings: Settings): Promise<Delivery> {
  let transport;
  try {
    transport = createTransport(signal, settings.protocol);
  } catch (error) {
    return { signal, endpoint: null, status: 'refused', reason: (error as Error).message };
  }
  const { endpoint } = transport;
  const result = await Promise.race([transport.send(new Uint8Array()), noAnswer()]);
  transport.close();
  return { signal, endpoint, status: result.status, reason: result.status === 'sent' ? null : result.reason };
}

/** The timer holds the process, which the transport does not. */
function noAnswer(): Promise<SendResult> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve({ status: 'retry', reason: `no answer within ${String(PATIENCE_MS / 1000)} s` });
    }, PATIENCE_MS);
  });
}

void check().then(() => process.exit());
