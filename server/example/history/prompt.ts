// The prompt of a generated run: its content blocks as shapes, and what a cache that works, or does not,
// makes of them. No text exists; a block is an owner and a number of tokens.

import { PSEUDO_TOOLS, type BlockShape } from '../../../core/attribution/block-shape.ts';
import type { RequestShape } from '../../../core/attribution/request-shape.ts';
import type { AgentProfile } from './profiles.ts';
import type { Random } from './random.ts';

const CHARS_PER_TOKEN = 4;
const HASH_LIMIT = 2 ** 48;

export class Prompt {
  readonly #model: string;
  readonly #random: Random;
  readonly #blocks: BlockShape[] = [];
  readonly #toolDefinitionTokens: number;
  readonly #agentHash: number;
  /** Hashes of the messages so far. */
  readonly #messages: number[] = [];
  /** Blocks that the call before has written to the cache. */
  #cachedBlocks = 0;
  /** Which order of the tools the requests have; 0 is the usual one. */
  #toolOrder = 0;

  constructor(agent: AgentProfile, userTokens: number, random: Random) {
    this.#model = agent.model;
    this.#random = random;
    this.#toolDefinitionTokens = agent.toolDefinitionTokens;
    this.#agentHash = hashOf(agent.name);
    this.#blocks.push(
      this.#block('tool_definition', PSEUDO_TOOLS.tools, agent.toolDefinitionTokens),
      this.#block('system', PSEUDO_TOOLS.system, agent.systemTokens),
    );
    if (random.chance(0.8)) this.#cachedBlocks = this.#blocks.length;
    this.#blocks.push(this.#block('text', PSEUDO_TOOLS.user, userTokens));
    this.#endMessage();
  }

  /** Raw usage of a call on the prompt as it is. When the tools come in another order, nothing is read. */
  usage(outputTokens: number, areToolsReordered: boolean): Record<string, unknown> {
    if (areToolsReordered) this.#toolOrder = this.#random.between(1, HASH_LIMIT);
    const read = areToolsReordered ? 0 : this.#tokens(this.#blocks.slice(0, this.#cachedBlocks));
    const uncached = this.#random.between(8, 30);
    const written = Math.max(0, this.#tokens(this.#blocks) - read);
    this.#cachedBlocks = this.#blocks.length;
    return {
      input_tokens: uncached,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
      output_tokens: outputTokens,
      service_tier: 'standard',
    };
  }

  shape(): RequestShape {
    return {
      model: this.#model,
      blocks: [...this.#blocks],
      breakpoints: [{ block: this.#blocks.length - 1, ttl: '5m' }],
      toolNames: [],
      toolDefinitionTokens: this.#toolDefinitionTokens,
      hasHiddenContext: false,
      hashes: {
        model: hashOf(this.#model),
        tools: this.#agentHash + this.#toolOrder,
        toolSet: this.#agentHash,
        system: this.#agentHash,
        settings: 1,
        messages: [...this.#messages],
      },
    };
  }

  /** The model asked for a tool and got its result. */
  addToolTurn(tool: string, callTokens: number, resultTokens: number): void {
    this.#blocks.push(this.#block('tool_use', tool, callTokens));
    this.#endMessage();
    this.#blocks.push(this.#block('tool_result', tool, resultTokens));
    this.#endMessage();
  }

  #endMessage(): void {
    this.#messages.push(this.#blocks.at(-1)?.hash ?? 0);
  }

  #block(kind: BlockShape['kind'], owner: string, tokens: number): BlockShape {
    const hash = Math.floor(this.#random.next() * HASH_LIMIT);
    return { kind, owner, tokens, chars: tokens * CHARS_PER_TOKEN, hash };
  }

  #tokens(blocks: readonly BlockShape[]): number {
    return blocks.reduce((sum, block) => sum + block.tokens, 0);
  }
}

/** A number that stands for a name. */
function hashOf(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % HASH_LIMIT;
  return hash;
}
