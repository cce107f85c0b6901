// The sections of the page of frameworks: what to paste, what is seen, what is not. Which versions it was seen with comes
// from the matrix.

export interface Section {
  readonly title: string;
  /** Two or three lines to paste, and their language. */
  readonly paste: string;
  readonly language: 'sh' | 'js' | 'python' | 'dockerfile' | 'json';
  readonly seen: string;
  readonly notSeen?: string;
  /** Beginnings of the titles of its rows in the matrix. */
  readonly rows?: readonly string[];
  /** What else tests it, where no row does. */
  readonly testedBy?: string;
}

const ALL = 'Runs, model calls, tools, tokens, cost, time to first token.';

export const SECTIONS: readonly Section[] = [
  {
    title: 'Anthropic SDK',
    paste: 'npx tallyspan exec -- node app.mjs\n# or: node --import @tallyspan/node/register app.mjs',
    language: 'sh',
    seen: `${ALL} Attempts and retries, Bedrock, Vertex, Foundry and AWS clients, batches, the tool runner's own spans. ES modules and CommonJS alike.`,
    testedBy: 'every minor version in [Compatibility](compatibility.md)',
  },
  {
    title: 'TypeScript by a loader',
    paste:
      'npx tallyspan exec -- npx tsx app.ts\nnode --require @tallyspan/node/register --require ts-node/register app.ts\nnode --import @tallyspan/node/register app.ts   # types stripped by Node',
    language: 'sh',
    seen: 'As with the SDK. In CommonJS use `--require`: with an `--import` of any kind Node takes the program for an ES module and passes by loaders that are required.',
    rows: ['The SDK in CommonJS TypeScript'],
  },
  {
    title: 'Bundles',
    paste:
      'npx esbuild app.ts --bundle --platform=node --outfile=dist/app.js\nnode --require @tallyspan/node/register dist/app.js',
    language: 'sh',
    seen: `${ALL} The SDK's own spans become those of the calls, and \`run()\` works.`,
    notSeen:
      "Whose provider it is: one that is bundled, too, is joined however late it registers, where the version of its API can be read from the bundle's text, as esbuild, webpack, Rollup and SWC write it; else where it registers within the first 100 ms.",
    rows: ['A bundle of the SDK'],
  },
  {
    title: "Yarn's Plug'n'Play",
    paste: 'yarn tallyspan exec -- node app.mjs\n# or: yarn node --import @tallyspan/node/register app.mjs',
    language: 'sh',
    seen: 'As with the SDK, though its packages stay packed.',
    rows: ["The SDK in Yarn's Plug'n'Play"],
  },
  {
    title: 'Your own requests',
    paste: "await fetch('https://api.anthropic.com/v1/messages', { method: 'POST', headers, body });",
    language: 'js',
    seen: `${ALL} By \`fetch\`, undici with any dispatcher, \`node:http\`, \`node:http2\` and what is built on it; JSON and streams, compressed or not. A request that is sent again after a failure is one call.`,
    notSeen:
      'Requests in the form of another API, such as OpenAI’s chat completions or Vercel’s AI Gateway (the AI SDK with a model given as text); the process says so at its end. What `promisify(http2.connect)` connects, with Node 22.15 and 22.16.',
    rows: ['Own code with'],
  },
  {
    title: 'Express, Fastify and other servers',
    paste:
      "import { identify, run } from '@tallyspan/node';\napp.post('/ask', async (request, response) => {\n  identify({ userId: request.user.id });\n  response.json(await run({ agent: 'helpdesk' }, () => answer(request.body)));\n});",
    language: 'js',
    seen: 'Each request apart, however many run at once; `run` and `identify` are optional.',
    rows: ['Express'],
  },
  {
    title: 'Next.js',
    paste:
      "NODE_OPTIONS='--import @tallyspan/node/register' npx next start\n# or in instrumentation.ts, in register():\n#   if (process.env.NEXT_RUNTIME === 'nodejs') await import('@tallyspan/node/register');",
    language: 'sh',
    seen: `${ALL} In the default build, too; \`serverExternalPackages\` is not needed. The service is the application's name. A build with \`output: 'standalone'\` takes along only what it imports: use \`instrumentation.ts\` there, or \`outputFileTracingIncludes: { '/*': ['./node_modules/@tallyspan/node/**/*'] }\` for the flag.`,
    notSeen: 'Routes of the edge runtime; `run` and the like pass through there.',
    rows: ['Next.js'],
  },
  {
    title: 'Vercel AI SDK 5, 6, 7',
    paste:
      "await generateText({ model: anthropic('claude-sonnet-5-5'), tools, stopWhen: stepCountIs(9), prompt,\n  experimental_telemetry: { isEnabled: true, functionId: 'guide', metadata: { userId, sessionId } } }); // optional",
    language: 'js',
    seen: `${ALL} With its telemetry on, \`functionId\`, \`userId\` and \`sessionId\` name the run, tools have their own times, and an agent that a tool asks is a run in that run; its spans count nothing twice and leave without prompts and answers. Version 7 needs no telemetry for that: each \`generateText\` or \`streamText\` is a run, named by \`telemetry.functionId\`, for the \`userId\` and \`sessionId\` of its \`runtimeContext\` that \`telemetry.includeRuntimeContext\` names; agents that tools ask are nested there, too. A \`ToolLoopAgent\` (6, 7) is named by its \`id\` where no \`functionId\` is set.`,
    notSeen:
      'In a bundle, the `id`. Version 7 shows nothing beside the requests where a call says `telemetry: { isEnabled: false }`.',
    rows: ['Vercel AI SDK'],
  },
  {
    title: 'Mastra',
    paste: "await agent.generate(question, { memory: { thread: 's-7', resource: 'u-7' } });",
    language: 'js',
    seen: `${ALL} The agent's name; \`thread\` is the session and \`resource\` the user, unless \`tracingOptions.metadata\` has a \`sessionId\` or \`userId\`.`,
    notSeen: 'In a bundle, the names; the calls are seen there, too.',
    rows: ['Mastra'],
  },
  {
    title: 'LangChain',
    paste: "const agent = createAgent({ model, tools, name: 'guide' });",
    language: 'js',
    seen: `${ALL} The name of the agent; \`thread_id\` as the session. A call that LangChain tries again, or hands to a fallback model, is a call for each try, all in one run.`,
    notSeen:
      'That an agent was asked by a tool of another: they are two runs, of one session where `thread_id` is set.',
    rows: ['LangChain'],
  },
  {
    title: 'LangGraph',
    paste: "await graph.invoke(input, { configurable: { thread_id: 's-7', user_id: 'u-7' } });",
    language: 'js',
    seen: `${ALL} \`thread_id\` is the session, \`user_id\` the user.`,
    notSeen: "The graph's name: say it with `run({ agent })`.",
    rows: ['LangGraph'],
  },
  {
    title: 'LlamaIndex',
    paste: 'npx tallyspan exec -- node agent.mjs',
    language: 'sh',
    seen: ALL,
    rows: ['LlamaIndex'],
  },
  {
    title: 'Claude Agent SDK',
    paste: 'npx tallyspan exec -- node agent.mjs',
    language: 'sh',
    seen: 'Runs from the call of `query` on, sessions, sub-agents, model calls, tools, cost; what the SDK counts beyond its messages is a row of its own. [Claude Code and the Agent SDK](claude-code.md#the-agent-sdk)',
    notSeen:
      'What a session spends after its caller left it: its run is partial. In a bundle, a query that is not wrapped with `wrapQuery`.',
    testedBy: 'the tests of the Agent SDK with its real binary',
  },
  {
    title: 'Claude Code',
    paste:
      'export CLAUDE_CODE_ENABLE_TELEMETRY=1\nexport OTEL_LOGS_EXPORTER=otlp\nexport OTEL_METRICS_EXPORTER=none\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318',
    language: 'sh',
    seen: 'What it does now: `tallyspan claude setup` writes these lines into its settings. Its history of months: `tallyspan import claude`, or `tallyspan up --claude`. [Claude Code](claude-code.md)',
    testedBy: 'the tests of Claude Code with its real binary',
  },
  {
    title: 'AWS Lambda and others that freeze',
    paste:
      "import { flush } from '@tallyspan/node';\nexport const handler = async (event) => { try { return await answer(event); } finally { await flush(); } };",
    language: 'js',
    seen: "All of a request before the process is frozen. Set `NODE_OPTIONS` in the configuration of the function; the service is the function's name.",
    rows: ['AWS Lambda'],
  },
  {
    title: 'PM2',
    paste: 'pm2 start app.js --node-args="--import @tallyspan/node/register"',
    language: 'sh',
    seen: "As without PM2; the service is the application's name.",
    rows: ['PM2'],
  },
  {
    title: 'Cluster, worker threads, child processes',
    paste: "NODE_OPTIONS='--import @tallyspan/node/register' node server.mjs",
    language: 'sh',
    seen: 'Each process and thread. What a process that exits at once could not send, such as a worker of a cluster that is disconnected by its own `process.disconnect()`, waits in the spool folder, where `tallyspan up` fetches it within seconds.',
    notSeen:
      'Children and threads whose `env` leaves `NODE_OPTIONS` out, and threads with `execArgv: []` where a flag of the command line loads the preload. What a thread recorded in the last quarter of a second before its `terminate()`, where only it has the preload and the thread that started it does not.',
    rows: ['A worker', 'A child process'],
  },
  {
    title: 'Docker',
    paste:
      'RUN npm install @tallyspan/node\nENV NODE_OPTIONS="--import @tallyspan/node/register" \\\n    OTEL_EXPORTER_OTLP_ENDPOINT=http://host.docker.internal:4317',
    language: 'dockerfile',
    seen: 'As outside of it. `tallyspan up --host 0.0.0.0` listens for other machines and needs a token. [Server](server.md)',
    testedBy: 'the tests of the packages in a folder of their own; an image is not built',
  },
  {
    title: 'Python',
    paste:
      'from traceloop.sdk import Traceloop   # OpenLLMetry; OpenInference and pydantic-ai (logfire) likewise\nTraceloop.init(app_name="desk", api_endpoint="http://127.0.0.1:4318")',
    language: 'python',
    seen: 'Model calls with tokens and estimated cost; agents and tools where the emitter makes spans of them.',
    rows: ['Python'],
  },
  {
    title: 'Frameworks in Python',
    paste:
      '# whichever of them you have; its spans go to the same place\nOTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 python agent.py',
    language: 'sh',
    seen: 'One run for each agent, with its calls, tokens and cost to the nano-dollar: LangChain and LangGraph (by OpenInference, OpenLLMetry or LangSmith), LlamaIndex (OpenInference, OpenLLMetry), LiteLLM (its `otel` callback, OpenInference), Strands Agents, pydantic-ai with Logfire, CrewAI (OpenInference, OpenLLMetry), Google ADK, Agno, smolagents, Haystack, Microsoft Agent Framework, Langfuse, OpenLIT, MLflow Tracing, Laminar, LangWatch, the decorators of OpenLLMetry. Tools, session and user where the emitter names them.',
    notSeen:
      'What an emitter does not say of the cache is priced as input, as an estimate: OpenAI Agents SDK over LiteLLM; OpenLIT for LangChain, and OpenLLMetry and OpenTelemetry’s botocore for InvokeModel of Bedrock, leave cached tokens out altogether: use Converse there, or OpenInference. Without tokens or without a model a call is unpriced: OpenAI Agents SDK streamed or by OpenLLMetry, DSPy by OpenInference alone (add the one for LiteLLM), LlamaIndex streamed by OpenLLMetry, Anthropic’s SDK streamed by OpenLLMetry where the SDK sends no spans of its own. OpenLLMetry for LangChain in JavaScript says nothing of the cache either, and makes a trace of each span where none is around the agent: put one around it (`withWorkflow`), and it is one run. Streamed by LiteLLM’s callback each call is a trace of its own, and in no run. Strands Agents 1.51 to 1.56 with its own Anthropic model do not show whether their input holds the cache.',
    testedBy: 'spans that each of them sent to a recorder, with their versions',
  },
  {
    title: 'Any OTLP sender',
    paste: 'export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317',
    language: 'sh',
    seen: "Spans by OpenTelemetry's GenAI conventions and the dialects of OpenLLMetry, OpenInference, OpenLIT, Vercel AI SDK, Langfuse, LangSmith, logfire, Strands, LiteLLM, Google ADK, Mastra, MLflow, Laminar, LangWatch, Spring AI, Semantic Kernel, Genkit and others, whatever tracer sends them. What speaks of a model and is not understood is on the page Received.",
    testedBy: 'the tests of dialects',
  },
];
