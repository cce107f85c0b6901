// JSON that others wrote, which may be nested deeper than what walks through it can follow.

/** Deeper than anybody means. */
const DEEPEST = 200;

/** The value of a JSON text; undefined when it is none, or is nested too deep. */
export function readJson(text: string | undefined): unknown {
  return text === undefined || deepParts(text).length > 0 ? undefined : parsed(text);
}

/** The same, with each part that is nested too deep as its text. */
export function readJsonFolded(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  let folded = '';
  let end = 0;
  for (const part of deepParts(text)) {
    folded += text.slice(end, part.from) + JSON.stringify(text.slice(part.from, part.to));
    end = part.to;
  }
  return parsed(folded + text.slice(end));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where the arrays and objects stand that are nested too deep, each the outermost. */
function deepParts(text: string): { from: number; to: number }[] {
  const parts: { from: number; to: number }[] = [];
  let depth = 0;
  let from = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInText) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isInText = false;
    } else if (code === 0x22) isInText = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth === DEEPEST + 1) from = at;
    } else if (code === 0x5d || code === 0x7d) {
      if (depth === DEEPEST + 1) parts.push({ from, to: at + 1 });
      depth -= 1;
    }
  }
  // What has no end is no JSON.
  if (depth > DEEPEST) parts.push({ from, to: text.length });
  return parts;
}
