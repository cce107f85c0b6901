// The rows of the matrix: a way of calling Claude, the project that it is installed in, and what tells it from others.

export interface FrameworkRow {
  readonly title: string;
  /** Folder below `projects`. */
  readonly project: string;
  /** File below `programs`. */
  readonly program: string;
  /** True where a test of its own builds and asks a server. */
  readonly isServer?: boolean;
  /** Flags of Node that load the program. */
  readonly flags?: readonly string[];
  /** How the preload gets in; `import` unless said. */
  readonly preload?: 'require';
  /** Format of the bundle that is run in the place of the program. */
  readonly bundle?: 'cjs' | 'esm';
  /** True where the bundle is of the program alone, and finds its packages when it runs. */
  readonly isWithoutPackages?: true;
  readonly environment?: Readonly<Record<string, string>>;
  /** True where the calls have to be seen in the Anthropic SDK, and not only below it. */
  readonly isSeenInSdk?: true;
  /** Name of the agent where the framework gives one; else the service's. */
  readonly agentName?: string;
  readonly sessionId?: string;
  readonly userId?: string;
}

/** TypeScript loaders, by the flags with which they run CommonJS. */
const LOADERS: Readonly<Record<string, readonly string[]>> = {
  tsx: ['--import', 'tsx'],
  'tsx, required': ['--require', 'tsx/cjs'],
  'ts-node': ['--require', 'ts-node/register/transpile-only'],
  'swc-node': ['--require', '@swc-node/register'],
};

const AI_SDK: FrameworkRow[] = ['5', '6', '7'].flatMap((version) =>
  ['generate', 'stream'].map((way) => ({
    title: `Vercel AI SDK ${version}, ${way === 'generate' ? 'generateText' : 'streamText'}`,
    project: `ai-sdk-${version}`,
    program: 'ai-sdk.mjs',
    environment: { WAY: way },
  })),
);

export const ROWS: readonly FrameworkRow[] = [
  ...AI_SDK,
  ...['6', '7'].flatMap((version) =>
    ['agent', 'agent-stream'].map((way) => ({
      title: `Vercel AI SDK ${version}, a ToolLoopAgent's ${way === 'agent' ? 'generate' : 'stream'}`,
      project: `ai-sdk-${version}`,
      program: 'ai-sdk.mjs',
      environment: { WAY: way },
      agentName: 'scout',
    })),
  ),
  {
    title: 'Vercel AI SDK 6, a ToolLoopAgent with its telemetry on',
    project: 'ai-sdk-6',
    program: 'ai-sdk.mjs',
    environment: { WAY: 'agent', TELEMETRY: 'spans' },
    agentName: 'guide',
    sessionId: 's-7',
    userId: 'u-7',
  },
  ...['5', '6'].map((version) => ({
    title: `Vercel AI SDK ${version} with its telemetry on`,
    project: `ai-sdk-${version}`,
    program: 'ai-sdk.mjs',
    environment: { TELEMETRY: 'spans' },
    agentName: 'guide',
    sessionId: 's-7',
    userId: 'u-7',
  })),
  ...['registered', 'named'].flatMap((telemetry) =>
    ['generate', 'stream'].map((way) => ({
      title: `Vercel AI SDK 7 with its telemetry ${telemetry}, ${way === 'generate' ? 'generateText' : 'streamText'}`,
      project: 'ai-sdk-7',
      program: 'ai-sdk.mjs',
      environment: { TELEMETRY: telemetry, WAY: way },
      agentName: 'guide',
      sessionId: 's-7',
      userId: 'u-7',
    })),
  ),
  ...['mastra', 'mastra-before'].flatMap((project) =>
    ['generate', 'stream'].map((way) => ({
      title: `Mastra (${project}), ${way}`,
      project,
      program: 'mastra.mjs',
      environment: { WAY: way },
      agentName: 'guide',
      sessionId: 's-7',
      userId: 'u-7',
    })),
  ),
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
  ...[
    'undici',
    'undici-7',
    'undici-6',
    'undici-pool',
    'undici-proxy',
    'undici-fetch',
    'axios',
    'got',
    'node-fetch',
    'bedrock',
  ].map((client) => ({
    title: `Own code with ${client}`,
    project: 'clients',
    program: 'clients.mjs',
    environment: { CLIENT: client },
  })),
  ...Object.entries(LOADERS).map(([name, flags]) => ({
    title: `The SDK in CommonJS TypeScript by ${name}`,
    project: 'loaders',
    program: 'sdk-loop.ts',
    flags,
    isSeenInSdk: true as const,
    environment: {
      TS_NODE_COMPILER_OPTIONS: '{"module":"commonjs","moduleResolution":"node10","esModuleInterop":true}',
    },
    // With an `--import`, Node takes the program to be an ES module and strips the types itself.
    ...(flags.includes('--require') ? { preload: 'require' as const } : {}),
  })),
  ...(['cjs', 'esm'] as const).map((format) => ({
    title: `A bundle of the SDK by esbuild (${format})`,
    project: 'loaders',
    program: 'sdk-loop.ts',
    bundle: format,
  })),
  ...(['cjs', 'esm'] as const).map((format) => ({
    title: `The SDK in Yarn's Plug'n'Play (${format})`,
    project: 'plug-and-play',
    program: 'sdk-loop.ts',
    bundle: format,
    isWithoutPackages: true as const,
    isSeenInSdk: true as const,
    flags: ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
  })),
  ...['express', 'express-before'].map((project) => ({
    title: `Express (${project})`,
    project,
    program: 'processes.mjs',
    environment: { WAY: 'express' },
  })),
  ...Object.entries({
    thread: 'A worker thread',
    cluster: 'A worker of a cluster',
    child: 'A child process',
  }).map(([way, title]) => ({
    title,
    project: 'express',
    program: 'processes.mjs',
    environment: { WAY: way },
  })),
  {
    title: 'AWS Lambda, frozen after the answer',
    project: 'express',
    program: 'processes.mjs',
    environment: { WAY: 'lambda' },
    isServer: true,
  },
  {
    title: 'PM2',
    project: 'pm2',
    program: 'processes.mjs',
    environment: { WAY: 'pm2' },
    isServer: true,
  },
  ...['OpenLLMetry', 'OpenInference'].map((emitter) => ({
    title: `Python with ${emitter}`,
    project: 'python',
    program: 'agent.py',
    environment: { EMITTER: emitter },
    isServer: true,
  })),
  {
    title: 'Next.js, default build',
    project: 'next',
    program: 'next-route.js',
    isServer: true,
  },
];
