// Circumstances: what the price of a call depends on beside its usage: its model, time and place, and how it ended.
// Platform: who serves and bills the call. Provider: the conventions' name of who is called (`gen_ai.provider.name`).

export const PLATFORMS = ['anthropic', 'bedrock', 'vertex', 'foundry', 'aws'] as const;
export type Platform = (typeof PLATFORMS)[number];

export type UnpricedReason =
  | 'unknown_model'
  | 'opaque_inference_profile'
  | 'priority_tier'
  | 'fast_not_in_table'
  | 'unknown_service_tier'
  | 'usage_missing'
  | 'usage_invalid'
  | 'user_profile_billed'
  | 'gateway';

export interface CallCircumstances {
  /** Model that answered (`response.model`), or the requested one where none answered. */
  readonly model: string;
  /**
   * Model that was asked for, where it differs. Bedrock and Google Cloud answer with the plain id, so the
   * profile prefix is only here; compaction runs on this model.
   */
  readonly requestedModel?: string | undefined;
  /** When the request was made, Unix milliseconds. */
  readonly atMs: number;
  readonly platform?: Platform | undefined;
  /** Gateway that sells the call at prices of its own, by its name as a provider. */
  readonly gateway?: string | undefined;
  /** Cloud region or location, where the client knows it. */
  readonly region?: string | undefined;
  /** Whether an absent region only means that who tells of the call does not know it, and not the global endpoint. */
  readonly isRegionUntold?: boolean | undefined;
  readonly stopReason?: string | null | undefined;
  /** Whether the response held any output; a refusal without one is not billed. */
  readonly hasOutput?: boolean | undefined;
  /** False when the stream was cut or left: the output count is then an estimate. */
  readonly isComplete?: boolean | undefined;
  /**
   * Whether the response ran code in a container that is charged by the hour, which no response shows. Where the
   * content is not known, the count in the usage decides.
   */
  readonly hasCodeExecution?: boolean | undefined;
  /** `billing_policy.bill_to` of the request, where it was set. */
  readonly billTo?: string | undefined;
}

/** The one map between platforms and providers: Anthropic's own platform, AWS and Foundry all call Anthropic's API. */
const PROVIDERS: Readonly<Record<Platform, string>> = {
  anthropic: 'anthropic',
  aws: 'anthropic',
  foundry: 'anthropic',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
};

export function providerOf(platform: Platform): string {
  return PROVIDERS[platform];
}

const GATEWAYS =
  /^(?:openrouter|github[._-]copilot|vercel[._-]?(?:ai)?[._-]?gateway|gateway|requesty|poe)(?:\.|$)/;

/** The provider where it is a gateway, whose prices nobody else knows. */
export function gatewayOf(provider: unknown): string | undefined {
  return typeof provider === 'string' && GATEWAYS.test(provider.toLowerCase()) ? provider : undefined;
}

/** The platform that a provider names; `undefined` where the provider leaves it open, as `anthropic` does. */
export function platformOf(provider: unknown): Platform | undefined {
  const named = PLATFORMS.filter((platform) => PROVIDERS[platform] === provider);
  return named.length === 1 ? named[0] : undefined;
}

/** The platform that a message id names; `undefined` where it is the API's own form, which others have, too. */
export function platformOfMessageId(id: string | undefined): Platform | undefined {
  if (id?.startsWith('msg_bdrk_') === true) return 'bedrock';
  return id?.startsWith('msg_vrtx_') === true ? 'vertex' : undefined;
}
