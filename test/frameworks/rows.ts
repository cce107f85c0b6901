// The rows of the matrix: a way of calling Claude, the project that it is installed in, and what tells it from others.

export interface Row {
  readonly title: string;
  /** Folder below `projects`. */
  readonly project: string;
  /** File below `programs`. */
  readonly program: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Name of the agent where the framework gives one; else the service's. */
  readonly agentName?: string;
  readonly sessionId?: string;
  readonly userId?: string;
}

const AI_SDK: Row[] = ['5', '6', '7'].flatMap((version) =>
  ['generate', 'stream'].map((way) => ({
    title: `Vercel AI SDK ${version}, ${way === 'generate' ? 'generateText' : 'streamText'}`,
    project: `ai-sdk-${version}`,
    program: 'ai-sdk.mjs',
    environment: { WAY: way },
  })),
);

export const ROWS: readonly Row[] = [
  ...AI_SDK,
  ...['5', '6'].map((version) => ({
    title: `Vercel AI SDK ${version} with its telemetry on`,
    project: `ai-sdk-${version}`,
    program: 'ai-sdk.mjs',
    environment: { TELEMETRY: 'spans' },
    agentName: 'guide',
    sessionId: 's-7',
    userId: 'u-7',
  })),
  {
    title: 'Vercel AI SDK 7 with its telemetry registered',
    project: 'ai-sdk-7',
    program: 'ai-sdk.mjs',
    environment: { TELEMETRY: 'registered' },
  },
  ...['mastra', 'mastra-before'].map((project) => ({
    title: `Mastra (${project})`,
    project,
    program: 'mastra.mjs',
  })),
  ...['langchain', 'langchain-before'].flatMap((project) =>
    ['langchain', 'langgraph'].map((way) => ({
      title: `${way === 'langchain' ? 'LangChain' : 'LangGraph'} (${project})`,
      project,
      program: 'langchain.mjs',
      environment: { WAY: way },
      ...(way === 'langchain' ? { agentName: 'guide' } : {}),
      sessionId: 's-7',
    })),
  ),
  { title: 'LlamaIndex', project: 'llamaindex', program: 'llamaindex.mjs' },
];
