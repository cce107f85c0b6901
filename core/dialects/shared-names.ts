// Shared names: how the larger emitters spell things, for every dialect that uses their names.

import type { Dialect } from './dialect.ts';

export const OPENINFERENCE_KINDS = {
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

/** The kinds of spans that emitters name beside the conventions: Alibaba's, Future AGI's, those of Eino and others. */
export const GEN_AI_KINDS = {
  key: 'gen_ai.span.kind',
  values: inBothLetters({
    ...OPENINFERENCE_KINDS.values,
    GENERATION: 'chat',
    WORKFLOW: 'invoke_workflow',
    TASK: 'task',
    STEP: 'task',
  }),
} as const;

function inBothLetters(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const small = Object.entries(values).map(([kind, operation]) => [kind.toLowerCase(), operation]);
  return { ...values, ...(Object.fromEntries(small) as Record<string, string>) };
}

export const OPENINFERENCE_ALIASES: NonNullable<Dialect['aliases']> = {
  'gen_ai.usage.input_tokens': ['llm.token_count.prompt'],
  'gen_ai.usage.output_tokens': ['llm.token_count.completion'],
  'gen_ai.usage.cache_read.input_tokens': ['llm.token_count.prompt_details.cache_read'],
  'gen_ai.usage.cache_creation.input_tokens': ['llm.token_count.prompt_details.cache_write'],
  tokens_thinking: ['llm.token_count.completion_details.reasoning'],
  'gen_ai.tool.name': ['tool.name', 'tool_call.function.name'],
  'gen_ai.tool.call.id': ['tool_call.id', 'tool.id'],
  'gen_ai.agent.name': ['agent.name'],
};

/** Where frameworks leave who a run is for, as JSON. */
export const OPENINFERENCE_METADATA: NonNullable<Dialect['json']> = {
  key: 'metadata',
  names: {
    'user.id': ['user_id', 'userId'],
    'gen_ai.conversation.id': ['session_id', 'thread_id'],
    'gen_ai.agent.name': ['lc_agent_name'],
  },
};

/** What all dialects with the names of OpenInference share. */
export const OPENINFERENCE: Pick<
  Dialect,
  'operationByAttribute' | 'operationInSpite' | 'aliases' | 'json' | 'graphKey' | 'agentNames'
> = {
  operationByAttribute: OPENINFERENCE_KINDS,
  // Of LlamaIndex: what will be asked, put together.
  operationInSpite: [['\\._prepare_chat_with_tools$', 'prompt']],
  aliases: OPENINFERENCE_ALIASES,
  json: OPENINFERENCE_METADATA,
  graphKey: 'metadata',
  agentNames: ['agent.name', 'graph.node.id'],
};

export const TRACELOOP: Pick<
  Dialect,
  'operationByAttribute' | 'operationByName' | 'aliases' | 'toolKey' | 'agentNames'
> = {
  operationByAttribute: {
    key: 'traceloop.span.kind',
    values: {
      workflow: 'invoke_workflow',
      agent: 'invoke_agent',
      task: 'task',
      tool: 'execute_tool',
    },
    // Its instrumentations of frameworks call each layer of one agent an agent.
    overrules: ['invoke_agent'],
  },
  toolKey: 'tool.name',
  agentNames: ['traceloop.entity.name'],
  operationByName: [
    ['^anthropic\\.chat$', 'chat'],
    ['^anthropic\\.completion$', 'text_completion'],
  ],
  aliases: {
    'gen_ai.tool.name': ['tool.name', 'traceloop.entity.name'],
    'gen_ai.agent.name': ['traceloop.workflow.name'],
    'gen_ai.conversation.id': [
      'traceloop.association.properties.session_id',
      'traceloop.association.properties.thread_id',
      'traceloop.association.properties.sessionId',
      'traceloop.association.properties.conversation_id',
      'traceloop.association.properties.chat_id',
    ],
    'user.id': ['traceloop.association.properties.user_id', 'traceloop.association.properties.userId'],
    'agent.task_type': ['traceloop.association.properties.task_type'],
    'gen_ai.response.finish_reasons': ['gen_ai.completion.0.finish_reason'],
  },
};

export const VERCEL_AI: Omit<Dialect, 'id' | 'doc' | 'match'> = {
  inputTokens: 'inclusive',
  // Up to version 5 the counts are those of the provider. From 6 on the parts of the input are beside its whole. It does
  // not use the conventions' names of these parts; whoever adds them means what the conventions mean.
  exclusiveOfClaude: true,
  inclusiveWith: [
    'ai.usage.inputTokenDetails.noCacheTokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
  ],
  // Processors of others, such as OpenInference's, put the function's id behind the name.
  operationByName: [
    ['^ai\\.[A-Za-z]+\\.do(?:Generate|Stream)(?: |$)', 'chat'],
    ['^ai\\.toolCall(?: |$)', 'execute_tool'],
    ['^ai\\.(?:generate|stream)(?:Text|Object)(?: |$)', 'invoke_agent'],
    ['^ai\\.embed(?:Many)?(?:\\.doEmbed)?(?: |$)', 'embeddings'],
    ['^ai\\.rerank(?:\\.doRerank)?(?: |$)', 'rerank'],
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
      'ai.telemetry.metadata.conversationId',
      'ai.telemetry.metadata.session_id',
      'ai.telemetry.metadata.thread_id',
    ],
    'user.id': ['ai.telemetry.metadata.userId', 'ai.telemetry.metadata.user_id'],
    'agent.task_type': ['ai.telemetry.metadata.taskType'],
    'agent.version': ['ai.telemetry.metadata.version'],
    tokens_thinking: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
  },
};

export const LANGFUSE: Omit<Dialect, 'id' | 'doc' | 'match' | 'inputTokens'> = {
  isNamedByAgent: true,
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
      tokens_cache_write_5m: [
        'ephemeral_5m_input_tokens',
        'input_ephemeral_5m_input_tokens',
        'input_cache_creation_5m',
      ],
      tokens_cache_write_1h: [
        'ephemeral_1h_input_tokens',
        'input_ephemeral_1h_input_tokens',
        'input_cache_creation_1h',
      ],
    },
  },
};
