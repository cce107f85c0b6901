// Token estimates of content blocks before any count is known. They need to be right only in
// proportion to each other: attribution scales them so that they sum to what the API counted.

/** Characters that one token covers on average in prose, code and JSON. */
const CHARS_PER_TOKEN = 3.8;
/** What the frame of one block costs beside its content. */
const BLOCK_OVERHEAD = 3;
/** The API scales images down to at most about this many tokens. */
const IMAGE_MAX = 1_600;
const IMAGE_DEFAULT = 1_400;
const PIXELS_PER_TOKEN = 750;
/** A page of a PDF, as text and image together, and the bytes that a page usually takes. */
const PAGE_TOKENS = 2_200;
const PAGE_BYTES = 60_000;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function estimateTextTokens(chars: number): number {
  return chars / CHARS_PER_TOKEN + BLOCK_OVERHEAD;
}

/** Tokens of an image from its base64 data (PNG and GIF say their size in the header), or of one given by reference. */
export function estimateImageTokens(base64: string | undefined): number {
  if (base64 === undefined) return IMAGE_DEFAULT;
  const size = readImageSize(base64);
  if (size === undefined) return IMAGE_DEFAULT;
  return Math.min(IMAGE_MAX, Math.max(BLOCK_OVERHEAD, size / PIXELS_PER_TOKEN));
}

/** Tokens of a PDF from the length of its base64 data; a document given by reference counts as one page. */
export function estimateDocumentTokens(base64Chars: number): number {
  return Math.max(1, Math.round((base64Chars * 0.75) / PAGE_BYTES)) * PAGE_TOKENS;
}

/** Pixels of a PNG or GIF; `undefined` for other formats. */
function readImageSize(base64: string): number | undefined {
  const bytes = decodeStart(base64, 24);
  const at = (index: number): number => bytes[index] ?? 0;
  if (at(0) === 0x89 && at(1) === 0x50 && at(2) === 0x4e) {
    const width = ((at(16) << 24) | (at(17) << 16) | (at(18) << 8) | at(19)) >>> 0;
    const height = ((at(20) << 24) | (at(21) << 16) | (at(22) << 8) | at(23)) >>> 0;
    return width * height;
  }
  if (at(0) === 0x47 && at(1) === 0x49 && at(2) === 0x46)
    return (at(6) | (at(7) << 8)) * (at(8) | (at(9) << 8));
  return undefined;
}

function decodeStart(base64: string, byteCount: number): number[] {
  const bytes: number[] = [];
  for (let index = 0; bytes.length < byteCount && index + 3 < base64.length; index += 4) {
    let group = 0;
    for (let offset = 0; offset < 4; offset++)
      group = (group << 6) | Math.max(0, BASE64.indexOf(base64.charAt(index + offset)));
    bytes.push((group >> 16) & 255, (group >> 8) & 255, group & 255);
  }
  return bytes;
}
