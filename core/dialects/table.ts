// The dialects, most specific first: the first one that matches a span is the one it speaks.
// What each emitter means by its input count was read from its source or seen in what it sent.

import type { Dialect } from './dialect.ts';
import { PLATFORM_DIALECTS } from './platform-dialects.ts';
import { GEN_AI_KINDS, LANGFUSE, OPENINFERENCE, TRACELOOP, VERCEL_AI } from './shared-names.ts';

export const DIALECTS: readonly Dialect[] = [
  {
    id: 'anthropic-api',
    doc: 'Spans that the API itself sends to a telemetry destination. They repeat what the client counted.',
    match: { scope: '^com\\.anthropic\\.claude-platform' },
    inputTokens: 'inclusive',
    isServerSide: true,
  },
  {
    id: 'anthropic-sdk',
    doc: 'The SDK’s own spans, in a process without @tallyspan/node.',
    match: { scope: '^com\\.anthropic\\.sdk\\.' },
    inputTokens: 'inclusive',
    operationByName: [
      ['^anthropic\\.messages\\.tool_runner', 'invoke_agent'],
      ['^anthropic\\.custom_tool_use', 'execute_tool'],
    ],
  },
  {
    id: 'claude-code',
    doc: 'Claude Code and the Agent SDK’s subprocess. Bare names leave the cache out; from 2.1.331 on there are the conventions’ counts beside them. Its response id is a request id.',
    match: { spanName: '^claude_code\\.' },
    inputTokens: 'inclusive',
    exclusiveKey: 'input_tokens',
    preferAliases: [
      'gen_ai.usage.input_tokens',
      'gen_ai.usage.output_tokens',
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_creation.input_tokens',
      // Of a sub-agent, the conversations' is its own.
      'gen_ai.conversation.id',
    ],
    wrong: ['gen_ai.response.id'],
    operationByName: [
      ['^claude_code\\.llm_request$', 'chat'],
      ['^claude_code\\.tool$', 'execute_tool'],
      ['^claude_code\\.interaction$', 'invoke_agent'],
    ],
    aliases: {
      'gen_ai.conversation.id': ['session.id'],
      'gen_ai.request.model': ['model'],
      'gen_ai.usage.input_tokens': ['input_tokens'],
      'gen_ai.usage.output_tokens': ['output_tokens'],
      'gen_ai.usage.cache_read.input_tokens': ['cache_read_tokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_tokens'],
      tokens_cache_write_5m: ['cache_creation_5m_tokens'],
      tokens_cache_write_1h: ['cache_creation_1h_tokens'],
      'anthropic.request.id': ['request_id', 'gen_ai.response.id'],
      attempts: ['attempt'],
      'gen_ai.tool.name': ['tool_name'],
      'gen_ai.tool.call.id': ['tool_use_id'],
    },
  },
  {
    id: 'openllmetry-js',
    doc: 'OpenLLMetry for JavaScript: the raw input count, cache left out.',
    match: { scope: '^@traceloop/' },
    inputTokens: 'exclusive',
    ...TRACELOOP,
  },
  {
    id: 'openllmetry-python',
    doc: 'OpenLLMetry for Python: cache included.',
    match: { scope: '^opentelemetry\\.instrumentation\\.anthropic$|^traceloop\\.' },
    inputTokens: 'inclusive',
    ...TRACELOOP,
  },
  {
    id: 'openllmetry-frameworks',
    doc: 'OpenLLMetry for frameworks, in Python: cache included.',
    match: {
      scope:
        '^opentelemetry\\.instrumentation\\.(?:crewai|langchain|llamaindex|haystack|openai_agents|agno)(?:\\.|$)',
    },
    inputTokens: 'inclusive',
    ...TRACELOOP,
    // A crew is what its agents work in.
    operationInSpite: [['^crewai\\.workflow$', 'invoke_workflow']],
  },
  {
    id: 'openllmetry-bedrock',
    doc: 'OpenLLMetry for Bedrock: the input count of the Converse API, cache left out.',
    match: { scope: '^opentelemetry\\.instrumentation\\.bedrock$|^@traceloop/instrumentation-bedrock$' },
    inputTokens: 'exclusive',
    ...TRACELOOP,
    operationByName: [
      ['^bedrock\\.converse', 'chat'],
      ['^bedrock\\.completion$', 'chat'],
    ],
  },
  {
    id: 'openinference-agent-sdk',
    doc: 'OpenInference for the Agent SDK: the raw input count of the main loop.',
    match: {
      scope:
        'openinference-instrumentation-claude-agent-sdk$|^openinference\\.instrumentation\\.claude_agent_sdk$',
    },
    inputTokens: 'exclusive',
    ...OPENINFERENCE,
  },
  {
    id: 'openinference',
    doc: 'OpenInference: cache included.',
    match: { scope: '^@arizeai/openinference-|^openinference\\.instrumentation\\.' },
    inputTokens: 'inclusive',
    ...OPENINFERENCE,
  },
  {
    id: 'openlit-langgraph',
    doc: 'OpenLIT for LangGraph: the nodes of a graph are called agents.',
    match: { scope: '^openlit\\.instrumentation\\.langgraph$' },
    inputTokens: 'exclusive',
    operationInSpite: [['^invoke_agent ', 'task']],
  },
  {
    id: 'openlit',
    doc: 'OpenLIT: the raw input count, cache left out. Its own cost is not used.',
    match: { scope: '^@?openlit' },
    inputTokens: 'exclusive',
    aliases: {
      'gen_ai.usage.cache_read.input_tokens': ['cache_read_input_tokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_write_input_tokens', 'cache_creation_input_tokens'],
    },
  },
  {
    id: 'vercel-ai',
    doc: 'Vercel AI SDK 6: totals on the model step and again on the call around it, which is the agent here.',
    match: { scope: '^ai$' },
    ...VERCEL_AI,
  },
  {
    id: 'vercel-ai-otel',
    doc: 'Vercel AI SDK 7 by @ai-sdk/otel: the conventions; run totals repeat on the agent span. Who the run is for is in the context of the caller.',
    match: { scope: '^gen_ai$' },
    inputTokens: 'inclusive',
    aliases: {
      'gen_ai.conversation.id': [
        'ai.settings.context.sessionId',
        'ai.settings.context.session_id',
        'ai.settings.context.threadId',
        'ai.settings.context.chatId',
      ],
      'user.id': ['ai.settings.context.userId', 'ai.settings.context.user_id'],
      'agent.task_type': ['ai.settings.context.taskType'],
    },
  },
  {
    id: 'langfuse',
    doc: 'Langfuse SDK: counts as JSON, each kind apart from the others.',
    match: { scope: '^langfuse-sdk' },
    inputTokens: 'exclusive',
    ...LANGFUSE,
  },
  {
    id: 'langsmith',
    doc: 'LangSmith’s exporter: cache included; each step names its kind, and its operation may be another.',
    match: { anyAttribute: ['langsmith.span.kind', 'langsmith.trace.name'] },
    inputTokens: 'inclusive',
    operationByAttribute: {
      key: 'langsmith.span.kind',
      values: {
        llm: 'chat',
        agent: 'invoke_agent',
        chain: 'invoke_workflow',
        tool: 'execute_tool',
        retriever: 'retrieval',
        embedding: 'embeddings',
        prompt: 'prompt',
        parser: 'parse',
      },
      overrules: 'all',
    },
    aliases: {
      'gen_ai.request.model': ['langsmith.metadata.ls_model_name'],
      'gen_ai.provider.name': ['langsmith.metadata.ls_provider'],
      'gen_ai.conversation.id': [
        'langsmith.metadata.thread_id',
        'langsmith.metadata.session_id',
        'langsmith.metadata.conversation_id',
      ],
      'user.id': ['langsmith.metadata.user_id'],
      'gen_ai.agent.name': ['langsmith.metadata.lc_agent_name'],
      'gen_ai.tool.name': ['langsmith.trace.name'],
    },
    agentNames: ['langsmith.metadata.lc_agent_name', 'langsmith.trace.name'],
  },
  {
    id: 'strands',
    doc: 'Strands Agents: cache included since 1.54, whose spans name the cache by the conventions’ keys; left out before.',
    match: { scope: '^strands' },
    inputTokens: 'exclusive',
    isFirstChunkMs: true,
    inclusiveWith: ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
  },
  {
    id: 'logfire',
    doc: 'Logfire: cache included since 5.0, which sends the conventions’ cache counts; left out before.',
    match: { scope: '^logfire' },
    inputTokens: 'inclusive',
    exclusiveBefore: '5.0.0',
    // What was streamed is told by a second span beside that of the request.
    answersApart: true,
  },
  {
    id: 'pydantic-ai',
    doc: 'pydantic-ai before the third format of its spans: neither agents nor tools name their operation.',
    match: { scope: '^pydantic-ai', spanName: '^(?:agent run|running tool)$' },
    inputTokens: 'inclusive',
    operationByName: [
      ['^agent run$', 'invoke_agent'],
      ['^running tool$', 'execute_tool'],
    ],
    aliases: { 'gen_ai.agent.name': ['agent_name'] },
    agentNames: ['agent_name'],
  },
  {
    id: 'mastra',
    doc: 'Mastra’s exporter: the conventions; who the run is for is in its metadata.',
    match: { scope: '^@mastra/' },
    inputTokens: 'inclusive',
    aliases: {
      'gen_ai.conversation.id': ['mastra.metadata.sessionId', 'mastra.metadata.threadId'],
      'user.id': ['mastra.metadata.userId', 'mastra.metadata.user_id'],
      'agent.task_type': ['mastra.metadata.taskType'],
    },
  },
  {
    id: 'google-adk',
    doc: 'Google’s Agent Development Kit: its span of merged tools repeats those of the tools.',
    match: { scope: '^gcp\\.vertex\\.agent$' },
    inputTokens: 'inclusive',
    operationByAttribute: {
      key: 'gen_ai.tool.name',
      values: { '(merged tools)': 'merge_tools' },
      overrules: 'all',
    },
    operationByName: [
      ['^agent_run \\[', 'invoke_agent'],
      ['^call_llm$', 'chat'],
    ],
    aliases: { 'gen_ai.conversation.id': ['gcp.vertex.agent.session_id'] },
  },
  {
    id: 'litellm',
    doc: 'LiteLLM: sums without the cache on the request, and in the raw request below it the API’s own usage, as Python prints it.',
    match: { scope: '^litellm' },
    inputTokens: 'inclusive',
    operationByName: [['^raw_gen_ai_request$', 'chat']],
    aliases: {
      'gen_ai.request.model': ['llm.anthropic.model'],
      'gen_ai.response.id': ['llm.anthropic.id'],
      'gen_ai.response.finish_reasons': ['llm.anthropic.stop_reason'],
      'user.id': ['metadata.user_api_key_end_user_id', 'metadata.user_api_key_user_id'],
    },
    json: { key: 'llm.anthropic.metadata', names: { 'user.id': ['user_id'] } },
  },
  ...PLATFORM_DIALECTS,
  {
    id: 'spring-ai',
    doc: 'Spring AI around its calls: a client with its advisors and tools, which all name the same operation.',
    match: { anyAttribute: ['spring.ai.kind'] },
    inputTokens: 'inclusive',
    operationByAttribute: {
      key: 'spring.ai.kind',
      values: {
        chat_client: 'invoke_agent',
        advisor: 'task',
        tool_call: 'execute_tool',
        mcp_server_tool_call: 'execute_tool',
        vector_store: 'retrieval',
      },
      overrules: 'all',
    },
    aliases: {
      'gen_ai.tool.name': ['spring.ai.tool.definition.name'],
      'gen_ai.tool.call.id': ['spring.ai.tool.call.id'],
      'gen_ai.conversation.id': ['spring.ai.chat.client.conversation.id'],
    },
  },
  {
    id: 'vercel-ai-tracer',
    doc: 'Vercel AI SDK with a tracer of the program’s own.',
    match: { anyAttribute: ['ai.operationId'] },
    ...VERCEL_AI,
  },
  {
    id: 'openinference-attributes',
    doc: 'The names of OpenInference from any other emitter: cache included.',
    match: { anyAttribute: ['openinference.span.kind'] },
    inputTokens: 'inclusive',
    ...OPENINFERENCE,
  },
  {
    id: 'traceloop-attributes',
    doc: 'The names of OpenLLMetry from its other instrumentations: cache included.',
    match: { anyAttribute: ['traceloop.span.kind', 'traceloop.entity.name', 'traceloop.workflow.name'] },
    inputTokens: 'inclusive',
    ...TRACELOOP,
  },
  {
    id: 'langfuse-attributes',
    doc: 'The names of Langfuse from any other emitter: its own counts keep each kind apart.',
    match: {
      anyAttribute: [
        'langfuse.observation.type',
        'langfuse.observation.model.name',
        'langfuse.observation.usage_details',
      ],
    },
    inputTokens: 'inclusive',
    exclusiveKey: 'langfuse.observation.usage_details',
    ...LANGFUSE,
  },
  {
    id: 'gen-ai',
    doc: 'Any other emitter of the GenAI conventions: cache included, as the conventions say.',
    match: {
      anyAttribute: [
        'gen_ai.operation.name',
        'gen_ai.provider.name',
        'gen_ai.system',
        'gen_ai.request.model',
        'gen_ai.span.kind',
      ],
    },
    inputTokens: 'inclusive',
    operationByAttribute: GEN_AI_KINDS,
  },
];
