// The token of the stack's own server, as the init service places it.

import { beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../stack/folders.ts';

const MODULE = join(import.meta.dirname, '../../stack/server-token.mjs');
const USER = process.getuid?.() ?? 0;

let folder = '';
beforeEach(() => {
  folder = makeTemporaryFolder('server-token');
});

/** What is printed; or the error. */
function place(own?: string, hasServer = true): { said: string; error: string } {
  const server = hasServer ? { file: join(folder, 'server'), user: USER } : undefined;
  const places = { server, collector: { file: join(folder, 'collector'), user: USER } };
  const script = `import { placeServerToken } from ${JSON.stringify(MODULE)};
    process.stdout.write(placeServerToken(${JSON.stringify(places)}, ${JSON.stringify(own)}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  return { said: stdout, error: stderr };
}

const serverToken = (): string => readFileSync(join(folder, 'server'), 'utf8');
/** As the Collector reads it: $$ is a $. */
const collectorToken = (): string => readFileSync(join(folder, 'collector'), 'utf8').replaceAll('$$', '$');

describe('without a token in .env', () => {
  it('one is made, printed once, and stays', () => {
    const { said } = place();
    const token = serverToken();
    expect(token).toMatch(/^[0-9a-f]{48}$/);
    expect(said).toContain(token);
    expect(collectorToken()).toBe(token);
    expect(place()).toEqual({ said: '', error: '' });
    expect([serverToken(), collectorToken()]).toEqual([token, token]);
  });

  it('each stack has another', () => {
    place();
    const first = serverToken();
    folder = makeTemporaryFolder('server-token');
    place();
    expect(serverToken()).not.toBe(first);
  });

  it('nobody but server and Collector can read it', () => {
    place();
    for (const name of ['server', 'collector']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o400);
  });

  it('and without a server none is made', () => {
    expect(place(undefined, false)).toEqual({ said: '', error: '' });
    expect(collectorToken()).toBe('');
  });
});

describe('with a token in .env', () => {
  it.each(['sixteen-or-more-characters', 'with: # what $YAML ${env:HOME} reads', '0123456789012345e6'])(
    'both have %s, and nothing is printed',
    (own) => {
      place();
      expect(place(own)).toEqual({ said: '', error: '' });
      expect([serverToken(), collectorToken()]).toEqual([own, own]);
    },
  );

  it('that is too short for the server, nothing starts', () => {
    expect(place('short').error).toContain('TALLYSPAN_TOKEN has 5 characters; give it 16 or more');
  });

  it('that no header takes, nothing starts', () => {
    for (const own of ['clé-de-seize-caractères', 'sixteen-or-more\ncharacters'])
      expect(place(own).error).toContain('TALLYSPAN_TOKEN has a character that no header takes');
  });
});
