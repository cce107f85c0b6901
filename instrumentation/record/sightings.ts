// Sightings: what of this process could be seen at all: SDKs and frameworks that it loaded, requests to endpoints of a
// model, and by which way its calls came to be known. A process in which something ran and nothing was seen says so.

import { appendToFile } from '../process/files.ts';
import { guard } from '../process/guard.ts';
import type { EventLog } from './event-log.ts';

/** By which way a call is known: an observer of the SDK, its request alone. */
export type CallWay = 'sdk' | 'request';

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
/** Tools that load what the program would, to build, check or install it. */
const TOOL_FILE =
  /[\\/](npm|npx|pnpm|yarn|corepack|tsc|eslint|webpack|esbuild|rollup|vite|jest|vitest|typescript)[\\/.-]|[\\/]next[\\/]dist[\\/](build|compiled)[\\/]/;

/** What a process reports at its end: one JSON line. */
export interface ProcessReport {
  readonly program: string;
  readonly frameworks: readonly string[];
  readonly sdkVersions: readonly string[];
  readonly requests: number;
  readonly runs: number;
  readonly calls: number;
  readonly tools: number;
  readonly callsByWay: Readonly<Record<CallWay, number>>;
}

export class Sightings {
  readonly #events: EventLog;
  readonly #frameworks = new Set<string>();
  readonly #ways: Record<CallWay, number> = { sdk: 0, request: 0 };
  #requests = 0;

  constructor(events: EventLog) {
    this.#events = events;
  }

  seeFile(url: string): void {
    const name = FRAMEWORK_FILE.exec(url)?.[1];
    if (name !== undefined) this.#frameworks.add(name);
  }

  /** A request to an endpoint of a model left, or will. */
  seeRequest(): void {
    this.#requests += 1;
  }

  seeCall(way: CallWay): void {
    this.#ways[way] += 1;
  }

  report(program: string, sdkVersions: readonly string[]): ProcessReport {
    return {
      program,
      frameworks: [...this.#frameworks].sort(),
      sdkVersions,
      requests: this.#requests,
      runs: this.#events.count('agent.run'),
      calls: this.#events.count('agent.model_call'),
      tools: this.#events.count('agent.tool_call'),
      callsByWay: { ...this.#ways },
    };
  }
}

/** Why nothing was seen and what to do; `undefined` where something was, or there was nothing to see. */
export function explainSilence(report: ProcessReport): string | undefined {
  const { frameworks, requests, calls, runs, program } = report;
  if (calls > 0 || runs > 0 || TOOL_FILE.test(program)) return undefined;
  const check = 'Check with `tallyspan doctor -- COMMAND`.';
  if (requests > 0)
    return `${requests === 1 ? 'a request' : `${String(requests)} requests`} went to an endpoint of Claude models and none was a model call that could be read. ${check}`;
  if (frameworks.includes('@anthropic-ai/claude-agent-sdk'))
    return '@anthropic-ai/claude-agent-sdk asks its models from a process of its own, and nothing of it was observed. Wrap its query: `wrapQuery(query)` from @tallyspan/node/agent-sdk.';
  if (frameworks.length === 0) return undefined;
  return `${frameworks.join(', ')} ${frameworks.length === 1 ? 'was' : 'were'} loaded, and no request to a model was seen in this process. If it made any, they went through a stand-in for the network or another process. ${check}`;
}

/** Appends the report to the file in which a command gathers those of its processes. */
export function writeReport(file: string, report: ProcessReport): void {
  guard('write report', () => {
    appendToFile(file, `${JSON.stringify(report)}\n`);
  });
}
