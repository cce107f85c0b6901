// Secrets: what the settings hold that nobody but its service may read. A text of others (an answer of a service, an error)
// can repeat one, whole or in part, as it is or as an address or a header writes it; what is shown or logged has it masked.

const MASK = '***';
/** So many characters of a secret in a row are no accident. */
const PART_LENGTH = 8;

/** The text with every secret masked, and every part of one that has eight characters or more. Mask first, then cut. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf);
  const whole = forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
  const parts = new Set(forms.flatMap(partsOf));
  if (parts.size === 0) return whole;
  let masked = '';
  let from = 0;
  for (let at = 0; at + PART_LENGTH <= whole.length; at++) {
    if (!parts.has(whole.slice(at, at + PART_LENGTH))) continue;
    masked += whole.slice(from, at) + MASK;
    while (parts.has(whole.slice(at + 1, at + 1 + PART_LENGTH))) at++;
    from = at + PART_LENGTH;
    at = from - 1;
  }
  return masked + whole.slice(from);
}

/** Words with which a path begins that stand in other texts, too: `services`, `hook`, `slack`. */
const WORDS = /^(?:\/[a-z._-]{0,12}(?![^/]))*\/?/;

/** What is secret of an address that a service gave out: all but its host and the words with which its path begins. */
export function secretsOfUrl(url: string): string[] {
  const { pathname, search, username, password } = new URL(url);
  return [pathname.replace(WORDS, ''), search.slice(1), username, password].filter(
    (text) => text.length >= 4,
  );
}

/** As it is, as an address has it, as JSON has it, and as a login has it. */
function formsOf(secret: string): string[] {
  const encoded = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [
    ...new Set([
      secret,
      encodeURIComponent(Buffer.from(secret).toString()),
      JSON.stringify(secret).slice(1, -1),
      encoded,
    ]),
  ];
}

function partsOf(form: string): string[] {
  return Array.from({ length: Math.max(0, form.length - PART_LENGTH + 1) }, (_, at) =>
    form.slice(at, at + PART_LENGTH),
  );
}
