// The dialects, most specific first: the first one that matches a span is the one it speaks.
// What each emitter means by its input count was read from its source or seen in what it sent.

import type { Dialect } from './dialect.ts';

const OPENINFERENCE_KINDS = {
  key: 'openinference.span.kind',
  values: {
    LLM: 'chat',
    AGENT: 'invoke_agent',
    CHAIN: 'invoke_workflow',
    TOOL: 'execute_tool',
    EMBEDDING: 'embeddings',
    RETRIEVER: 'retrieval',
    RERANKER: 'rerank',
    GUARDRAIL: 'guardrail',
    EVALUATOR: 'evaluation',
    PROMPT: 'prompt',
  },
} as const;

const OPENINFERENCE_ALIASES: Dialect['aliases'] = {
  'gen_ai.usage.input_tokens': ['llm.token_count.prompt'],
  'gen_ai.usage.output_tokens': ['llm.token_count.completion'],
  'gen_ai.usage.cache_read.input_tokens': ['llm.token_count.prompt_details.cache_read'],
  'gen_ai.usage.cache_creation.input_tokens': ['llm.token_count.prompt_details.cache_write'],
  tokens_thinking: ['llm.token_count.completion_details.reasoning'],
  'gen_ai.tool.name': ['tool.name', 'tool_call.function.name'],
  'gen_ai.tool.call.id': ['tool_call.id', 'tool.id'],
  'gen_ai.agent.name': ['agent.name'],
};

const TRACELOOP: Pick<Dialect, 'operationByAttribute' | 'operationByName' | 'aliases'> = {
  operationByAttribute: {
    key: 'traceloop.span.kind',
    values: {
      workflow: 'invoke_workflow',
      agent: 'invoke_agent',
      task: 'task',
      tool: 'execute_tool',
    },
  },
  operationByName: [
    ['^anthropic\\.chat$', 'chat'],
    ['^anthropic\\.completion$', 'text_completion'],
  ],
  aliases: {
    'gen_ai.tool.name': ['traceloop.entity.name'],
    'gen_ai.agent.name': ['traceloop.entity.name', 'traceloop.workflow.name'],
    'gen_ai.conversation.id': [
      'traceloop.association.properties.session_id',
      'traceloop.association.properties.thread_id',
    ],
    'user.id': ['traceloop.association.properties.user_id'],
    'agent.task_type': ['traceloop.association.properties.task_type'],
    'gen_ai.response.finish_reasons': ['gen_ai.completion.0.finish_reason'],
  },
};

const VERCEL_AI: Omit<Dialect, 'id' | 'doc' | 'match'> = {
  inputTokens: 'inclusive',
  operationByName: [
    ['^ai\\.[A-Za-z]+\\.do(?:Generate|Stream)$', 'chat'],
    ['^ai\\.toolCall$', 'execute_tool'],
    ['^ai\\.(?:generate|stream)(?:Text|Object)$', 'invoke_agent'],
    ['^ai\\.embed(?:Many)?(?:\\.doEmbed)?$', 'embeddings'],
  ],
  aliases: {
    'gen_ai.provider.name': ['ai.model.provider'],
    'gen_ai.request.model': ['ai.model.id'],
    'gen_ai.response.model': ['ai.response.model'],
    'gen_ai.response.id': ['ai.response.id'],
    'gen_ai.response.finish_reasons': ['ai.response.finishReason'],
    'gen_ai.usage.input_tokens': ['ai.usage.inputTokens', 'ai.usage.promptTokens'],
    'gen_ai.usage.output_tokens': ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
    'gen_ai.usage.cache_read.input_tokens': [
      'ai.usage.inputTokenDetails.cacheReadTokens',
      'ai.usage.cachedInputTokens',
    ],
    'gen_ai.usage.cache_creation.input_tokens': ['ai.usage.inputTokenDetails.cacheWriteTokens'],
    ttft_ms: ['ai.response.msToFirstChunk'],
    'gen_ai.tool.name': ['ai.toolCall.name'],
    'gen_ai.tool.call.id': ['ai.toolCall.id'],
    'gen_ai.agent.name': ['ai.telemetry.functionId'],
    'gen_ai.conversation.id': [
      'ai.telemetry.metadata.sessionId',
      'ai.telemetry.metadata.threadId',
      'ai.telemetry.metadata.chatId',
    ],
    'user.id': ['ai.telemetry.metadata.userId'],
    'agent.task_type': ['ai.telemetry.metadata.taskType'],
    'agent.version': ['ai.telemetry.metadata.version'],
    tokens_thinking: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
  },
};

const LANGFUSE: Omit<Dialect, 'id' | 'doc' | 'match' | 'inputTokens'> = {
  operationByAttribute: {
    key: 'langfuse.observation.type',
    values: {
      generation: 'chat',
      agent: 'invoke_agent',
      chain: 'invoke_workflow',
      tool: 'execute_tool',
      retriever: 'retrieval',
      embedding: 'embeddings',
      guardrail: 'guardrail',
      evaluator: 'evaluation',
    },
  },
  aliases: {
    'gen_ai.request.model': ['langfuse.observation.model.name'],
    'gen_ai.agent.name': ['langfuse.trace.name'],
    'user.id': ['langfuse.user.id'],
    'gen_ai.conversation.id': ['langfuse.session.id'],
  },
  json: {
    key: 'langfuse.observation.usage_details',
    names: {
      'gen_ai.usage.input_tokens': ['input', 'input_tokens', 'prompt_tokens'],
      'gen_ai.usage.output_tokens': ['output', 'output_tokens', 'completion_tokens'],
      'gen_ai.usage.cache_read.input_tokens': [
        'cache_read_input_tokens',
        'input_cache_read',
        'input_cached_tokens',
      ],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_input_tokens', 'input_cache_creation'],
    },
  },
};

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
    operationByAttribute: OPENINFERENCE_KINDS,
    aliases: OPENINFERENCE_ALIASES,
  },
  {
    id: 'openinference',
    doc: 'OpenInference: cache included.',
    match: { scope: '^@arizeai/openinference-|^openinference\\.instrumentation\\.' },
    inputTokens: 'inclusive',
    operationByAttribute: OPENINFERENCE_KINDS,
    aliases: OPENINFERENCE_ALIASES,
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
      isStronger: true,
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
      'gen_ai.agent.name': ['langsmith.metadata.lc_agent_name', 'langsmith.trace.name'],
      'gen_ai.tool.name': ['langsmith.trace.name'],
    },
  },
  {
    id: 'strands',
    doc: 'Strands Agents: the input count of the model’s API, cache left out.',
    match: { scope: '^strands' },
    inputTokens: 'exclusive',
  },
  {
    id: 'logfire',
    doc: 'Logfire: cache included since 5.0, which sends the conventions’ cache counts; left out before.',
    match: { scope: '^logfire' },
    inputTokens: 'inclusive',
    exclusiveBefore: '5.0.0',
  },
  {
    id: 'google-adk',
    doc: 'Google’s Agent Development Kit: its span of merged tools repeats those of the tools.',
    match: { scope: '^gcp\\.vertex\\.agent$' },
    inputTokens: 'inclusive',
    operationByAttribute: {
      key: 'gen_ai.tool.name',
      values: { '(merged tools)': 'merge_tools' },
      isStronger: true,
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
      'user.id': ['llm.user', 'metadata.user_api_key_end_user_id', 'metadata.user_api_key_user_id'],
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
    operationByAttribute: OPENINFERENCE_KINDS,
    aliases: OPENINFERENCE_ALIASES,
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
      ],
    },
    inputTokens: 'inclusive',
  },
];
