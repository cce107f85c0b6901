// What a line of a transcript is good for, told by its first bytes, so that most of a folder is never parsed.
// Lines that hold a message begin with its place in the chain; bookkeeping lines begin with their type.

/** `read` as JSON, `request`: only its head, `skip` known and not needed, `unknown` by its type, `empty`. */
export type LineKind = 'read' | 'request' | 'skip' | 'unknown' | 'empty';

/** Lines of these types are read whole. */
const READ: ReadonlySet<string> = new Set([
  'assistant',
  'user',
  'system',
  'cost-state',
  'attachment',
  'api-request-shape',
]);

/** Types that are known and hold nothing that is counted. */
const SKIPPED: ReadonlySet<string> = new Set(
  `progress summary custom-title ai-title last-prompt tag relocated agent-name agent-color agent-setting
  pr-link frame-link mode permission-mode worktree-state queue-operation continued-in ended-by-model session-owner
  tools-used derived-from file-history-snapshot file-history-delta attribution-snapshot memory-mode isolation-latch
  dev-mods bridge-session history-suppression atis-latch resume-head-vouch content-replacement fork-context-ref
  observer-ref api-request-blob api-request-resumed`.split(/\s+/),
);
const SKIPPED_FAMILIES = ['artifact-', 'data-flow-'] as const;

const TYPE_FIRST = bytesOf('{"type":"');
const QUOTE = 34;
const LONGEST_TYPE = 64;
/** Bytes of a request line that hold its id and time. */
export const REQUEST_HEAD_BYTES = 512;

/** The kind of a line by its type; `undefined` is a line without one. */
export function kindOfType(type: string | undefined): LineKind {
  if (type === undefined) return 'unknown';
  if (READ.has(type)) return 'read';
  if (type === 'api-request') return 'request';
  return SKIPPED.has(type) || SKIPPED_FAMILIES.some((family) => type.startsWith(family)) ? 'skip' : 'unknown';
}

/** The kind of the line in `bytes` from `start` to `end`, its break left out, and its type where that stands first. */
export function kindOfLine(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly kind: LineKind; readonly type?: string } {
  const first = skipBlanks(bytes, start, end);
  if (first === end) return { kind: 'empty' };
  for (let index = 0; index < TYPE_FIRST.length; index++)
    if (bytes[first + index] !== TYPE_FIRST[index]) return { kind: 'read' };
  let type = '';
  for (let at = first + TYPE_FIRST.length; at < end && type.length <= LONGEST_TYPE; at++) {
    if (bytes[at] === QUOTE) return { kind: kindOfType(type), type };
    type += String.fromCharCode(bytes[at] as number);
  }
  return { kind: 'read' };
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) <= 32) at++;
  return at;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
