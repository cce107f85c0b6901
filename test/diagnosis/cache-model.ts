// An imitation of the API's tokenizer and prompt cache, made apart from the code under test: whole prefixes
// are remembered where a request sets a breakpoint, until their lifetime has passed since their last use.

type Json = Record<string, unknown>;

interface Block {
  readonly text: string;
  readonly tokens: number;
  readonly ttlMs: number | undefined;
}

const { imul } = Math;
const MINUTE_MS = 60_000;
/** Characters a token, by what is written: the code under test knows none of these. */
export type CharsPerToken = Readonly<Record<string, number>>;
const RATIOS: CharsPerToken = { tool_result: 3.4, tool_use: 3.1, text: 4.3, tool: 3.2 };

export class CacheModel {
  readonly #expiry = new Map<string, number>();
  readonly #ttl = new Map<string, number>();
  readonly #ratios: CharsPerToken;

  constructor(ratios: CharsPerToken = RATIOS) {
    this.#ratios = ratios;
  }

  /** Counts a request as `usage` would; `isForgotten` makes the provider lose what it had. */
  count(params: Json, nowMs: number, isForgotten = false): Json {
    const blocks = blocksOf(params, this.#ratios);
    const prefixes: { key: string; tokens: number; ttlMs: number | undefined }[] = [];
    // The speed, the model and everything before a block are part of its prefix.
    let key = `${String(params['model'])} ${String(params['speed'])}`;
    let tokens = 0;
    for (const block of blocks) {
      key = digest(`${key}\n${block.text}`);
      tokens += block.tokens;
      prefixes.push({ key, tokens, ttlMs: block.ttlMs });
    }
    const total = Math.round(tokens);
    let read = 0;
    for (const prefix of prefixes)
      if (!isForgotten && (this.#expiry.get(prefix.key) ?? 0) >= nowMs) {
        read = Math.round(prefix.tokens);
        this.#expiry.set(prefix.key, nowMs + (this.#ttl.get(prefix.key) ?? 0));
      }
    const marked = prefixes.filter((prefix) => prefix.ttlMs !== undefined);
    for (const prefix of marked) {
      this.#expiry.set(prefix.key, nowMs + (prefix.ttlMs ?? 0));
      this.#ttl.set(prefix.key, prefix.ttlMs ?? 0);
    }
    const cached = Math.round(marked.at(-1)?.tokens ?? 0);
    const written = Math.max(0, cached - read);
    const isHour = marked.at(-1)?.ttlMs === 60 * MINUTE_MS;
    return {
      input_tokens: total - read - written,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      cache_creation: {
        ephemeral_5m_input_tokens: isHour ? 0 : written,
        ephemeral_1h_input_tokens: isHour ? written : 0,
      },
    };
  }
}

export function tokensOf(block: Json, ratios: CharsPerToken = RATIOS): number {
  const type = typeof block['type'] === 'string' ? block['type'] : 'tool';
  const text =
    type === 'text'
      ? block['text']
      : type === 'tool_result'
        ? block['content']
        : JSON.stringify(block['input'] ?? block);
  return String(text).length / (ratios[type] ?? 4) + 4;
}

function blocksOf(params: Json, ratios: CharsPerToken): Block[] {
  const blocks: Block[] = [];
  const add = (block: Json, role: string): void => {
    const { cache_control: control, ...rest } = block;
    blocks.push({
      text: role + JSON.stringify(rest),
      tokens: tokensOf(rest, ratios),
      ttlMs: lifetimeOf(control),
    });
  };
  for (const tool of params['tools'] as Json[]) add(tool, 'tools');
  for (const block of params['system'] as Json[]) add(block, 'system');
  for (const message of params['messages'] as Json[]) {
    const { content } = message;
    const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : (content as Json[]);
    for (const part of parts) add(part, String(message['role']));
  }
  const automatic = lifetimeOf(params['cache_control']);
  const last = blocks.at(-1);
  if (automatic !== undefined && last !== undefined)
    blocks[blocks.length - 1] = { ...last, ttlMs: automatic };
  return blocks;
}

function lifetimeOf(control: unknown): number | undefined {
  if (typeof control !== 'object' || control === null) return undefined;
  return (control as Json)['ttl'] === '1h' ? 60 * MINUTE_MS : 5 * MINUTE_MS;
}

/** A digest of its own, so that an error in the code under test cannot hide here. */
function digest(text: string): string {
  let one = 5381;
  let two = 52_711;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = imul(one, 33) ^ unit;
    two = imul(two, 31) ^ unit;
  }
  return `${(one >>> 0).toString(36)}${(two >>> 0).toString(36)}:${text.length}`;
}
