// A dialect: how one emitter spells what the GenAI conventions call otherwise, and what it means by it.
// Pure data, read by `normaliseSpan`. Patterns are in the syntax that JavaScript and RE2 share.

/** Attributes that a normalised span has, under the keys that everything downstream reads. */
export const STANDARD_KEYS = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.response.id',
  'gen_ai.response.finish_reasons',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
  'tokens_thinking',
  'web_searches',
  'anthropic.usage.compaction.input_tokens',
  'anthropic.usage.compaction.output_tokens',
  'anthropic.usage',
  'service_tier',
  'speed',
  'inference_geo',
  'ttft_ms',
  'attempts',
  'cost_claimed_nano_usd',
  'anthropic.request.id',
  'gen_ai.conversation.id',
  'user.id',
  'agent.task_type',
  'agent.version',
  'gen_ai.agent.name',
  'gen_ai.tool.name',
  'gen_ai.tool.call.id',
] as const;
export type StandardKey = (typeof STANDARD_KEYS)[number];

/** Whether the emitter's input count holds the cached tokens (the conventions' meaning) or leaves them out. */
export type InputMeaning = 'inclusive' | 'exclusive';

export interface Dialect {
  readonly id: string;
  readonly doc: string;
  /** Which spans speak it. All given patterns must match; they are in the syntax that JavaScript and RE2 share. */
  readonly match: {
    readonly scope?: string;
    readonly spanName?: string;
    /** The span has at least one of these attributes. */
    readonly anyAttribute?: readonly string[];
  };
  readonly inputTokens: InputMeaning;
  /** Versions of the scope before this one leave the cache out, whatever `inputTokens` says of the later ones. */
  readonly exclusiveBefore?: string;
  /** The emitter that sends one of these keys includes the cache, whatever `inputTokens` says of its earlier versions. */
  readonly inclusiveWith?: readonly string[];
  /** The input counts of Claude's answers leave the cache out, unless one of `inclusiveWith` is there. */
  readonly exclusiveOfClaude?: true;
  /** An input count that is read from this key leaves the cache out, whatever `inputTokens` says of the others. */
  readonly exclusiveKey?: string;
  /** Standard keys that are read from an alias where there is one, whatever stands under the key itself. */
  readonly preferAliases?: readonly StandardKey[];
  /** Foreign keys of each standard key, best first. Looked up after the standard key itself and before the common ones. */
  readonly aliases?: Partial<Record<StandardKey, readonly string[]>>;
  /** Attributes that the emitter fills with something other than their name says; removed first. */
  readonly wrong?: readonly StandardKey[];
  /** Operation by the value of an attribute, where the span does not name it, or in spite of it. */
  readonly operationByAttribute?: {
    readonly key: string;
    readonly values: Readonly<Record<string, string>>;
    /** Operations on the span that it wins over. */
    readonly overrules?: 'all' | readonly string[];
  };
  /** Operation by the name of the span, in spite of the one that it names. */
  readonly operationInSpite?: readonly (readonly [pattern: string, operation: string])[];
  /** Operation by the name of the span: pattern and operation, first match wins. */
  readonly operationByName?: readonly (readonly [pattern: string, operation: string])[];
  /** Its attributes are JSON: a text has quotes around it. Their keys begin so. */
  readonly jsonTexts?: string;
  /** Its times to the first chunk are in milliseconds, under the keys that give seconds. */
  readonly isFirstChunkMs?: true;
  /** A task that has this attribute is a tool. */
  readonly toolKey?: string;
  /** Attributes that name the agent on the agent's own span, best first; on other spans they name something else. */
  readonly agentNames?: readonly string[];
  /** An agent's span has the agent's name. */
  readonly isNamedByAgent?: true;
  /** An attribute with what LangGraph says of a span, as JSON: steps of its graphs are no agents, whatever they are called. */
  readonly graphKey?: string;
  /** A call's span without counts and error is the request alone: another span tells of the answer. */
  readonly answersApart?: true;
  /** An attribute that holds counts as a JSON object: its key, the way in it, and the names there for each standard key. */
  readonly json?: {
    readonly key: string;
    readonly path?: readonly string[];
    readonly names: Partial<Record<StandardKey, readonly string[]>>;
  };
  /** The span repeats, from the API's side, a call that the client has counted: it never has a cost or an event. */
  readonly isServerSide?: true;
}

