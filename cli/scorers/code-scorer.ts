// A code scorer: a file of the user whose function gives scores of a run. It works in a worker of its own, with limits of
// time and memory, so that one that loops or grows costs its own result alone.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import type { RunContent } from '../run/said-content.ts';
import { CliError } from '../terminal/cli-error.ts';

const RUN_LIMIT_MS = 10_000;
const MEMORY_LIMIT_MB = 256;

/** What nobody waits for any more. */
const NEVER: Answer = {};

function faultOf(error: NodeJS.ErrnoException): Answer {
  return {
    error:
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it needs more than ${MEMORY_LIMIT_MB} MB` : error.message,
  };
}

const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const textOf = (error) => String(error && error.message || error);
import(workerData).then((loaded) => {
  const score = loaded.default ?? loaded.score;
  if (typeof score !== 'function') return parentPort.postMessage({ fatal: 'it exports no function: export default (run) => ({ name: true })' });
  parentPort.on('message', async ({ run, content }) => {
    try { parentPort.postMessage({ scores: await score(run, content) ?? {} }); }
    catch (error) { parentPort.postMessage({ error: textOf(error) }); }
  });
  parentPort.postMessage({ ready: true });
}, (error) => parentPort.postMessage({ fatal: textOf(error) }));
`;

interface Answer {
  readonly ready?: true;
  readonly scores?: unknown;
  readonly error?: string;
  readonly fatal?: string;
}

export class CodeScorer {
  /** Name of the file and a hash of its text. */
  readonly evaluator: string;
  readonly name: string;
  readonly #url: string;
  readonly #limitMs: number;
  #worker: Worker | undefined;

  private constructor(file: string, text: Buffer, limitMs: number) {
    this.name = path.basename(file);
    this.evaluator = `${this.name}@${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
    this.#url = pathToFileURL(path.resolve(file)).href;
    this.#limitMs = limitMs;
  }

  /** @throws CliError when the file cannot be read */
  static async open(file: string, limitMs = RUN_LIMIT_MS): Promise<CodeScorer> {
    const text = await readFile(file).catch(() => {
      throw new CliError(`there is no scorer ${file}.`);
    });
    return new CodeScorer(file, text, limitMs);
  }

  /** What the function gives of the run and of what was recorded of it, or why it gives nothing. @throws CliError when the file cannot be used at all */
  async score(
    run: RunFacts,
    content?: RunContent,
  ): Promise<{ readonly scores: Readonly<Record<string, unknown>> } | { readonly error: string }> {
    if (this.#worker === undefined) {
      this.#worker = new Worker(WORKER, {
        eval: true,
        workerData: this.#url,
        stdout: true,
        resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT_MB },
      });
      // What a scorer prints is no part of our answer.
      this.#worker.stdout.on('data', (chunk: Buffer) => process.stderr.write(chunk));
      const { fatal, error } = await this.#next();
      if (fatal !== undefined || error !== undefined)
        throw new CliError(`${this.name}: ${fatal ?? error ?? ''}`);
    }
    const answer = this.#next();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage({ run, content });
    const { scores, error } = await answer;
    if (error !== undefined) return { error };
    if (Object.prototype.toString.call(scores) !== '[object Object]')
      return { error: 'it gave no object of scores' };
    return { scores: scores as Record<string, unknown> };
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #next(): Promise<Answer> {
    const worker = this.#worker as Worker;
    const waiting = new AbortController();
    const { signal } = waiting;
    const answer = await Promise.race([
      once(worker, 'message', { signal }).then(([given]) => given as Answer, faultOf),
      once(worker, 'exit', { signal }).then(() => ({ error: 'it ended its process' }), faultOf),
      sleep(this.#limitMs, { error: `it took longer than ${this.#limitMs} ms` }, { signal }).catch(
        () => NEVER,
      ),
    ]);
    waiting.abort();
    // Whatever went wrong, the next run gets a new one.
    if (answer.error !== undefined) await this.close();
    return answer;
  }
}
