// The reader of a Message of the API, however it comes: whole, in slices that repeat its envelope (the Agent
// SDK, transcripts), or event by event as it streams. All that telemetry says about an answer is read here.
// Envelope: a message without its content and usage. Of a stream only the block being written is held as text.

import { isJson, type BlockShape } from '../attribution/block-shape.ts';
import { readAppliedEdits, type AppliedEdits } from '../attribution/context-edits.ts';
import type { MessageFacts } from '../pricing/price-request.ts';
import { mergeStreamUsage } from '../pricing/stream-usage.ts';
import { readUsage, type UsageError, type UsageReading } from '../pricing/usage.ts';
import { reportedError } from './answer-error.ts';
import { ContentBlock, type ToolUse } from './content-block.ts';
import { EventStream, isEventStream } from './event-stream.ts';
import { asJson, asList, asText, type Json } from './json.ts';

/** Characters that one token covers, where an answer was cut and its tokens were not counted. */
const CHARS_PER_TOKEN = 3.8;

export class MessageReader implements MessageFacts {
  /** When the first piece of content streamed in, Unix milliseconds. */
  firstChunkMs: number | undefined;
  /** Type of the error that a whole body holds in place of an answer, or that broke it off. */
  errorType: string | undefined;
  readonly #keepsContent: boolean;
  #envelope: Json = {};
  #isSeen = false;
  /** The whole message, where it came whole. */
  #whole: Json | undefined;
  #hasContent = false;
  #isStreamed = false;
  #isSliced = false;
  /** True when the events that end a stream were seen. */
  #isEnded = false;
  #usages: unknown[] = [];
  #raw: Json | undefined;
  #isRawKnown = false;
  #reading: UsageReading | UsageError | undefined;
  readonly #blocks = new Map<number, ContentBlock>();
  #servingModel: string | undefined;
  #requestedModel: string | undefined;

  /** @param keepsContent whether {@link message} is wanted: the message as the API sent it, whole or rebuilt */
  constructor(keepsContent = false) {
    this.#keepsContent = keepsContent;
  }

  /** A whole message. What is no message counts as one that says nothing. */
  readMessage(value: unknown): this {
    const message = asJson(value);
    this.#whole = message;
    this.#readEnvelope(message);
    this.#blocks.clear();
    this.#hasContent = Array.isArray(message['content']);
    for (const block of asList(message['content'])) this.#addWhole(block);
    return this;
  }

  /** A whole body: JSON, parsed or not, or the events of a stream. What is none of the API is no answer, and an error. */
  readBody(body: unknown): this {
    if (typeof body === 'string' && isEventStream(body)) return this.#readStream(body);
    const parsed = typeof body === 'string' ? parseJson(body) : body;
    this.errorType = isJson(parsed) ? reportedError(parsed) : 'api_error';
    return this.errorType === undefined ? this.readMessage(parsed) : this;
  }