/** Keys that hold whole numbers. */
export const COUNT_KEYS = [
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
  'tokens_thinking',
  'web_searches',
  'anthropic.usage.compaction.input_tokens',
  'anthropic.usage.compaction.output_tokens',
  'ttft_ms',
  'attempts',
] as const satisfies readonly StandardKey[];

/** Time to the first chunk in seconds, under the keys that give it so; the standard key counts milliseconds. */
export const FIRST_CHUNK_SECONDS_KEYS: readonly string[] = [
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.client.operation.time_to_first_chunk',
  'gen_ai.server.time_to_first_token',
  'gen_ai.response.time_to_first_token',
  'gen_ai.server.ttft',
];

/** What emitters say in dollars that a call cost, the conventions' name first. */
export const COST_KEYS: readonly string[] = [
  'gen_ai.usage.cost.amount',
  'gen_ai.usage.cost',
  'gen_ai.usage.cost.total',
  'gen_ai.usage.total_cost',
  'gen_ai.usage.cost_usd',
  'operation.cost',
  'llm.cost.total',
];
/** The currency of the first of them, where it is another. */
export const CURRENCY_KEY = 'gen_ai.usage.cost.currency';

/**
 * Attributes by which a span says that it failed, whatever its status: a key, and a pattern of its value in small letters.
 * The conventions have an error type on what failed alone; some emitters leave the status to whoever reads that, or put a
 * word of their own in its place.
 */
export const FAILURES: readonly (readonly [key: string, pattern: string])[] = [
  ['error.type', '.'],
  ['gen_ai.tool.status', '^(?:error|fail(?:ed|ure)?|timeout)$'],
  ['langfuse.observation.level', '^error$'],
];

/** Operations under other names than the conventions', in small letters; the first pattern that matches. */
export const OPERATION_NAMES: readonly (readonly [pattern: string, operation: string])[] = [
  [
    '^(?:a?(?:chat[._]?)?completions?|a?text[._]completions?|(?:anthropic_)?messages?(?:[._]create)?|a?responses?(?:[._]create)?|a?generate_content(?:_stream)?|converse(?:_?stream)?|invoke_model(?:_with_response_stream)?|(?:llm|model)(?:[._](?:call|request|invoke|generation))?|generation|inference|generate|generate_text|stream_text|call_llm|chat[._](?:stream|model|request|create))$',
    'chat',
  ],
  ['^(?:agent|agent[._](?:run|invoke|call)|run_agent)$', 'invoke_agent'],
  ['^(?:workflow|chain|run_workflow|workflow[._]run|invoke_chain)$', 'invoke_workflow'],
  ['^(?:tool|tool[._](?:call|use|run|execution)|call_tool|run_tool)$', 'execute_tool'],
  ['^(?:a?embeddings?|embed)$', 'embeddings'],
  ['^(?:retriever|retrieve|vector_search)$', 'retrieval'],
  ['^a?rerank(?:er)?$', 'rerank'],
];

/** Operations of steps that may name tokens and are no calls of a model, or repeat those of calls. */
export const STEP_OPERATIONS: ReadonlySet<unknown> = new Set([
  'embeddings',
  'retrieval',
  'rerank',
  'guardrail',
  'evaluation',
  'prompt',
  'parse',
  'task',
  'create_agent',
  'agent_step',
  'merge_tools',
  'execute_event_loop_cycle',
]);

