// Growing requests: a request of a conversation is the one before with more messages at its end, and an agent sends all of it
// at every turn. What it has in common with an earlier one is found by comparing bytes, and is neither decoded, parsed nor
// described again. A few bodies are kept for that. Where anything about a request is unusual, all of it is read.

import { isJson } from '../../../core/attribution/block-shape.ts';
import type { CacheBreakpoint, RequestShape } from '../../../core/attribution/request-shape.ts';
import { asJson, asList, type Json } from '../../../core/model-call/json.ts';
import { guard } from '../../process/guard.ts';
import { readRequest, type RequestFacts } from '../../record/request-facts.ts';

export interface ReadRequest {
  /** The Messages request; of one that has grown with its new messages only. */
  readonly params: Json;
  readonly facts: RequestFacts;
}

interface Known {
  /** What requests have to have in common beside their body. */
  readonly kind: string;
  readonly body: Buffer;
  /** Where its messages begin, in bytes. */
  readonly start: number;
  /** `undefined` until another request begins alike, `false` where the body is not written as JSON usually is. */
  readonly parts: Parts | false | undefined;
}

/** An earlier request, and how many messages the other begins with as it does. */
interface Alike {
  readonly known: Known;
  readonly count: number;
}

interface Parts {
  /** All beside the messages. */
  readonly params: Json;
  readonly shape: RequestShape;
  /** Blocks before those of the messages: tools and system. */
  readonly headBlocks: number;
  readonly ends: MessageEnds;
}

/** Of each message: where it ends in the body, and how many blocks there are in the messages up to its end. */
interface MessageEnds {
  readonly bytes: readonly number[];
  readonly blocks: readonly number[];
}

/** About as many conversations may go on at the same time; of more, some requests are read whole. */
const MOST_KNOWN = 8;
const MOST_BYTES = 1024 * 1024;
const MOST_BYTES_OF_ALL = 2 * MOST_BYTES;
const MESSAGES = Buffer.from('"messages":[');
/** Requests that are alike so far into their messages are of one conversation, as a rule. */
const ALIKE_BYTES = 128;
const COMMA = 0x2c;
const CLOSING_BRACKET = 0x5d;

export class GrowingRequests {
  /** The latest first. */
  readonly #known: Known[] = [];

  /**
   * @param kind what requests have to have in common beside their body
   * @param body nobody writes to it any more
   * @param parse reads a whole body; gives `undefined` for what is no request
   */
  read(kind: string, body: Buffer, parse: (body: Buffer) => Json | undefined): ReadRequest | undefined {
    const start = body.indexOf(MESSAGES) + MESSAGES.length;
    const canGrow = start >= MESSAGES.length && body.length <= MOST_BYTES;
    const alike = canGrow ? this.#findAlike(kind, body, start) : undefined;
    const earlier = alike?.known;
    const grown = alike === undefined ? undefined : guard('growing request', () => readGrown(alike, body));
    if (grown !== undefined) {
      this.#keep({ kind, body, start, parts: grown.parts }, grown.isNext ? earlier : undefined);
      return grown.read;
    }
    const read = readWhole(parse(body));
    if (read === undefined || !canGrow) return read;
    const isUsual = earlier !== undefined && earlier.parts !== false;
    const parts = isUsual ? (guard('parts', () => partsOf(body, start, read)) ?? false) : earlier?.parts;
    this.#keep({ kind, body, start, parts }, earlier?.parts ? undefined : earlier);
    return read;
  }

  /** The one that has most in common with it; the latest of which it has all messages, as a rule. */
  #findAlike(kind: string, body: Buffer, start: number): Alike | undefined {
    let best: Alike | undefined;
    for (const known of this.#known) {
      if (known.start !== start || known.kind !== kind) continue;
      const { parts } = known;
      if (!parts) {
        if (begins(body, known.body, start + ALIKE_BYTES)) best ??= { known, count: 0 };
        continue;
      }
      const ends = parts.ends.bytes;
      if (!endsAs(body, known.body, ends.at(-1) ?? 0)) continue;
      const count = commonMessages(known.body, ends, body);
      if (count === ends.length) return { known, count };
      if (count > (best?.count ?? 0)) best = { known, count };
    }
    return best;
  }

  /** @param earlier one whose place it takes: it has all of that, which does not go on in another way */
  #keep(known: Known, earlier: Known | undefined): void {
    if (earlier !== undefined) this.#known.splice(this.#known.indexOf(earlier), 1);
    this.#known.unshift(known);
    let bytes = 0;
    const isEnough = this.#known.findIndex(({ body }, index) => {
      bytes += body.length;
      return index >= MOST_KNOWN || bytes > MOST_BYTES_OF_ALL;
    });
    if (isEnough !== -1) this.#known.length = isEnough;
  }
}

export function readWhole(params: Json | undefined): ReadRequest | undefined {
  return params === undefined ? undefined : { params, facts: readRequest(params, true) };
}

function begins(body: Buffer, like: Buffer, length: number): boolean {
  const isLong = body.length >= length && like.length >= length;
  return isLong && body.compare(like, 0, length, 0, length) === 0;
}

