// Cut texts: whatever a caller, a model or an endpoint writes, a record stays small. Never cut inside a character.

/** The text, or its first `maxChars` UTF-16 units; one less where that would cut a surrogate pair. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  const isFirstHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isFirstHalf ? maxChars - 1 : maxChars);
}

/** Like {@link cutText} by the bytes that the text takes as UTF-8. */
export function cutTextToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Either half of a pair takes two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
    if (bytes > maxBytes) return cutText(text, at);
  }
  return text;
}
