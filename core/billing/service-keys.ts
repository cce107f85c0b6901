// Service keys: which API key a service has for itself, by the key's id: `apikey_01=support apikey_02=search`.

/** The services by key, or what is wrong with the text. */
export function parseServiceKeys(text: string): ReadonlyMap<string, string> | { readonly problem: string } {
  const services = new Map<string, string>();
  for (const pair of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const at = pair.indexOf('=');
    if (at <= 0 || at === pair.length - 1)
      return {
        problem: `has "${pair}": write API key ids with their services, apikey_01=support apikey_02=search. Ids are in the Console; never write a key itself.`,
      };
    const key = pair.slice(0, at);
    if (key.startsWith('sk-'))
      return { problem: 'has an API key itself: write its id (apikey_…), which the Console shows.' };
    services.set(key, pair.slice(at + 1));
  }
  return services;
}

/** The text of it; undefined without any. */
export function formatServiceKeys(services: ReadonlyMap<string, string> | undefined): string | undefined {
  return services?.size ? [...services].map(([key, service]) => `${key}=${service}`).join(' ') : undefined;
}
