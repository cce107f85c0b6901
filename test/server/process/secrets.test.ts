import { describe, expect, it } from '@jest/globals';
import { maskSecrets, secretsOfUrl } from '../../../server/process/secrets.ts';

const TOKEN = '123456789:AAabcdefghijklmnopqrstuvwxyz012345';

describe('a secret in a text of others', () => {
  it.each([
    ['whole', `no bot ${TOKEN} here`, 'no bot *** here'],
    ['its beginning', `no bot ${TOKEN.slice(0, 12)}`, 'no bot ***'],
    ['its end', `…${TOKEN.slice(-8)} was refused`, '…*** was refused'],
    ['from its middle, twice', `${TOKEN.slice(5, 20)} and ${TOKEN.slice(14, 30)}`, '*** and ***'],
    ['two parts that touch', TOKEN.slice(0, 10) + TOKEN.slice(20, 30), '***'],
    ['in an address', `/bot${encodeURIComponent(TOKEN)}/send`, '/bot***/send'],
    ['as a login has it', `AUTH ${Buffer.from(TOKEN).toString('base64')}`, 'AUTH ***='],
    ['fewer than eight characters of it', `chat ${TOKEN.slice(0, 7)} of ten`, 'chat 1234567 of ten'],
    ['nothing of it', 'chat not found', 'chat not found'],
  ])('%s', (_what, text, masked) => {
    expect(maskSecrets(text, [TOKEN]).replaceAll('******', '***')).toBe(masked);
  });

  it('however it is cut afterwards, leaves less than eight characters of it', () => {
    const text = `the bot ${TOKEN} is not known`;
    for (let length = 0; length <= text.length; length++) {
      const shown = maskSecrets(text.slice(0, length), [TOKEN]);
      const parts = Array.from({ length: TOKEN.length - 7 }, (_, at) => TOKEN.slice(at, at + 8));
      expect(parts.filter((part) => shown.includes(part))).toEqual([]);
    }
  });

  it('a short one is masked whole, none is not', () => {
    expect(maskSecrets('login as pw12 failed', ['pw12', ''])).toBe('login as *** failed');
  });

  it('of an address that a service gave out is all but the host and words with which the path begins', () => {
    const secrets = secretsOfUrl(
      'https://user:secret-of-mine@hooks.example.com/services/T0/B0/key?sig=abcdefgh',
    );
    expect(maskSecrets('hooks.example.com: services/T0/B0/key, secret-of-mine, sig=abcdefgh', secrets)).toBe(
      'hooks.example.com: services/***, ***, ***',
    );
  });

  it.each([
    ['https://hooks.slack.com/services/T000/B000/XXXX', ['T000/B000/XXXX']],
    ['https://discord.com/api/webhooks/1234567/aBc_d-e', ['1234567/aBc_d-e']],
    ['https://example.com/hooks/abcdefghijklmnopqrst', ['abcdefghijklmnopqrst']],
    ['https://example.com/hooks/3f2c/alerts', ['3f2c/alerts']],
    ['https://example.com/slack', []],
    ['https://example.com/team/alerts/', []],
    ['https://example.com', []],
  ])('%s: words that logs have for other reasons stay', (url, secrets) => {
    expect(secretsOfUrl(url)).toEqual(secrets);
  });
});
