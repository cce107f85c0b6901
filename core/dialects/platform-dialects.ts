// Dialects of platforms whose own SDK makes spans of kinds of its own, and puts the conventions' names on calls at most.

import type { Dialect } from './dialect.ts';

export const PLATFORM_DIALECTS: readonly Dialect[] = [
  {
    id: 'mlflow',
    doc: 'MLflow Tracing: cache included. Each of its attributes is JSON, and the API’s own usage is in the outputs.',
    match: { anyAttribute: ['mlflow.spanType', 'mlflow.traceRequestId'] },
    inputTokens: 'inclusive',
    jsonTexts: 'mlflow.',
    isNamedByAgent: true,
    operationByAttribute: {
      key: 'mlflow.spanType',
      values: {
        CHAT_MODEL: 'chat',
        LLM: 'chat',
        AGENT: 'invoke_agent',
        CHAIN: 'invoke_workflow',
        WORKFLOW: 'invoke_workflow',
        TOOL: 'execute_tool',
        RETRIEVER: 'retrieval',
        RERANKER: 'rerank',
        EMBEDDING: 'embeddings',
        GUARDRAIL: 'guardrail',
        EVALUATOR: 'evaluation',
        PARSER: 'parse',
        TASK: 'task',
        MEMORY: 'task',
      },
      overrules: 'all',
    },
    aliases: {
      'gen_ai.provider.name': ['mlflow.llm.provider'],
      'gen_ai.request.model': ['mlflow.llm.model'],
    },
    json: {
      key: 'mlflow.chat.tokenUsage',
      names: {
        'gen_ai.usage.input_tokens': ['input_tokens'],
        'gen_ai.usage.output_tokens': ['output_tokens'],
        'gen_ai.usage.cache_read.input_tokens': ['cache_read_input_tokens'],
        'gen_ai.usage.cache_creation.input_tokens': ['cache_creation_input_tokens'],
        tokens_cache_write_1h: ['cache_creation_input_tokens_above_1hr'],
      },
    },
  },
  {
    id: 'laminar',
    doc: 'Laminar: the conventions, cache included; what is no call has a kind of its own, and who a trace is for is beside it.',
    match: { anyAttribute: ['lmnr.span.type'] },
    inputTokens: 'inclusive',
    operationByAttribute: {
      key: 'lmnr.span.type',
      values: { LLM: 'chat', TOOL: 'execute_tool', EVALUATOR: 'evaluation', HUMAN_EVALUATOR: 'evaluation' },
    },
    aliases: {
      'user.id': ['lmnr.association.properties.user_id'],
      'gen_ai.conversation.id': ['lmnr.association.properties.session_id'],
    },
  },
  {
    id: 'langwatch',
    doc: 'LangWatch: counts as the program gives them; who a trace is for is in its metadata.',
    match: { anyAttribute: ['langwatch.span.type'] },
    inputTokens: 'inclusive',
    isNamedByAgent: true,
    operationByAttribute: {
      key: 'langwatch.span.type',
      values: {
        llm: 'chat',
        agent: 'invoke_agent',
        chain: 'invoke_workflow',
        workflow: 'invoke_workflow',
        tool: 'execute_tool',
        rag: 'retrieval',
        guardrail: 'guardrail',
        evaluation: 'evaluation',
        prompt: 'prompt',
      },
    },
    aliases: {
      'user.id': ['langwatch.user.id'],
      'gen_ai.conversation.id': ['langwatch.thread.id'],
    },
    json: {
      key: 'metadata',
      names: { 'user.id': ['user_id'], 'gen_ai.conversation.id': ['thread_id'] },
    },
  },
  {
    id: 'genkit',
    doc: 'Genkit: each action names its kind, and the answer of a model holds the API’s own. What generates repeats the last of its calls.',
    match: { scope: '^genkit-tracer$' },
    inputTokens: 'exclusive',
    operationByAttribute: {
      key: 'genkit:metadata:subtype',
      values: {
        model: 'chat',
        agent: 'invoke_agent',
        flow: 'invoke_workflow',
        tool: 'execute_tool',
        'tool.v2': 'execute_tool',
        retriever: 'retrieval',
        reranker: 'rerank',
        embedder: 'embeddings',
        evaluator: 'evaluation',
      },
    },
    operationByName: [['.', 'task']],
    aliases: {
      'gen_ai.request.model': ['genkit:name'],
      'gen_ai.tool.name': ['genkit:name'],
      'gen_ai.conversation.id': ['genkit:sessionId'],
    },
    agentNames: ['genkit:name'],
    json: {
      key: 'genkit:output',
      path: ['usage'],
      names: {
        'gen_ai.usage.input_tokens': ['inputTokens'],
        'gen_ai.usage.output_tokens': ['outputTokens'],
        'gen_ai.usage.cache_read.input_tokens': ['cachedContentTokens'],
      },
    },
  },
];
