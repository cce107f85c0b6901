// The limit of judges that work at the same time. With a server each of them holds the most of its request there while it
// goes on, as processes hold parts of limits of the day; what a request came to is an event before the hold is given up.
// On a folder that no server has open one judge works at a time.

import { randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { LEASE_MS } from '../../core/limits/leases.ts';
import { asJson, asList } from '../../core/model-call/json.ts';
import { localTimeAt } from '../../core/time/time.ts';
import { JUDGE_SCOPE } from '../../server/limits/limit-keeper.ts';
import { authorizationOf } from '../../server/asked-server.ts';
import { type Source } from '../../server/source.ts';
import { CliError } from '../terminal/cli-error.ts';
import { zoneOf } from '../terminal/moment.ts';

/** Gives back what was held. */
export type Release = () => Promise<void>;
/** Holds the most that a request may cost; `undefined` where the limit has no room for it. */
export type Hold = (mostNanoUsd: number) => Promise<Release | undefined>;

/** Others spend meanwhile so often that nothing is known for certain. */
const MOST_TRIES = 100;
const LOCK_FILE = 'judge.lock';

/** What judges cost on the calendar day so far, nano-USD. */
export async function judgeCostToday(source: Source): Promise<number> {
  const result = await source.signal('judge_cost', { window: 'day' });
  return 'value' in result ? (result.value ?? 0) : 0;
}

/** @param url of the server that the source asks */
export function sharedHold(
  source: Source,
  {
    url,
    token,
    limitNanoUsd,
  }: { readonly url: string; readonly token: string | undefined; readonly limitNanoUsd: number },
): Hold {
  const process = `judge-${randomBytes(8).toString('hex')}`;
  const lease = async (free: number, want: number, day: string): Promise<number> => {
    const asked = { scope: JUDGE_SCOPE, rule: 'maxCostPerDay', key: 'judge', day, process };
    const answer = await fetch(`${url}/api/limits/leases`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...authorizationOf(token),
      },
      body: JSON.stringify({
        leases: [{ ...asked, limit_nano_usd: free, spent_nano_usd: 0, want_nano_usd: want }],
      }),
    });
    const [granted] = asList(asJson(await answer.json().catch(() => undefined))['leases']);
    const amount = asJson(granted)['granted_nano_usd'];
    if (typeof amount === 'number') return amount;
    throw new CliError(`${url} does not keep the limit of judges: it answered ${answer.status}.`);
  };
  return async (mostNanoUsd) => {
    const zone = await zoneOf(source);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const day = localTimeAt(Date.now(), zone).slice(0, 10);
      const before = await judgeCostToday(source);
      const free = Math.max(0, limitNanoUsd - before);
      const granted = await lease(free, mostNanoUsd, day);
      const isKnown = (await judgeCostToday(source)) === before;
      if (granted >= mostNanoUsd && isKnown) {
        // An answer may take longer than a lease holds.
        const renewal = setInterval(() => {
          lease(free, mostNanoUsd, day).catch(() => undefined);
        }, LEASE_MS / 3);
        return async () => {
          clearInterval(renewal);
          await lease(free, 0, day);
        };
      }
      await lease(free, 0, day);
      // What another one was recorded to have spent meanwhile may be in neither of the two.
      if (isKnown) return undefined;
    }
    return undefined;
  };
}

/** Lets one judge work on the folder at a time. @throws CliError where another does */
export async function lockFolder(folder: string): Promise<Release> {
  const file = path.join(folder, LOCK_FILE);
  for (;;) {
    const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw new CliError(`${folder} cannot be written: ${(error as Error).message}`);
    });
    if (handle !== undefined) {
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (isAlive(owner))
      throw new CliError(
        `another judge works on ${folder} (PID ${owner}), within the same limit. Wait for it, or start \`tallyspan up\`: judges share a limit there.`,
      );
    await rm(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
