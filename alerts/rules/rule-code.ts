// A rule as the code that this folder has: a constant of the type Rule, ready to stand in a file beside the others.

import type { Rule } from './rule.ts';

/** TypeScript of one rule. */
export function ruleCode(rule: Rule): string {
  const name = `${rule.id.replaceAll('-', '_').toUpperCase()}_RULE`;
  return [
    "import type { Rule } from './rule.ts';",
    '',
    `export const ${name}: Rule = ${literal(rule, '')};`,
    '',
  ].join('\n');
}

function literal(value: unknown, indent: string): string {
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'number') return Number.isInteger(value) ? withUnderscores(value) : String(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((one) => literal(one, inner))
    : Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([key, one]) => `${keyText(key)}: ${literal(one, inner)}`);
  const [open, close] = isList ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}

function keyText(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : textLiteral(key);
}

/** JSON escapes what a line cannot hold; the quotes are those of the house. */
function textLiteral(text: string): string {
  const inner = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", String.raw`\'`)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`);
  return `'${inner}'`;
}

function withUnderscores(value: number): string {
  return Math.abs(value) < 1e5 || Math.abs(value) >= 1e21
    ? String(value)
    : String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, '_');
}
