// Settings of the reconciliation with the bill. The key is read from the environment and stands nowhere else.

import { parseServiceKeys } from '../../core/billing/service-keys.ts';
import { ServerError } from '../process/server-error.ts';
import { ADMIN_API_URL, adminUrl, type AdminApiOptions } from './admin-client.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the bill is asked for; undefined without a key. @throws ServerError on an address that is none, or a key that no header can hold */
export function adminApiOf(env: Environment): AdminApiOptions | undefined {
  const key = env['ANTHROPIC_ADMIN_KEY']?.trim();
  const url = env['TALLYSPAN_ADMIN_API_URL']?.trim() || ADMIN_API_URL;
  if (!key) return undefined;
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new ServerError(
      'ANTHROPIC_ADMIN_KEY has a character that no key has, such as a typographic quote or a space: copy the key alone.',
    );
  const { origin, pathname } = adminUrl(url);
  return { key, url: `${origin}${pathname}` };
}

/** `TALLYSPAN_BILLING_KEYS`: keys that one service has for itself. @throws ServerError */
export function readServiceKeys(env: Environment): ReadonlyMap<string, string> {
  const found = parseServiceKeys(env['TALLYSPAN_BILLING_KEYS'] ?? '');
  if ('problem' in found) throw new ServerError(`TALLYSPAN_BILLING_KEYS ${found.problem}`);
  return found;
}
