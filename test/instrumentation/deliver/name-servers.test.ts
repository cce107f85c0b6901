// Name servers: whether one answers, whatever it says; and which names need none.

import { afterEach, describe, expect, it } from '@jest/globals';
import { isInHosts, isWholeName } from '../../../instrumentation/process/lookup.ts';
import {
  askNameServers,
  isDomainName,
  systemNameServers,
  type NameServer as Address,
} from '../../../instrumentation/process/name-servers.ts';
import { startNameServer, type NameServer, type NameServerOptions } from '../../fakes/name-server.ts';

const NAME = 'collector.example.com';
/** Long for a test that waits for it, short for one that does not. */
const PATIENCE_MS = 400;
const SILENT: NameServerOptions = { silentTypes: [1, 28] };

const servers: NameServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options?: NameServerOptions): Promise<NameServer> {
  const server = await startNameServer(options);
  servers.push(server);
  return server;
}

/** What each of them answered for: families, or `gone` where it cannot be reached. */
async function ask(addresses: readonly Address[], name = NAME): Promise<(string | readonly number[])[]> {
  const answers = await askNameServers(name, addresses, PATIENCE_MS);
  return addresses.map((asked) => {
    const found = answers.find(({ server }) => server === asked);
    return found === undefined ? 'gone' : [...found.families].toSorted((a, b) => a - b);
  });
}

describe('name servers', () => {
  it('one that knows the name, and one that does not, have answered', async () => {
    const knowing = await start({ addresses: { [NAME]: '10.0.0.1' } });
    expect(await ask([knowing])).toEqual([[4, 6]]);
    expect(knowing.questions.toSorted()).toEqual([`${NAME}/1`, `${NAME}/28`]);
    expect(await ask([await start()], `${NAME}.`)).toEqual([[4, 6]]);
  });

  it('one that never answers is asked again, and has not answered', async () => {
    const silent = await start(SILENT);
    expect(await ask([silent])).toEqual([[]]);
    expect(silent.questions.length).toBeGreaterThan(4);
  });

  it('one that answers for IPv4 alone has answered for that', async () => {
    expect(await ask([await start({ silentTypes: [28] })])).toEqual([[4]]);
    expect(await ask([await start({ silentTypes: [1] })])).toEqual([[6]]);
  });

  it('a lost datagram is sent again', async () => {
    expect(await ask([await start({ lost: 2 })])).toEqual([[4, 6]]);
  });

  it('where the first is silent, another has a while to answer; where it is not, nobody waits for the others', async () => {
    expect(await ask([await start(SILENT), await start()])).toEqual([[], [4, 6]]);
    const [first] = await ask([await start(), await start(SILENT)]);
    expect(first).toEqual([4, 6]);
  });

  it('one that cannot be reached is left out: the system knows it at once, too', async () => {
    const gone = await startNameServer();
    await gone.close();
    expect(await ask([gone])).toEqual(['gone']);
    expect(await ask([gone, await start()])).toEqual(['gone', [4, 6]]);
    expect(await ask([])).toEqual([]);
  });

  it('holds nothing that keeps a process', async () => {
    const silent = await start(SILENT);
    const before = process.getActiveResourcesInfo().toSorted();
    const answer = ask([silent]);
    expect(process.getActiveResourcesInfo().toSorted()).toEqual(before);
    await answer;
  });

  it('those of the system have an address and a port', () => {
    for (const { address, port } of systemNameServers()) {
      expect(address).toMatch(/^[\da-f.:]+(%\w+)?$/i);
      expect(port).toBeGreaterThan(0);
    }
  });
});

it.each([
  ['collector', true],
  ['a.b.example.com.', true],
  ['', false],
  ['a..b', false],
  ['x'.repeat(64), false],
  ['x.'.repeat(150), false],
])('%j can be asked for: %p', (name, isOne) => {
  expect(isDomainName(name)).toBe(isOne);
});

it.each([
  ['collector', true],
  ['Collector.Example.com', true],
  ['127.0.0.1', false],
  ['example.com', false],
  ['gone', false],
])('%j is in the file of hosts: %p', (name, isThere) => {
  const hosts = '127.0.0.1\tlocalhost\n# 10.0.0.9 gone\n10.0.0.1  collector.example.com\tcollector # gone\n';
  expect(isInHosts(hosts, name)).toBe(isThere);
});

it.each([
  ['collector', 'options timeout:1', false],
  ['collector.example', 'options timeout:1', true],
  ['collector.dev.svc', 'options ndots:5', false],
  ['a.b.c.d.e.f', 'options ndots:5', true],
  ['collector.dev.', 'options ndots:5', true],
])('%j with %j is a whole name: %p', (name, resolver, isOne) => {
  expect(isWholeName(name, resolver)).toBe(isOne);
});
