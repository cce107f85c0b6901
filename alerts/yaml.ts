// YAML text of plain values. Every string that could be read as anything else stands in double quotes,
// so the text means the same to each reader (Go's yaml, YAML 1.1 and 1.2).

export type YamlValue =
  string | number | boolean | null | undefined | readonly YamlValue[] | { readonly [key: string]: YamlValue };

const PLAIN = /^[A-Za-z_][\w ./()%-]*$/;
const RESERVED = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;
const STEP = '  ';

/** A document; keys whose value is undefined are left out. */
export function toYaml(value: YamlValue): string {
  const text = isScalar(value) ? ` ${scalar(value)}\n` : block(value, '');
  return text.trimStart();
}

function block(value: YamlValue, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []\n';
    return `\n${value.map((item) => `${indent}-${itemText(item as YamlValue, `${indent}${STEP}`)}`).join('')}`;
  }
  const entries = Object.entries(value as Record<string, YamlValue>).filter(([, one]) => one !== undefined);
  if (entries.length === 0) return ' {}\n';
  return `\n${entries.map(([key, one]) => `${indent}${scalar(key)}:${child(one, `${indent}${STEP}`)}`).join('')}`;
}

function child(value: YamlValue, indent: string): string {
  return isScalar(value) ? ` ${scalar(value)}\n` : block(value, indent);
}

/** The first key of an object stands on the line of the dash. */
function itemText(value: YamlValue, indent: string): string {
  const text = child(value, indent);
  return text.startsWith(`\n${indent}`) ? ` ${text.slice(1 + indent.length)}` : text;
}

function isScalar(value: YamlValue): value is string | number | boolean | null | undefined {
  return value === null || typeof value !== 'object';
}

function scalar(value: string | number | boolean | null | undefined): string {
  if (typeof value !== 'string') return String(value ?? null);
  const isPlain = PLAIN.test(value) && !RESERVED.test(value) && !value.endsWith(' ');
  return isPlain ? value : JSON.stringify(value);
}