/** Spellings that mean the same whoever uses them. */
export const COMMON_ALIASES: Partial<Record<StandardKey, readonly string[]>> = {
  'gen_ai.provider.name': ['gen_ai.system', 'llm.provider', 'llm.system'],
  'gen_ai.request.model': ['llm.request.model', 'llm.request.model_name', 'llm.model_name'],
  'gen_ai.response.model': ['llm.response.model_name'],
  'gen_ai.usage.input_tokens': [
    'gen_ai.usage.prompt_tokens',
    'llm.usage.prompt_tokens',
    'gen_ai.response.prompt_tokens',
  ],
  'gen_ai.usage.output_tokens': [
    'gen_ai.usage.completion_tokens',
    'llm.usage.completion_tokens',
    'gen_ai.response.completion_tokens',
  ],
  'gen_ai.usage.cache_read.input_tokens': [
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
    'gen_ai.usage.input_tokens.cached',
  ],
  'gen_ai.usage.cache_creation.input_tokens': [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_input_tokens',
    'gen_ai.usage.cache_creation_tokens',
    'gen_ai.usage.cache_write_tokens',
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
    'gen_ai.usage.details.cache_creation_tokens',
    'gen_ai.usage.input_tokens.cache_write',
  ],
  tokens_cache_write_5m: [
    'anthropic.usage.cache_creation.ephemeral_5m_input_tokens',
    'gen_ai.usage.details.ephemeral_5m_input_tokens',
  ],
  tokens_cache_write_1h: [
    'anthropic.usage.cache_creation.ephemeral_1h_input_tokens',
    'gen_ai.usage.details.ephemeral_1h_input_tokens',
  ],
  tokens_thinking: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.details.reasoning_tokens'],
  web_searches: [
    'anthropic.usage.server_tool_use.web_search_requests',
    'gen_ai.usage.details.web_search_requests',
  ],
  service_tier: [
    'anthropic.response.service_tier',
    'anthropic.usage.service_tier',
    'gen_ai.response.service_tier',
    'gen_ai.usage.service_tier',
  ],
  speed: ['anthropic.response.speed', 'anthropic.usage.speed', 'gen_ai.response.speed', 'gen_ai.usage.speed'],
  inference_geo: [
    'anthropic.response.inference_geo',
    'anthropic.usage.inference_geo',
    'gen_ai.response.inference_geo',
    'gen_ai.usage.inference_geo',
  ],
  ttft_ms: [
    'gen_ai.response.time_to_first_token_ms',
    'gen_ai.server.time_to_first_token_ms',
    'gen_ai.response.time_to_first_chunk_ms',
    'gen_ai.response.ttft_ms',
    'llm.ttft_ms',
  ],
  'gen_ai.response.finish_reasons': [
    'anthropic.message.stop_reason',
    // Semantic Kernel, and programs of one's own.
    'gen_ai.response.finish_reason',
    'llm.response.stop_reason',
    'llm.finish_reason',
    'stop_reason',
  ],
  'gen_ai.conversation.id': ['session.id', 'thread.id', 'gen_ai.session.id', 'session_id', 'conversation_id'],
  'user.id': ['enduser.id', 'llm.user', 'gen_ai.user.id', 'user_id'],
  'agent.version': ['gen_ai.agent.version'],
};

const LANGCHAIN_CACHE: NonNullable<Dialect['json']>['names'] = {
  'gen_ai.usage.cache_read.input_tokens': ['cache_read', 'cache_read_tokens', 'cached_tokens'],
  'gen_ai.usage.cache_creation.input_tokens': ['cache_creation', 'cache_write', 'cache_creation_tokens'],
  tokens_cache_write_5m: ['ephemeral_5m_input_tokens'],
  tokens_cache_write_1h: ['ephemeral_1h_input_tokens'],
};

