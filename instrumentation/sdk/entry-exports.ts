// Entry exports: functions that a module of one bundle exports under names of its own making. Each such name is handed
// over where the module exports it: what it exports is what we give back, and inside it nothing changes.

/** `export{a as query,b as startup}` at the end of the module. */
const EXPORTS = /export\s*\{([^{}]*)\}\s*;?\s*$/;

/**
 * The source with the named exports handed over; `undefined` where it exports none of them.
 * @param expression what takes the place of the function, from its name and the text that stands for it
 */
export function handOverExports(
  source: string,
  names: readonly string[],
  expression: (name: string, reference: string) => string,
): string | undefined {
  const found = EXPORTS.exec(source);
  if (found === null) return undefined;
  const lines: string[] = [];
  const list = (found[1] ?? '')
    .split(',')
    .map((item) => {
      const [local = '', exported = local] = item.trim().split(/\s+as\s+/);
      if (!names.includes(exported) || !/^[\w$]+$/.test(local)) return item;
      const own = `tallyspan_${exported}`;
      lines.push(`const ${own}=${expression(exported, local)};`);
      return `${own} as ${exported}`;
    })
    .join(',');
  if (lines.length === 0) return undefined;
  return `${source.slice(0, found.index)}\n;${lines.join('')}\nexport{${list}};\n`;
}