/** Whether it ends as the other does from there on. */
function endsAs(body: Buffer, like: Buffer, from: number): boolean {
  const at = body.length - (like.length - from);
  return at >= 0 && body.compare(like, from, like.length, at) === 0;
}

/** `false` where the messages are not written as `JSON.stringify` does. */
function partsOf(body: Buffer, start: number, { params, facts }: ReadRequest): Parts | false {
  const ends = endsOf(asList(params['messages']), body, start - 1, { bytes: [], blocks: [] });
  if (ends === undefined) return false;
  // Whether those are the messages of the request, and not of something in it: without them it has none.
  const without = body.toString('utf8', 0, start) + body.toString('utf8', ends.bytes.at(-1));
  const rest = asJson(JSON.parse(without));
  const isOfRequest = Array.isArray(rest['messages']) && rest['messages'].length === 0;
  const headBlocks = facts.shape.blocks.length - (ends.blocks.at(-1) ?? 0);
  if (!isOfRequest || headBlocks < 0) return false;
  return { params: { ...params, messages: [] }, shape: facts.shape, headBlocks, ends };
}

/**
 * The ends of the messages before and of more messages, up to the end of the list.
 * @param at where these begin, with the comma or bracket before them
 */
function endsOf(
  messages: readonly unknown[],
  body: Buffer,
  at: number,
  before: MessageEnds,
): MessageEnds | undefined {
  const [bytes, blocks] = [[...before.bytes], [...before.blocks]];
  let end = at;
  let count = blocks.at(-1) ?? 0;
  for (const message of messages) {
    if (!isJson(message) || (bytes.length > 0 && body[end] !== COMMA)) return undefined;
    const written = JSON.stringify(message);
    const from = end + 1;
    end = from + Buffer.byteLength(written);
    if (body.toString('utf8', from, end) !== written) return undefined;
    const { content } = message;
    count += typeof content === 'string' ? 1 : asList(content).length;
    bytes.push(end);
    blocks.push(count);
  }
  return bytes.length > 0 && body[end] === CLOSING_BRACKET ? { bytes, blocks } : undefined;
}

interface Grown {
  readonly read: ReadRequest;
  readonly parts: Parts | false;
  /** Whether it has all messages of the earlier one. */
  readonly isNext: boolean;
}

/** Reads what follows the messages that both have. */
function readGrown({ known: earlier, count: common }: Alike, body: Buffer): Grown | undefined {
  const { parts } = earlier;
  if (!parts) return undefined;
  const { ends, headBlocks, params: rest } = parts;
  const tailAt = body.length - (earlier.body.length - (ends.bytes.at(-1) ?? 0));
  let count = common;
  // The last message is read in any case.
  if (ends.bytes[count - 1] === tailAt) count -= 1;
  const from = ends.bytes[count - 1];
  const prefixBlocks = headBlocks + (ends.blocks[count - 1] ?? 0);
  if (from === undefined || from >= tailAt || body[from] !== COMMA) return undefined;
  const messages = asList(JSON.parse(`[${body.toString('utf8', from + 1, tailAt)}]`));
  const facts = readRequest({ ...rest, messages, system: undefined, tools: undefined }, true);
  if (facts.shape.blocks.length === 0) return undefined;
  const shape = joinShapes(parts, prefixBlocks, count, facts.shape);
  const before = { bytes: ends.bytes.slice(0, count), blocks: ends.blocks.slice(0, count) };
  const newEnds = endsOf(messages, body, from, before);
  return {
    read: { params: { ...rest, messages }, facts: { ...facts, shape } },
    isNext: common === ends.bytes.length,
    parts: newEnds !== undefined && { params: rest, shape, headBlocks, ends: newEnds },
  };
}

/** How many messages of the earlier body the other begins with. */
function commonMessages(earlier: Buffer, ends: readonly number[], body: Buffer): number {
  let [least, most] = [0, ends.length];
  // As a rule it has them all.
  let middle = most;
  while (least < most) {
    if (begins(body, earlier, ends[middle - 1] ?? 0)) least = middle;
    else most = middle - 1;
    middle = Math.ceil((least + most) / 2);
  }
  return least;
}

/** The shape of a request that begins as the one of the parts and goes on as the other. */
function joinShapes(
  { params, shape }: Parts,
  prefixBlocks: number,
  prefixMessages: number,
  fresh: RequestShape,
): RequestShape {
  const { hashes } = shape;
  const breakpoints: CacheBreakpoint[] = shape.breakpoints.filter(({ block }) => block < prefixBlocks);
  // That of the request itself stands at the end of its blocks, wherever that is.
  if (isJson(params['cache_control']) && breakpoints.length === shape.breakpoints.length) breakpoints.pop();
  for (const { block, ttl } of fresh.breakpoints) breakpoints.push({ block: prefixBlocks + block, ttl });
  return {
    ...shape,
    blocks: shape.blocks.slice(0, prefixBlocks).concat(fresh.blocks),
    breakpoints,
    hashes: { ...hashes, messages: hashes.messages.slice(0, prefixMessages).concat(fresh.hashes.messages) },
  };
}
