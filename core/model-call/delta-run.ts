// A run of deltas: most of a stream is deltas of one block, written alike but for their text. What stands around the text
// is their frame; once it is known, all that follow in the same frame are read together, as one delta with all their text.

/** How the deltas of a block are written, around their text. */
export interface DeltaFrame {
  /** The event up to its text. */
  readonly before: string;
  /** From the end of its text to the end of the event, its empty line included. */
  readonly after: string;
  /** Where the line ends in that, and with what. */
  readonly lineEndAt: number;
  readonly lineEnd: '\n' | '\r';
  readonly index: number;
  readonly type: string;
  readonly key: string;
}

export interface DeltaRun {
  /** One delta, with the text of all. */
  readonly event: unknown;
  /** Where the last of them ends. */
  readonly end: number;
}

export interface WrittenDelta {
  readonly index: number;
  readonly type: string;
  /** Name of its text. */
  readonly key: string;
  readonly text: string;
  /** Characters of the data after the text. */
  readonly closing: number;
}

/** How a delta that holds one text begins and ends, with or without blanks as JSON may have them. */
const BEGIN =
  /^ ?\{ ?"type": ?"content_block_delta", ?"index": ?(\d{1,9}), ?"delta": ?\{ ?"type": ?"((?:text|thinking|input_json)_delta)", ?"(text|thinking|partial_json)": ?"/;
const END = /" ?\} ?\} *$/;
const MOST_END = 12;

/** Frames of all streams: they are few, and cut from a piece of the network each would keep all of the piece. */
const frames = new Map<string, DeltaFrame>();
const MOST_FRAMES = 256;
/** No frame of the API is nearly as long. */
const MOST_FRAME = 1_024;

/** The data of an event, where it is a delta that holds one text without escapes. */
export function readDelta(data: string): WrittenDelta | undefined {
  const begun = BEGIN.exec(data);
  const ended = begun && END.exec(data.slice(-MOST_END));
  if (begun === null || ended === null) return undefined;
  const [begin, index, type = '', key = ''] = begun;
  const closing = ended[0].length;
  const text = data.slice(begin.length, data.length - closing);
  // Where the quote at the end is that of the beginning, there is no text at all.
  if (begin.length + closing > data.length || text.includes('"') || text.includes('\\')) return undefined;
  return { index: Number(index), type, key, text, closing };
}

/** The event that a delta stands for, or several of them. */
export function deltaEvent(
  { index, type, key }: Omit<WrittenDelta, 'text' | 'closing'>,
  text: string,
): unknown {
  return { type: 'content_block_delta', index, delta: { type, [key]: text } };
}

/**
 * @returns `undefined` where there is more beside the text than in any delta of the API
 * @param event the whole text of one event, its empty line included
 * @param textAt where the text of the delta begins in it
 */
export function frameOf(
  event: string,
  textAt: number,
  { index, type, key, text }: WrittenDelta,
): DeltaFrame | undefined {
  if (event.length - text.length > MOST_FRAME) return undefined;
  const name = `${event.slice(0, textAt)}\0${event.slice(textAt + text.length)}`;
  const known = frames.get(name);
  if (known !== undefined) return known;
  const after = name.slice(textAt + 1);
  const lineEndAt = after.search(/[\n\r]/);
  const lineEnd = after[lineEndAt] === '\r' ? '\r' : '\n';
  const frame = { before: name.slice(0, textAt), after, lineEndAt, lineEnd, index, type, key } as const;
  if (frames.size < MOST_FRAMES) frames.set(name, frame);
  return frame;
}

/**
 * The deltas that stand from there on, one after the other; `undefined` where there is none in this frame, `false` where
 * one of them has more in it than its text.
 */
export function readDeltas(frame: DeltaFrame, all: string, at: number): DeltaRun | false | undefined {
  const { before, after, lineEnd, lineEndAt } = frame;
  let end = at;
  while (all.startsWith(before, end)) {
    // A text has no line end in it: in JSON it is written as an escape.
    const afterAt = all.indexOf(lineEnd, end + before.length) - lineEndAt;
    if (afterAt < end + before.length || !all.startsWith(after, afterAt)) break;
    end = afterAt + after.length;
  }
  if (end === at) return undefined;
  const texts = all.slice(at + before.length, end - after.length).split(after + before);
  const text = joinTexts(texts);
  if (text === undefined) return false;
  return { event: deltaEvent(frame, text), end };
}

/** Texts of JSON, without their quotes. */
function joinTexts(texts: readonly string[]): string | undefined {
  const joined = texts.join('');
  if (!joined.includes('\\')) return joined.includes('"') ? undefined : joined;
  try {
    const read = JSON.parse(`["${texts.join('","')}"]`) as unknown[];
    // A quote that is no part of a text makes more of them.
    return read.length === texts.length ? read.join('') : undefined;
  } catch {
    return undefined;
  }
}
