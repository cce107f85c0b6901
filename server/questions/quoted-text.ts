// Quotation marks around what holds blanks, in lines that a person writes.

/** Without the marks around it. A backslash that hides neither a mark nor another one is a backslash: `CORP\ana`. */
export function unquoted(value: string): string {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(value) ?? [];
  return inner === undefined ? value : inner.replaceAll(/\\(["\\])/g, '$1');
}

/** In marks where it is empty or holds one of these characters: as a rule blanks and marks. */
export function quotedWhereNeeded(value: string, special = /[\s"]/): string {
  return special.test(value) || value === '' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : value;
}
