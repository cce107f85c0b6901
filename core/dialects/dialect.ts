// A dialect: how one emitter spells what the GenAI conventions call otherwise, and what it means by it.
// Pure data, read twice: by `normaliseSpan` here and by the Collector's statements, which are generated
// from it. So everything in it must be sayable in both.

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
  'tokens_cache_write_1h',
  'ttft_ms',
  'gen_ai.conversation.id',
  'user.id',
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
  /** Foreign keys of each standard key, best first. Looked up after the standard key itself and before the common ones. */
  readonly aliases?: Partial<Record<StandardKey, readonly string[]>>;
  /** Attributes that the emitter fills with something other than their name says; removed first. */
  readonly wrong?: readonly StandardKey[];
  /** Operation by the value of an attribute, where the span does not name it. */
  readonly operationByAttribute?: {
    readonly key: string;
    readonly values: Readonly<Record<string, string>>;
  };
  /** Operation by the name of the span: pattern and operation, first match wins. */
  readonly operationByName?: readonly (readonly [pattern: string, operation: string])[];
  /** An attribute that holds counts as a JSON object: its key, and the names in it for each standard key. */
  readonly json?: {
    readonly key: string;
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
  'tokens_cache_write_1h',
  'ttft_ms',
] as const satisfies readonly StandardKey[];

/** Time to the first chunk in seconds, under the keys that give it so; the standard key counts milliseconds. */
export const FIRST_CHUNK_SECONDS_KEYS: readonly string[] = [
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.server.time_to_first_token',
];

/** Spellings that mean the same whoever uses them. */
export const COMMON_ALIASES: Partial<Record<StandardKey, readonly string[]>> = {
  'gen_ai.provider.name': ['gen_ai.system', 'llm.provider', 'llm.system'],
  'gen_ai.request.model': ['llm.request.model', 'llm.model_name'],
  'gen_ai.usage.input_tokens': ['gen_ai.usage.prompt_tokens'],
  'gen_ai.usage.output_tokens': ['gen_ai.usage.completion_tokens'],
  'gen_ai.usage.cache_read.input_tokens': [
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cache_read_tokens',
  ],
  'gen_ai.usage.cache_creation.input_tokens': [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_input_tokens',
    'gen_ai.usage.cache_creation_tokens',
  ],
  'gen_ai.response.finish_reasons': ['llm.response.stop_reason', 'llm.finish_reason', 'stop_reason'],
  'gen_ai.conversation.id': ['session.id'],
};

/** What a span that names no response model answered with: the model that was asked for. */
export const RESPONSE_MODEL_FALLBACK: StandardKey = 'gen_ai.request.model';