/** Attributes that hold counts as an object or as its JSON, whoever uses them. */
export const COMMON_JSON: readonly NonNullable<Dialect['json']>[] = [
  {
    key: 'gen_ai.usage.input_token_details',
    names: LANGCHAIN_CACHE,
  },
  {
    key: 'gen_ai.usage.output_token_details',
    names: { tokens_thinking: ['reasoning', 'reasoning_tokens'] },
  },
  {
    key: 'gen_ai.usage.details',
    names: {
      'gen_ai.usage.cache_read.input_tokens': ['cache_read_input_tokens', 'cache_read_tokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_input_tokens', 'cache_write_tokens'],
    },
  },
  {
    key: 'ai.response.providerMetadata',
    path: ['bedrock', 'usage'],
    names: {
      'gen_ai.usage.cache_read.input_tokens': ['cacheReadInputTokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cacheWriteInputTokens'],
    },
  },
  {
    // AI SDK 4 and 5, of what Anthropic answered.
    key: 'ai.response.providerMetadata',
    path: ['anthropic'],
    names: {
      'gen_ai.usage.cache_read.input_tokens': ['cacheReadInputTokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cacheCreationInputTokens'],
    },
  },
  {
    key: 'langsmith.metadata.usage_metadata',
    path: ['input_token_details'],
    names: LANGCHAIN_CACHE,
  },
  {
    key: 'genkit:output',
    path: ['usage', 'custom'],
    names: {
      'gen_ai.usage.cache_read.input_tokens': ['cache_read_input_tokens'],
      'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_input_tokens'],
      tokens_cache_write_5m: ['ephemeral_5m_input_tokens'],
      tokens_cache_write_1h: ['ephemeral_1h_input_tokens'],
    },
  },
  {
    key: 'gcp.vertex.agent.llm_response',
    path: ['usage_metadata'],
    names: { 'gen_ai.usage.cache_read.input_tokens': ['cached_content_token_count'] },
  },
];

/** What the emitter says of all tokens together, and of the input without the cache: they show what its input count means. */
export const TOTAL_KEYS: readonly string[] = [
  'gen_ai.usage.total_tokens',
  'llm.usage.total_tokens',
  'llm.token_count.total',
  'ai.usage.totalTokens',
];
export const UNCACHED_KEYS: readonly string[] = [
  'gen_ai.usage.details.input_tokens',
  'ai.usage.inputTokenDetails.noCacheTokens',
];

/** Where LangChain leaves it in what a model gave back, in JavaScript and in Python. */
const LANGCHAIN_USAGE: readonly (readonly string[])[] = [
  ['llmOutput', 'usage'],
  ['llm_output', 'usage'],
  ['generations', '0', '0', 'message', 'kwargs', 'response_metadata', 'usage'],
  ['generations', '0', '0', 'message', 'response_metadata', 'usage'],
];

/** Attributes in which an emitter leaves the `usage` of the API as it came: the ways to it in the JSON, the best first. */
export const RAW_USAGE: readonly {
  readonly key: string;
  readonly paths: readonly (readonly string[])[];
  /** Whose API it is the usage of, where the key says so. */
  readonly provider?: string;
}[] = [
  { key: 'anthropic.usage', paths: [[]] },
  { key: 'ai.response.providerMetadata', paths: [['anthropic', 'usage']] },
  { key: 'response_data', paths: [['usage']] },
  { key: 'output.value', paths: [['usage'], ...LANGCHAIN_USAGE] },
  { key: 'gen_ai.completion', paths: LANGCHAIN_USAGE },
  { key: 'mlflow.spanOutputs', paths: [['usage'], ...LANGCHAIN_USAGE] },
  { key: 'genkit:output', paths: [['custom', 'usage']] },
  { key: 'gen_ai.usage.raw', paths: [[]] },
  { key: 'llm.anthropic.usage', paths: [[]], provider: 'anthropic' },
  { key: 'llm.vertex_ai.usage', paths: [[]], provider: 'gcp.vertex_ai' },
  { key: 'llm.bedrock.usage', paths: [[]], provider: 'aws.bedrock' },
  { key: 'metadata.usage_object', paths: [[]] },
];

/** What a span that names no response model answered with: the model that was asked for. */
export const RESPONSE_MODEL_FALLBACK: StandardKey = 'gen_ai.request.model';

/** Providers under other names than the conventions': a pattern of the name in small letters, first match wins. */
export const PROVIDER_NAMES: readonly (readonly [pattern: string, provider: string])[] = [
  ['^anthropic', 'anthropic'],
  ['^(?:aws|amazon)?[._-]?bedrock|^aws$', 'aws.bedrock'],
  ['^(?:gcp[._]|google[._-])?vertex', 'gcp.vertex_ai'],
];
