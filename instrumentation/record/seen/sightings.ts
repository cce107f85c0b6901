// Sightings: what of this process could be seen at all: SDKs and frameworks that it loaded, requests to endpoints of a
// model, and by which way its calls came to be known. A process in which something ran and nothing was seen says so.

import type { CallWay, ProcessReport, UnreadReason } from '../../../core/process-report.ts';
import { appendToFile } from '../../process/files.ts';
import { guard } from '../../process/guard.ts';
import type { Threads } from '../../process/threads.ts';
import type { EventLog } from '../event-log.ts';

/** Packages that ask models, by how their folder is called. */
const FRAMEWORKS = [
  '@anthropic-ai/sdk',
  '@anthropic-ai/claude-agent-sdk',
  '@anthropic-ai/bedrock-sdk',
  '@anthropic-ai/vertex-sdk',
  '@ai-sdk/anthropic',
  '@ai-sdk/amazon-bedrock',
  '@ai-sdk/google-vertex',
  '@aws-sdk/client-bedrock-runtime',
  '@langchain/anthropic',
  '@langchain/langgraph',
  '@llamaindex/anthropic',
  '@mastra/core',
  'ai',
] as const;
const FRAMEWORK_FILE = new RegExp(
  `/node_modules/(${FRAMEWORKS.map((name) => name.replace('/', '\\/')).join('|')})/`,
);

export class Sightings {
  readonly #events: EventLog;
  readonly #threads: Threads;
  readonly #frameworks = new Set<string>();
  readonly #ways: Record<CallWay, number> = { sdk: 0, request: 0 };
  readonly #unread: Partial<Record<UnreadReason, number>> = {};
  #requests = 0;
  #costNanoUsd = 0;

  constructor(events: EventLog, threads: Threads) {
    this.#events = events;
    this.#threads = threads;
  }

  seeFile(url: string): void {
    const name = FRAMEWORK_FILE.exec(url)?.[1];
    if (name !== undefined) this.#frameworks.add(name);
  }

  /** Whether a framework is loaded that tries again in place of the SDK. */
  get hasRetrier(): boolean {
    return this.#frameworks.has('@langchain/anthropic');
  }

  /** A request to an endpoint of a model left, or will. */
  seeRequest(): void {
    this.#requests += 1;
  }

  /** A request to an endpoint became no model call. */
  seeUnread(reason: UnreadReason): void {
    this.#unread[reason] = (this.#unread[reason] ?? 0) + 1;
  }

  seeCall(way: CallWay): void {
    this.#ways[way] += 1;
    this.#threads.seeCall();
  }

  addCost(costNanoUsd: number): void {
    this.#costNanoUsd += costNanoUsd;
  }

  report(program: string, sdkVersions: readonly string[]): ProcessReport {
    return {
      program,
      frameworks: [...this.#frameworks].sort(),
      sdkVersions,
      requests: this.#requests,
      unread: { ...this.#unread },
      runs: this.#events.count('agent.run'),
      calls: this.#events.count('agent.model_call'),
      tools: this.#events.count('agent.tool_call'),
      callsByWay: { ...this.#ways },
      costNanoUsd: this.#costNanoUsd,
    };
  }
}

/** Appends the report to the file in which a command gathers those of its processes. */
export function writeReport(file: string, report: ProcessReport): void {
  guard('write report', () => {
    appendToFile(file, `${JSON.stringify(report)}\n`);
  });
}
