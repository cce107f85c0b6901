// The token of the stack's own server: made once and printed once, unless TALLYSPAN_TOKEN gives one. The server reads it
// from its folder, the Collector from its own, each as a file that nobody else there may read.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const SECRET_MODE = 0o400;
const TOKEN_BYTES = 24;
/** The server takes no shorter one. */
const LEAST_CHARACTERS = 16;

/**
 * Writes the token where server and Collector read it; `server` is undefined where the stack has no server of its own.
 * @param own the one that the user chose
 * @returns what is to be said of it
 * @throws Error with what is wrong with the chosen one
 */
export function placeServerToken({ server, collector }, own) {
  const chosen = own?.trim() ?? '';
  if (server !== undefined && chosen !== '' && chosen.length < LEAST_CHARACTERS)
    throw new Error(
      `TALLYSPAN_TOKEN has ${chosen.length} characters; give it ${LEAST_CHARACTERS} or more, or leave it away and one is made.`,
    );
  // It travels in a header, which takes no other characters: the Collector would drop all that it sends to the server.
  if (!/^[\x20-\x7e]*$/.test(chosen))
    throw new Error(
      'TALLYSPAN_TOKEN has a character that no header takes: write it in letters, digits and signs of ASCII.',
    );
  const former = server !== undefined && existsSync(server.file) ? readFileSync(server.file, 'utf8') : '';
  const isMade = server !== undefined && chosen === '' && former === '';
  const token = chosen || former || (isMade ? randomBytes(TOKEN_BYTES).toString('hex') : '');
  if (server !== undefined) writeSecret(server, token);
  // The Collector takes a $ for the beginning of a name, and all else as it stands.
  writeSecret(collector, token.replaceAll('$', '$$$$'));
  return isMade
    ? `tallyspan: the token of the server's page on port 4319 is ${token} (printed only now; docker compose exec tallyspan cat /data/token shows it again)\n`
    : '';
}

function writeSecret({ file, user }, text) {
  // Anew: a file that may only be read cannot be written by those who are not root.
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: SECRET_MODE });
  chmodSync(file, SECRET_MODE);
  if (process.getuid?.() === 0) chownSync(file, user, user);
}
