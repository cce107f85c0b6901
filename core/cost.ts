// Cost: what one call costs, from its raw usage, by exact model id and date.
// Either a cost with the row that made it, or `unpriced` with a reason; never a silent 0.

export type Platform = 'anthropic' | 'bedrock' | 'vertex' | 'foundry' | 'aws';

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

/** What is needed to price one call. */
export interface PriceRequest {
  /** Model that answered (`response.model`), or the requested one where none answered. */
  readonly model: string;
  /** The `usage` object as the API sent it, after the streaming merge. */
  readonly usage: unknown;
  /** When the request was made, Unix milliseconds. */
  readonly atMs: number;
  readonly platform?: Platform | undefined;
  /** Cloud region or location, where the client knows it. */
  readonly region?: string | undefined;
  readonly stopReason?: string | null | undefined;
  /** Whether the response held any content block; a refusal without one is not billed. */
  readonly hasOutput?: boolean | undefined;
  /** False when the stream was cut or left: the output count is then an estimate. */
  readonly isComplete?: boolean | undefined;
  /** `billing_policy.bill_to` of the request, where it was set. */
  readonly billTo?: string | undefined;
}

/** Cost per bucket, nano-USD. The buckets sum to the cost of the call exactly. */
export interface CostBuckets {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly webSearch: number;
}

export type CallCost =
  | {
      readonly status: 'priced' | 'estimated' | 'partial';
      readonly costNanoUsd: number;
      readonly buckets: CostBuckets;
      readonly table: string;
      readonly row: string;
      /** Why the status is not `priced`, in one word. */
      readonly reason?: string;
    }
  | { readonly status: 'unpriced'; readonly reason: UnpricedReason; readonly table: string };