  #readStream(text: string): this {
    const stream = new EventStream();
    for (const event of [...stream.push(text), ...stream.end()]) {
      this.errorType ??= reportedError(asJson(event));
      this.readEvent(event);
    }
    // One that just stops before its last events was cut.
    if (!this.isComplete) this.errorType ??= 'api_error';
    return this;
  }

  /**
   * One of several messages with the same id, each with some blocks of the content: the last envelope and usage
   * count. Gives the tool uses of this one. Where the last has no stop reason, its output is counted as it stands.
   */
  readSlice(value: unknown): ToolUse[] {
    const message = asJson(value);
    const before = this.#blocks.size;
    this.#isSliced = true;
    this.#readEnvelope(message);
    this.#hasContent ||= Array.isArray(message['content']);
    for (const block of asList(message['content'])) this.#addWhole(block);
    return [...this.#blocks.values()].slice(before).flatMap((block) => block.toolUse ?? []);
  }

  /** One event of a stream, in order. `atMs` is when it came, Unix milliseconds. */
  readEvent(value: unknown, atMs?: number): void {
    const event = asJson(value);
    this.#isStreamed = true;
    const index = Number(event['index']);
    switch (event['type']) {
      case 'message_start': {
        const { content: _content, ...message } = asJson(event['message']);
        this.#readEnvelope(message);
        this.#hasContent = true;
        return;
      }
      case 'content_block_start':
        this.#readFallback(this.#add(index, asJson(event['content_block'])));
        return;
      case 'content_block_delta':
        this.firstChunkMs ??= atMs;
        this.#blocks.get(index)?.add(asJson(event['delta']));
        this.#forgetUsage();
        return;
      case 'content_block_stop':
        if (!this.#keepsContent) this.#blocks.get(index)?.letGo();
        return;
      case 'message_delta':
        this.#readDelta(event);
        return;
      default:
    }
  }

  /** Deltas of a block came that nobody has read, with about so many characters. */
  passOver(index: number, chars: number): void {
    this.#blocks.get(index)?.passOver(chars);
    this.#forgetUsage();
  }

  /** True when nothing was read. */
  get isEmpty(): boolean {
    return !this.#isSeen;
  }

  /** The fields of the message beside content and usage, as far as they came. */
  get envelope(): Json {
    return this.#envelope;
  }

  get id(): string | undefined {
    return asText(this.#envelope['id']);
  }

  /** The model that answered: of several that fell back on each other the last. Absent when there is none. */
  get model(): string | undefined {
    return this.#servingModel ?? asText(this.#envelope['model']);
  }

  /** The model that was asked for, where a fallback names it. */
  get requestedModel(): string | undefined {
    return this.#requestedModel;
  }

  get stopReason(): string | undefined {
    return asText(this.#envelope['stop_reason']);
  }

  /** What the server cleared of the request. */
  get appliedEdits(): AppliedEdits {
    return readAppliedEdits(this.#envelope['context_management']);
  }

  get billTo(): string | undefined {
    return asText(asJson(this.#envelope['billing_policy'])['bill_to']);
  }

  /** False when the answer was cut: a stream without its last events, a message whose stop reason is null. */
  get isComplete(): boolean {
    if (this.#isStreamed || !this.#isSeen) return this.#isEnded;
    return this.#envelope['stop_reason'] !== null;
  }

  /** Whether any block is an answer; `undefined` when the content was not seen. */
  get hasOutput(): boolean | undefined {
    return this.#hasContent ? this.#some((block) => block.isOutput) : undefined;
  }

  /**
   * Whether container time may be charged: a container was used, and no web tool with which it is free ran the
   * code. `undefined` when neither container nor content was seen.
   */
  get hasCodeExecution(): boolean | undefined {
    if (this.#some((block) => block.isWebCallFromCode)) return false;
    const container = this.#envelope['container'];
    if (typeof container === 'object' && container !== null) return true;
    return this.#some((block) => block.isContainerCall) ? true : undefined;
  }

  /** Usage as the API sends it with a whole message; `undefined` when none came. Of a cut answer the output is estimated. */
  get rawUsage(): Json | undefined {
    if (!this.#isRawKnown) this.#raw = this.#findRawUsage();
    this.#isRawKnown = true;
    return this.#raw;
  }

  #findRawUsage(): Json | undefined {
    const usage = this.#usages.length === 1 ? this.#usages[0] : mergeStreamUsage(this.#usages);
    if (usage === undefined || this.isComplete || this.#isSliced) return usage as Json | undefined;
    const counted = asJson(usage)['output_tokens'];
    if (typeof counted !== 'number') return usage as Json;
    return {
      ...asJson(usage),
      output_tokens: Math.max(counted, Math.ceil(this.outputLength / CHARS_PER_TOKEN)),
    };
  }

  /** The usage, parsed once. */
  get reading(): UsageReading | UsageError {
    this.#reading ??= readUsage(this.rawUsage);
    return this.#reading;
  }

  /** Characters of the text blocks. */
  get textLength(): number {
    return this.#sum((block) => (block.type === 'text' ? block.chars : 0));
  }

  /** Characters of everything the model wrote. */
  get outputLength(): number {
    return this.#sum((block) => block.chars);
  }

  get toolUses(): ToolUse[] {
    return [...this.#blocks.values()].flatMap((block) => block.toolUse ?? []);
  }

  /** Ids of all blocks that have one. */
  get blockIds(): string[] {
    return [...this.#blocks.values()].flatMap(({ id }) => id ?? []);
  }

  /** Shapes of the blocks, the same as they will have when the caller sends them back. */
  get shapes(): BlockShape[] {
    return [...this.#blocks.values()].map(({ shape }) => shape);
  }

  /** The message as the API sends it whole; `undefined` when nothing came, or when its content was not kept. */
  get message(): Json | undefined {
    if (!this.#keepsContent || this.isEmpty) return undefined;
    return (
      this.#whole ?? {
        ...this.#envelope,
        // As a whole message names it.
        ...(this.model !== undefined && { model: this.model }),
        content: [...this.#blocks.values()].map(({ value }) => value),
        usage: mergeStreamUsage(this.#usages),
      }
    );
  }

  #readEnvelope({ content: _content, usage, ...envelope }: Json): void {
    this.#isSeen = true;
    this.#forgetUsage();
    this.#envelope = envelope;
    if (usage !== undefined) this.#usages = [usage];
  }

  #readDelta(event: Json): void {
    const { type: _type, delta, usage, ...rest } = event;
    const envelope: Record<string, unknown> = { ...this.#envelope };
    // A field that the delta does not know is null in it.
    for (const [name, value] of Object.entries({ ...rest, ...asJson(delta) })) {
      if (value !== null || envelope[name] === undefined) envelope[name] = value;
    }
    this.#isSeen = true;
    this.#isEnded = true;
    this.#forgetUsage();
    this.#envelope = envelope;
    if (usage !== undefined) this.#usages.push(usage);
  }

  #forgetUsage(): void {
    this.#isRawKnown = false;
    this.#reading = undefined;
  }

  #addWhole(value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const block = this.#add(this.#blocks.size, value as Json);
    this.#requestedModel ??= block.fallback?.from;
  }

  #add(index: number, value: Json): ContentBlock {
    const block = new ContentBlock(value, this.#keepsContent);
    this.#blocks.set(index, block);
    this.#forgetUsage();
    return block;
  }

  // A message that comes whole names the model that answered; a stream began before that was known.
  #readFallback({ fallback }: ContentBlock): void {
    if (fallback === undefined) return;
    this.#requestedModel ??= fallback.from;
    this.#servingModel = fallback.to ?? this.#servingModel;
  }

  #some(test: (block: ContentBlock) => boolean): boolean {
    for (const block of this.#blocks.values()) if (test(block)) return true;
    return false;
  }

  #sum(measure: (block: ContentBlock) => number): number {
    let total = 0;
    for (const block of this.#blocks.values()) total += measure(block);
    return total;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
