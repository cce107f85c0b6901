// Model names with a provider in front: LiteLLM and what is built on it write `anthropic/claude-…` for a model that
// Anthropic's own API answers, and pydantic-ai and LangChain `anthropic:claude-…`. Gateways write the same of models that
// they sell, so the prefix counts only where the span names that provider, or an emitter that names models as LiteLLM does.

import { matches } from './patterns.ts';
import { plainText } from './plain-values.ts';

type Attributes = Record<string, unknown>;

const PREFIX =
  /^(?:litellm\/)?(anthropic|bedrock|vertex_ai|google-vertex)[/:]((?:(?:converse|converse_like|invoke|[a-z]{2}(?:-[a-z]+)+-\d)\/)*)(.+)$/;

const PROVIDERS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  bedrock: 'aws.bedrock',
  vertex_ai: 'gcp.vertex_ai',
  'google-vertex': 'gcp.vertex_ai',
};

/** Scopes of emitters that name models as LiteLLM does. */
const LITELLM_NAMES = '^litellm|^gcp\\.vertex\\.agent$|^strands|^genkit-tracer$';
/** How OpenInference says that the OpenAI Agents SDK asked by LiteLLM. */
const ASKED_BY_LITELLM = /"model_impl": ?"litellm"/;

const MODEL_KEYS = ['gen_ai.request.model', 'gen_ai.response.model'] as const;

/** How Bedrock ends the id of a model, which OpenLLMetry leaves of it without the vendor that it begins with. */
const BEDROCK_WITHOUT_VENDOR = /^claude-[a-z0-9-]+-v\d+(?::\d+(?::\d+k)?)?$/;

/** Takes the provider off the names of the models, and names it where the span does not or names a framework. */
export function readModelNames(attributes: Attributes, scopeName: string): void {
  for (const key of MODEL_KEYS) {
    const name = plainText(attributes[key] ?? '');
    if (attributes['gen_ai.provider.name'] === 'aws.bedrock' && BEDROCK_WITHOUT_VENDOR.test(name))
      attributes[key] = `anthropic.${name}`;
    const [, prefix = '', , model] = PREFIX.exec(name) ?? [];
    const provider = PROVIDERS[prefix];
    if (provider === undefined || model === undefined) continue;
    const isLiteLlm =
      matches(LITELLM_NAMES, scopeName) ||
      ASKED_BY_LITELLM.test(plainText(attributes['llm.invocation_parameters'] ?? ''));
    if (!isLiteLlm && attributes['gen_ai.provider.name'] !== provider) continue;
    attributes[key] = model;
    attributes['gen_ai.provider.name'] = provider;
  }
}
