// The worst price of a request before it is sent: its input, by what the API counted of the same prefix in the call
// before and an estimate of the rest, and all the output that it may have. Priced by the table as its answer will be.

import type { RequestShape } from '../attribution/request-shape.ts';
import type { Platform } from '../pricing/circumstances.ts';
import { priceCall, type PriceOverrides } from '../pricing/cost.ts';
import { inputTotal, readingOf, type Usage } from '../pricing/usage.ts';
import { WEB_SEARCH_MICRO_USD } from '../prices/table.ts';
import { asJson, asList, asText } from '../model-call/json.ts';

/** Estimates of text that nothing is known of are raised by this. */
const UNKNOWN_MARGIN = 1.25;
/** What the API adds for tools, about. */
const TOOL_PROMPT_TOKENS = 500;
/** A cached prefix that was used within this time is read, not written. Less than the lifetime of five minutes. */
const CACHE_LIFETIME_MS = 280_000;
const NANO_PER_MICRO = 1_000;

/** What the API counted of a request of the same conversation. */
export interface CountedRequest {
  readonly shape: RequestShape;
  readonly usage: Usage;
  readonly atMs: number;
}

export interface PricedRequest {
  readonly body: unknown;
  readonly shape: RequestShape;
  readonly maxTokens: number | undefined;
  readonly counted: CountedRequest | undefined;
  readonly atMs: number;
  readonly platform: Platform | undefined;
  readonly region: string | undefined;
  readonly isBatch?: boolean;
}

export interface WorstPrice {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** `undefined` where the model or the way it is served has no price. */
  readonly nanoUsd: number | undefined;
  /** Nano-USD of one output token, for {@link nanoUsd} with less of them. */
  readonly outputTokenNanoUsd: number;
  readonly unpricedDetail?: string;
}

/** The input's share of the worst price. */
export function inputNanoUsdOf({ nanoUsd, outputTokens, outputTokenNanoUsd }: WorstPrice): number {
  return nanoUsd === undefined ? 0 : nanoUsd - outputTokens * outputTokenNanoUsd;
}

export function worstPrice(request: PricedRequest, overrides: PriceOverrides | undefined): WorstPrice {
  const body = asJson(request.body);
  const input = estimateInput(request);
  const outputTokens = countOf(request.maxTokens);
  const price = (output: number) => {
    const reading = readingOf(
      { ...input, output, thinking: 0, webSearches: 0 },
      {
        serviceTier: request.isBatch === true ? 'batch' : undefined,
        speed: asText(body['speed']),
        inferenceGeo: asText(body['inference_geo']),
      },
    );
    const model = request.shape.model;
    return priceCall(
      reading,
      {
        model,
        requestedModel: model,
        atMs: request.atMs,
        platform: request.platform,
        region: request.region,
        billTo: asText(asJson(body['billing_policy'])['bill_to']),
      },
      overrides,
    );
  };
  const whole = price(outputTokens);
  const inputTokens = inputTotal({ ...input });
  if (whole.status === 'unpriced')
    return {
      inputTokens,
      outputTokens,
      nanoUsd: undefined,
      outputTokenNanoUsd: 0,
      unpricedDetail: whole.detail,
    };
  return {
    inputTokens,
    outputTokens,
    nanoUsd: whole.costNanoUsd + searchNanoUsd(body),
    outputTokenNanoUsd: outputTokens === 0 ? 0 : whole.buckets.output / outputTokens,
  };
}

type InputBuckets = Pick<Usage, 'input' | 'cacheRead' | 'cacheWrite5m' | 'cacheWrite1h'>;

function estimateInput({ body, shape, counted, atMs }: PricedRequest): InputBuckets {
  const { blocks, breakpoints } = shape;
  const isContinued = asJson(asJson(body)['thread'])['type'] === 'continue';
  const read = isContinued ? keptPrefix : knownPrefix;
  const known = counted === undefined ? NOTHING_KNOWN : read(shape, counted, atMs);
  const lastBreakpoint = breakpoints.at(-1)?.block ?? -1;
  let cached = 0;
  let uncached = 0;
  for (let index = known.blocks; index < blocks.length; index++) {
    const tokens = (blocks[index]?.tokens ?? 0) * known.scale;
    if (index <= lastBreakpoint) cached += tokens;
    else uncached += tokens;
  }
  if (known.blocks === 0 && shape.toolNames.length > 0) uncached += TOOL_PROMPT_TOKENS;
  const isPrefixCached = lastBreakpoint >= 0;
  const written = Math.ceil(cached + (isPrefixCached ? known.fresh : 0));
  const isHour = breakpoints.some(({ ttl }) => ttl === '1h');
  return {
    input: Math.ceil(uncached + (isPrefixCached ? 0 : known.fresh)),
    cacheRead: Math.ceil(known.cached),
    cacheWrite5m: isHour ? 0 : written,
    cacheWrite1h: isHour ? written : 0,
  };
}

interface KnownPrefix {
  /** Leading blocks whose tokens are known. */
  readonly blocks: number;
  /** Tokens of them that are in the cache. */
  readonly cached: number;
  readonly fresh: number;
  /** Tokens that the API counts for one estimated one. */
  readonly scale: number;
}

const NOTHING_KNOWN: KnownPrefix = { blocks: 0, cached: 0, fresh: 0, scale: UNKNOWN_MARGIN };

function knownPrefix(shape: RequestShape, counted: CountedRequest, atMs: number): KnownPrefix {
  const before = counted.shape.blocks;
  const counts = counted.usage;
  const total = inputTotal(counts);
  let same = 0;
  let sameTokens = 0;
  let allTokens = 0;
  for (const [index, block] of before.entries()) {
    allTokens += block.tokens;
    if (same !== index || shape.blocks[index]?.hash !== block.hash) continue;
    same += 1;
    sameTokens += block.tokens;
  }
  if (same === 0 || allTokens === 0 || total === 0) return NOTHING_KNOWN;
  const tokens = same === before.length ? total : total * Math.min(1, sameTokens / allTokens);
  const cached = Math.min(tokens, tokensInCache(shape, counted, atMs));
  // What is new is never taken for less than its estimate.
  return { blocks: same, cached, fresh: tokens - cached, scale: Math.max(1, total / allTokens) * 1.1 };
}

/** Of a request that goes on with a thread: what the API keeps of it is read again, and the request holds only what is new. */
function keptPrefix(shape: RequestShape, counted: CountedRequest, atMs: number): KnownPrefix {
  const { usage } = counted;
  const cached = tokensInCache(shape, counted, atMs);
  return { ...NOTHING_KNOWN, cached, fresh: inputTotal(usage) + usage.output - cached };
}

/** What of the counted request is in the cache still, for the model of the other. */
function tokensInCache(
  shape: RequestShape,
  { shape: before, usage, atMs: beforeMs }: CountedRequest,
  atMs: number,
): number {
  if (before.hashes.model !== shape.hashes.model || atMs - beforeMs > CACHE_LIFETIME_MS) return 0;
  return usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

/** Searches that the tools of the request may make, where they say how many. */
function searchNanoUsd(body: Readonly<Record<string, unknown>>): number {
  let searches = 0;
  for (const tool of asList(body['tools'])) {
    const { type, max_uses: most } = asJson(tool);
    if (typeof type === 'string' && type.startsWith('web_search')) searches += countOf(most);
  }
  return searches * WEB_SEARCH_MICRO_USD * NANO_PER_MICRO;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.min(Math.ceil(value), 1e9) : 0;
}
