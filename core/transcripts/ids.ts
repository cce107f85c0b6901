// Ids of what a transcript tells: made from the ids in it, so that reading it again, or a copy of it, gives the same.

const OFFSETS = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35] as const;
const PRIMES = [0x01000193, 2_654_435_761, 1_597_334_677, 2_246_822_519] as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Run id of a prompt: the 32 digits of its UUID, as the telemetry of Claude Code names it, too. */
export function runIdOfPrompt(promptId: string): string {
  return UUID.test(promptId) ? promptId.replaceAll('-', '').toLowerCase() : idOf(32, 'prompt', promptId);
}

/** Run id of a sub-agent. */
export function runIdOfAgent(agentId: string): string {
  return idOf(32, 'agent', agentId);
}

/** Span id, 16 hex digits, of a fact: `kind` and what names it. */
export function spanIdOf(kind: string, ...names: readonly string[]): string {
  return idOf(16, kind, ...names);
}

/** Hex digits by the texts, in order: several 32-bit lanes of multiply and xor, not cryptographic. */
function idOf(digits: 16 | 32, ...texts: readonly string[]): string {
  const text = texts.join('\0');
  let id = '';
  for (let lane = 0; lane < digits / 8; lane++) {
    let hash = OFFSETS[lane as 0] | 0;
    const prime = PRIMES[lane as 0];
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), prime);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    id += ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
  }
  return id;
}
