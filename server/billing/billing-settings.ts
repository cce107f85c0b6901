// Settings of the reconciliation with the bill. The key is read from the environment and stands nowhere else.

import { ServerError } from '../process/server-error.ts';
import { ADMIN_API_URL, adminUrl, type AdminApiOptions } from './admin-client.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the bill is asked for; undefined without a key. @throws ServerError on an address that is none */
export function adminApiOf(env: Environment): AdminApiOptions | undefined {
  const key = env['ANTHROPIC_ADMIN_KEY']?.trim();
  const url = env['TALLYSPAN_ADMIN_API_URL']?.trim() || ADMIN_API_URL;
  if (!key) return undefined;
  const { origin, pathname } = adminUrl(url);
  return { key, url: `${origin}${pathname}` };
}

/** `apikey_01=support apikey_02=search`: keys that one service has for itself. @throws ServerError */
export function readServiceKeys(env: Environment): ReadonlyMap<string, string> {
  const pairs = (env['TALLYSPAN_BILLING_KEYS'] ?? '').split(/[\s,]+/).filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at <= 0 || at === pair.length - 1)
        throw new ServerError(
          `TALLYSPAN_BILLING_KEYS has "${pair}": write API key ids with their services, apikey_01=support apikey_02=search. Ids are in the Console; never write a key itself.`,
        );
      const key = pair.slice(0, at);
      if (key.startsWith('sk-'))
        throw new ServerError(
          'TALLYSPAN_BILLING_KEYS has an API key itself: write its id (apikey_…), which the Console shows.',
        );
      return [key, pair.slice(at + 1)];
    }),
  );
}
