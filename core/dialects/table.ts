// The dialects, most specific first: the first one that matches a span is the one it speaks.
// What each emitter means by its input count was read from its source or seen in what it sent.

import type { Dialect } from './dialect.ts';

const OPENINFERENCE_KINDS = {
  key: 'openinference.span.kind',
  values: { LLM: 'chat', AGENT: 'invoke_agent', CHAIN: 'invoke_agent', TOOL: 'execute_tool' },
} as const;

const OPENINFERENCE_ALIASES: Dialect['aliases'] = {
  'gen_ai.usage.input_tokens': ['llm.token_count.prompt'],
  'gen_ai.usage.output_tokens': ['llm.token_count.completion'],
  'gen_ai.usage.cache_read.input_tokens': ['llm.token_count.prompt_details.cache_read'],
  'gen_ai.usage.cache_creation.input_tokens': ['llm.token_count.prompt_details.cache_write'],
  'gen_ai.tool.name': ['tool.name', 'tool_call.function.name'],
  'gen_ai.tool.call.id': ['tool_call.id', 'tool.id'],
  'gen_ai.agent.name': ['agent.name'],
};

const TRACELOOP: Pick<Dialect, 'operationByAttribute' | 'operationByName' | 'aliases'> = {
  operationByAttribute: {
    key: 'traceloop.span.kind',
    values: { workflow: 'invoke_agent', agent: 'invoke_agent', tool: 'execute_tool' },
  },
  operationByName: [
    ['^anthropic\\.chat$', 'chat'],
    ['^anthropic\\.completion$', 'text_completion'],
  ],
  aliases: {
    'gen_ai.tool.name': ['traceloop.entity.name'],
    'gen_ai.agent.name': ['traceloop.workflow.name'],
    'gen_ai.response.finish_reasons': ['gen_ai.completion.0.finish_reason'],
  },
};

export const DIALECTS: readonly Dialect[] = [
  {
    id: 'anthropic-api',
    doc: 'Spans that the API itself sends to a telemetry destination. They repeat what the client counted.',
    match: { scope: '^com\\.anthropic\\.claude-platform' },
    inputTokens: 'inclusive',
    aliases: { 'gen_ai.response.finish_reasons': ['anthropic.message.stop_reason'] },
    isServerSide: true,
  },
  {
    id: 'anthropic-sdk',
    doc: 'The SDK’s own spans, in a process without @tallyspan/node.',
    match: { scope: '^com\\.anthropic\\.sdk\\.' },
    inputTokens: 'inclusive',
    aliases: {
      'gen_ai.response.finish_reasons': ['anthropic.message.stop_reason'],
      tokens_cache_write_1h: ['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'],
    },
  },
  {
    id: 'claude-code',
    doc: 'Claude Code and the Agent SDK’s subprocess. Its response id is a request id.',
    match: { spanName: '^claude_code\\.' },
    inputTokens: 'exclusive',
    wrong: ['gen_ai.response.id'],
    operationByName: [
      ['^claude_code\\.llm_request$', 'chat'],
      ['^claude_code\\.tool$', 'execute_tool'],
      ['^claude_code\\.interaction$', 'invoke_agent'],
    ],
    aliases: {
      'gen_ai.request.model': ['model'],
      'gen_ai.usage.input_tokens': ['input_tokens'],
      'gen_ai.usage.output_tokens': ['output_tokens'],
      'gen_ai.usage.cache_read.input_tokens': ['cache_read_tokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_tokens'],
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
    inputTokens: 'inclusive',
    operationByName: [
      ['^ai\\.[A-Za-z]+\\.do(?:Generate|Stream)$', 'chat'],
      ['^ai\\.toolCall$', 'execute_tool'],
      ['^ai\\.(?:generate|stream)(?:Text|Object)$', 'invoke_agent'],
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
      'gen_ai.conversation.id': ['ai.telemetry.metadata.sessionId'],
      'user.id': ['ai.telemetry.metadata.userId'],
    },
  },
  {
    id: 'vercel-ai-otel',
    doc: 'Vercel AI SDK 7 by @ai-sdk/otel: the conventions; run totals repeat on the agent span.',
    match: { scope: '^gen_ai$' },
    inputTokens: 'inclusive',
  },
  {
    id: 'langfuse',
    doc: 'Langfuse SDK: counts as JSON, each kind apart from the others.',
    match: { scope: '^langfuse-sdk' },
    inputTokens: 'exclusive',
    operationByAttribute: {
      key: 'langfuse.observation.type',
      values: { generation: 'chat', agent: 'invoke_agent', tool: 'execute_tool' },
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
  },
  {
    id: 'logfire',
    doc: 'Logfire: the raw input count, cache left out.',
    match: { scope: '^logfire' },
    inputTokens: 'exclusive',
  },
  {
    id: 'gen-ai',
    doc: 'Any other emitter of the GenAI conventions: cache included, as the conventions say.',
    match: { anyAttribute: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.system'] },
    inputTokens: 'inclusive',
  },
];
