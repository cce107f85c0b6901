// A content block of an answer: whole as a message holds it, or growing by the deltas of a stream.
// Where nobody wants its text, of what streams in only its hash and length are kept. A block that is closed keeps its shape
// and what tells what the call cost and did, and lets go of the rest.

import { TextHash } from '../attribution/content-hash.ts';
import { describeBlock, describeStreamed, type BlockShape } from '../attribution/block-shape.ts';
import { GrowingText } from './growing-text.ts';
import { asJson, asList, asText, type Json } from './json.ts';

/** Tools that run code in a container which is charged by the hour. */
const CONTAINER_TOOLS: ReadonlySet<string> = new Set([
  'code_execution',
  'bash_code_execution',
  'text_editor_code_execution',
]);
const WEB_TOOLS: ReadonlySet<string> = new Set(['web_search', 'web_fetch']);

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export class ContentBlock {
  readonly type: string;
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** As it began, with the deltas so far; empty once its text was let go. */
  #raw: Record<string, unknown>;
  /** Whether it is our own copy: what came in is never changed. */
  #isCopied = false;
  /** JSON of a tool's input as far as it streamed in. */
  #inputJson: string | undefined;
  /** What has streamed in since it was last looked at. */
  #grown: GrowingText | undefined;
  /** What that belongs to. */
  #growing: 'text' | 'thinking' | 'input' = 'text';
  /** A text that has streamed in and is not kept. */
  #streamed: TextHash | undefined;
  readonly #keepsText: boolean;
  /** Characters that came and were not read. */
  #passed = 0;
  #shape: BlockShape | undefined;
  #chars: number | undefined;
  #input: unknown;
  /** Whether it is something that the model answered: no mark of a fallback, no text without a character. */
  #isOutput: boolean | undefined;

  /** @param keepsText whether {@link value} is wanted with its text, where that streams in */
  constructor(raw: Json, keepsText: boolean) {
    this.#raw = raw;
    this.#keepsText = keepsText;
    this.type = asText(raw['type']) ?? 'unknown';
    this.id = asText(raw['id']);
    this.name = asText(raw['name']);
  }

  /** One delta of a stream, in order. */
  add(delta: Json): void {
    switch (delta['type']) {
      case 'text_delta':
        this.#append('text', asText(delta['text']));
        return;
      case 'thinking_delta':
        this.#append('thinking', asText(delta['thinking']));
        return;
      case 'input_json_delta':
        this.#inputJson ??= '';
        this.#append('input', asText(delta['partial_json']));
        return;
      case 'citations_delta':
        this.#set({ citations: [...asList(this.#raw['citations']), delta['citation']] });
        return;
      // Each of these carries the final value of what it names.
      default: {
        const { type: _type, ...values } = delta;
        this.#set(values);
      }
    }
  }

  passOver(chars: number): void {
    this.#passed += chars;
  }

  /** The block is whole; its text is not needed any more. */
  letGo(): void {
    this.#shape = this.shape;
    this.#chars = this.chars;
    this.#isOutput = this.isOutput;
    this.#input = this.type === 'tool_use' ? this.input : undefined;
    this.#inputJson = undefined;
    this.#grown = undefined;
    this.#streamed = undefined;
    const { caller, from, to } = this.#raw;
    this.#raw = { caller, from, to };
    this.#isCopied = true;
  }

  /** As the API sends it in a whole message; what is no JSON in a tool's input (a cut stream) stays text. */
  get value(): Json {
    this.#join();
    return this.#inputJson === undefined ? this.#raw : { ...this.#raw, input: this.input };
  }

  get shape(): BlockShape {
    if (this.#shape !== undefined) return this.#shape;
    const streamed = this.#streamed;
    return streamed === undefined || !isProse(this.type)
      ? describeBlock(this.value, 'assistant')
      : describeStreamed(this.type, streamed);
  }

  get input(): unknown {
    this.#join();
    if (this.#input !== undefined) return this.#input;
    return this.#inputJson === undefined || this.#inputJson === ''
      ? this.#raw['input']
      : parseInput(this.#inputJson);
  }

  /** Characters of text or thinking, or of the JSON of a tool's input: what the model wrote. */
  get chars(): number {
    return this.#chars ?? this.#readChars + Math.round(this.#passed);
  }

  get #readChars(): number {
    if (this.#growing === 'input') this.#join();
    if (this.#inputJson !== undefined && !/^\s*(\{\s*\})?\s*$/.test(this.#inputJson))
      return this.#inputJson.length;
    const input = this.#raw['input'];
    if (this.type.endsWith('tool_use') && !isEmptyObject(input)) return JSON.stringify(input)?.length ?? 0;
    const kept = asText(this.#raw['text']) ?? asText(this.#raw['thinking']) ?? '';
    return kept.length + (this.#grown?.length ?? 0) + (this.#streamed?.length ?? 0);
  }

  get isOutput(): boolean {
    if (this.#isOutput !== undefined) return this.#isOutput;
    if (this.type === 'fallback') return false;
    if (this.type !== 'text' || this.#raw['text'] !== '') return true;
    return this.#grown !== undefined || this.#streamed !== undefined;
  }

  get isContainerCall(): boolean {
    if (this.type === 'server_tool_use') return CONTAINER_TOOLS.has(this.name ?? '');
    return this.type.endsWith('code_execution_tool_result');
  }

  /** A web call that code made: the web tools that do so run their code in containers that are free. */
  get isWebCallFromCode(): boolean {
    if (this.type !== 'server_tool_use' || !WEB_TOOLS.has(this.name ?? '')) return false;
    return asText(asJson(this.#raw['caller'])['type'])?.startsWith('code_execution') === true;
  }

  get toolUse(): ToolUse | undefined {
    const { type, id, name } = this;
    if (type !== 'tool_use' || id === undefined || name === undefined) return undefined;
    return { id, name, input: this.input };
  }

  /** Of a fallback: the model that declined, and the one that writes what follows. */
  get fallback(): { readonly from: string | undefined; readonly to: string | undefined } | undefined {
    if (this.type !== 'fallback') return undefined;
    return {
      from: asText(asJson(this.#raw['from'])['model']),
      to: asText(asJson(this.#raw['to'])['model']),
    };
  }

  #append(growing: 'text' | 'thinking' | 'input', piece: string | undefined): void {
    if (growing !== this.#growing) this.#join();
    this.#growing = growing;
    if (piece === undefined || piece === '') {
      // A text that has begun, if with nothing.
      if (growing !== 'input' && this.#raw[growing] === undefined) this.#set({ [growing]: '' });
      return;
    }
    if (this.#isOnlyHashed(growing)) {
      this.#streamed ??= new TextHash();
      this.#streamed.add(piece);
      return;
    }
    this.#grown ??= new GrowingText();
    this.#grown.add(piece);
  }

  /** Where a block begins with some of its text, all of it is kept. */
  #isOnlyHashed(growing: 'text' | 'thinking' | 'input'): boolean {
    if (this.#keepsText || growing !== this.type) return false;
    return this.#streamed !== undefined || (this.#grown === undefined && (this.#raw[growing] ?? '') === '');
  }

  #join(): void {
    if (this.#grown === undefined) return;
    const more = this.#grown.toString();
    this.#grown = undefined;
    const growing = this.#growing;
    if (growing === 'input') this.#inputJson = `${this.#inputJson ?? ''}${more}`;
    else this.#copy()[growing] = `${asText(this.#raw[growing]) ?? ''}${more}`;
  }

  #set(values: Json): void {
    Object.assign(this.#copy(), values);
  }

  #copy(): Record<string, unknown> {
    if (!this.#isCopied) this.#raw = { ...this.#raw };
    this.#isCopied = true;
    return this.#raw;
  }
}

function isProse(type: string): type is 'text' | 'thinking' {
  return type === 'text' || type === 'thinking';
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function parseInput(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
