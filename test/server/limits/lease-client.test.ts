// The lease client against servers: one with the book of the real one and its limits of a request, and some that do not
// answer as they should.

import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Account } from '../../../core/limits/account.ts';
import { LeaseBook } from '../../../core/limits/leases.ts';
import { limitDayOf } from '../../../core/limits/limit.ts';
import { setLogLevel } from '../../../instrumentation/process/diagnostics.ts';
import { LeaseClient } from '../../../instrumentation/limits/lease-client.ts';
import { parseLeaseRequests } from '../../../server/limits/lease-request.ts';
import { startTestServer } from '../harness.ts';

const LIMIT = 1_000;
let server: Server | undefined;
setLogLevel('off');
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(answer: (body: string, response: ServerResponse) => void): Promise<string> {
  server = createServer((request, response) => {
    void (async () => {
      answer(await text(request), response);
    })();
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Accounts of users who have each asked for a tenth of their limit. */
function shareUsers(client: LeaseClient, count: number): Account[] {
  const day = limitDayOf(Date.now());
  return Array.from({ length: count }, (_, index) => {
    const key = `user-${index}`.padEnd(200, '.');
    const account = new Account({ scope: 'user_day', key, rule: 'r', unit: 'nanoUsd', limit: LIMIT });
    client.share(account, { scope: 'user_day', counts: 'user_day', key, day });
    account.reserved = LIMIT / 10;
    return account;
  });
}

describe('the lease client', () => {
  it('has room for more users than fit into one request, those who wait first', async () => {
    const book = new LeaseBook();
    const sizes: number[] = [];
    const url = await serve((body, response) => {
      const requests = parseLeaseRequests(JSON.parse(body));
      sizes.push(requests.length);
      const leases = requests.map((request) => book.lease(request, Date.now()).grantedNanoUsd);
      response.end(
        JSON.stringify({
          leases: leases.map((amount) => ({ granted_nano_usd: amount, expires_in_ms: 30_000 })),
        }),
      );
    });
    const client = new LeaseClient(url, undefined, 'p');
    const accounts = shareUsers(client, 1_200);
    await client.ask();
    expect(accounts.filter((account) => !client.covers(account))).toEqual([]);
    expect(sizes).toEqual([500, 500, 200]);
    // Nothing is new to the server now, but one who needs more and one who has spent.
    const [first, , , last] = [accounts[0], accounts[1], accounts[2], accounts.at(-1)];
    if (first !== undefined) Object.assign(first, { reserved: 0, spent: 100 });
    if (last !== undefined) last.reserved = LIMIT;
    await client.ask();
    expect(sizes.slice(3)).toEqual([2]);
    expect(last === undefined || client.covers(last)).toBe(true);
  });

  it('asks once for all who wait, where nothing is left for any of them', async () => {
    const asked: string[] = [];
    const url = await serve((body, response) => {
      asked.push(body);
      response.end(JSON.stringify({ leases: [{ granted_nano_usd: 0, expires_in_ms: 30_000 }] }));
    });
    const client = new LeaseClient(url, undefined, 'p');
    shareUsers(client, 1);
    const first = client.ask();
    while (asked.length === 0) await new Promise(setImmediate);
    await Promise.all([first, ...Array.from({ length: 100 }, () => client.ask())]);
    expect(asked).toHaveLength(2);
  });

  it('tells what is spent while the server has not answered what it was told before', async () => {
    const heard: number[] = [];
    const held: ServerResponse[] = [];
    const url = await serve((body, response) => {
      heard.push(parseLeaseRequests(JSON.parse(body))[0]?.spentNanoUsd ?? 0);
      held.push(response);
    });
    const client = new LeaseClient(url, undefined, 'p');
    const [account] = shareUsers(client, 1);
    const spend = async (amount: number): Promise<void> => {
      if (account !== undefined) account.spent += amount;
      client.tell();
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await spend(100);
    while (held.length === 0) await new Promise(setImmediate);
    await spend(200);
    await spend(300);
    held[0]?.end(JSON.stringify({ leases: [{ granted_nano_usd: LIMIT, expires_in_ms: 30_000 }] }));
    while (held.length === 1) await new Promise(setImmediate);
    expect(heard).toEqual([100, 600]);
    held.at(-1)?.end('{}');
  });

  it('sends no more at once than the server takes', async () => {
    const real = await startTestServer();
    try {
      const client = new LeaseClient(real.uiUrl, undefined, 'p');
      const accounts = shareUsers(client, 600);
      await client.ask();
      expect(accounts.filter((account) => !client.covers(account))).toEqual([]);
    } finally {
      await real.remove();
    }
  });

  it('lets a request that cannot wait go on by itself until the server has nothing more, and asks ahead for the next', async () => {
    const wanted: number[] = [];
    let left = LIMIT;
    const url = await serve((body, response) => {
      const [request] = parseLeaseRequests(JSON.parse(body));
      wanted.push(request?.wantNanoUsd ?? 0);
      const granted_nano_usd = Math.min(request?.wantNanoUsd ?? 0, left);
      response.end(JSON.stringify({ leases: [{ granted_nano_usd, expires_in_ms: 30_000 }] }));
    });
    const client = new LeaseClient(url, undefined, 'p');
    const [account] = shareUsers(client, 1);
    if (account === undefined) throw new Error('no account');
    const asks = (nanoUsd: number): boolean => {
      account.reserved = nanoUsd;
      return client.covers(account) || client.coversAtOnce(account, nanoUsd);
    };
    // Three tenths, of which nothing is granted yet.
    expect(asks(300)).toBe(true);
    // Three such at once are more than anybody has granted.
    account.reserved = 900;
    expect(client.coversAtOnce(account, 300)).toBe(false);
    expect(client.hintWhereUngranted(account)).toContain('has not granted so much yet');
    account.reserved = 300;
    await client.ask();
    Object.assign(account, { reserved: 0, spent: 200 });
    expect(asks(300)).toBe(true);
    left = 200;
    await client.ask();
    expect(wanted).toEqual([600, 800]);
    Object.assign(account, { reserved: 0, spent: 200 });
    expect(asks(300)).toBe(false);
    expect(client.hintWhereUngranted(account)).toBeUndefined();
    // Another limit may have room.
    account.limit = 2 * LIMIT;
    expect(asks(300)).toBe(true);
  });

  it('gives back what is not used, once, and asks again for what is used afterwards', async () => {
    const book = new LeaseBook();
    const held: number[] = [];
    const url = await serve((body, response) => {
      const leases = parseLeaseRequests(JSON.parse(body)).map((request) => book.lease(request, Date.now()));
      held.push(...book.limitsOf(limitDayOf(Date.now()), Date.now()).map(({ heldNanoUsd }) => heldNanoUsd));
      response.end(
        JSON.stringify({
          leases: leases.map((lease) => ({ granted_nano_usd: lease.grantedNanoUsd, expires_in_ms: 30_000 })),
        }),
      );
    });
    const client = new LeaseClient(url, undefined, 'p');
    const [account] = shareUsers(client, 1);
    await client.ask();
    Object.assign(account ?? {}, { reserved: 0, spent: 50 });
    expect(client.holdsUnused).toBe(true);
    await client.giveBack();
    expect(client.holdsUnused).toBe(false);
    await client.giveBack();
    expect(held).toEqual([200, 0]);
    Object.assign(account ?? {}, { reserved: 100 });
    expect(account !== undefined && client.covers(account)).toBe(false);
    await client.ask();
    expect(account !== undefined && client.covers(account)).toBe(true);
  });

  it.each<[string, (body: string, response: ServerResponse) => void]>([
    ['answers nothing', () => undefined],
    [
      'answers byte by byte',
      (_, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => {
          clearInterval(timer);
        });
      },
    ],
    ['hangs up', (_, response) => response.destroy()],
    ['answers something else', (_, response) => response.end('{"leases":[]}')],
    ['answers with an error', (_, response) => response.writeHead(500).end('{}')],
  ])('does not wait for a server that %s', async (_, answer) => {
    const client = new LeaseClient(await serve(answer), undefined, 'p');
    const [account] = shareUsers(client, 1);
    await client.ask();
    expect(client.isAway).toBe(true);
    expect(account !== undefined && client.coversAway(account)).toBe(true);
  });
});
