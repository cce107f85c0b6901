// The look-up of a host's name, for connections of our own. The system's look-up cannot be called off: while it waits
// for name servers that do not answer, the process cannot end, by `process.exit()` neither. So it is asked only where
// it will not wait: no name server is needed, or the first that it would ask has just answered. What it says counts.
// A short name, which it completes by the domains that it searches, is the system's alone: a name server of a closed
// network may know `collector.dev.svc.cluster.local` and never answer for `collector.dev`.

import dns, { type LookupAddress } from 'node:dns';
import { isIPv6, type LookupFunction } from 'node:net';
import { readIfThere } from './files.ts';
import { guardAsync, guarded } from './guard.ts';
import {
  askNameServers,
  isDomainName,
  systemNameServers,
  type Family,
  type NameServer,
} from './name-servers.ts';

/** Whatever takes longer would hold the end of the process for longer than we may. */
const PATIENCE_MS = 2_000;
/** Of a name server that has just answered. */
const ANSWER_MS = 1_000;

/** How a host is to be looked up. */
type Way =
  /** By the system, for one family where its name server does not answer for the other. */
  | { readonly type: 'system'; readonly family?: Family | undefined }
  /** By the one name server that answers. */
  | { readonly type: 'server'; readonly server: NameServer }
  | { readonly type: 'none' };

/** `dns.lookup`, or an error with the code `ETIMEOUT` where no name server answers. */
export const lookup: LookupFunction = (host, options, callback) => {
  const askSystem = (family?: Family): void => {
    dns.lookup(host, family === undefined ? options : { ...options, family }, callback);
  };
  const resolver = `${readIfThere('/etc/resolv.conf') ?? ''} ${process.env['RES_OPTIONS'] ?? ''}`;
  if (!isWholeName(host, resolver) || !needsNameServer(host, resolver)) {
    askSystem();
    return;
  }
  guarded('look up', async () => {
    const way = (await guardAsync('name servers', () => findWay(host))) ?? { type: 'system' };
    if (way.type === 'system') {
      askSystem(way.family);
      return;
    }
    // The system would begin with the name server that does not answer.
    const addresses = way.type === 'server' ? await addressesBy(way.server, host) : [];
    const [first] = addresses;
    if (first === undefined)
      callback(Object.assign(new Error(`no name server answers for ${host}`), { code: 'ETIMEOUT' }), '', 0);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  })();
};

async function findWay(host: string): Promise<Way> {
  const servers = await askNameServers(host, systemNameServers(), PATIENCE_MS);
  const [first, ...others] = servers;
  if (first === undefined) return { type: 'system' };
  const [family, other] = first.families;
  if (family !== undefined) return { type: 'system', family: other === undefined ? family : undefined };
  const answering = others.find(({ families }) => families.size > 0);
  return answering === undefined ? { type: 'none' } : { type: 'server', server: answering.server };
}

async function addressesBy({ address, port }: NameServer, host: string): Promise<LookupAddress[]> {
  const resolver = new dns.promises.Resolver({ timeout: ANSWER_MS, tries: 1 });
  resolver.setServers([`${isIPv6(address) ? `[${address}]` : address}:${String(port)}`]);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return [...addressesIn(v4, 4), ...addressesIn(v6, 6)];
}

function addressesIn(result: PromiseSettledResult<string[]>, family: Family): LookupAddress[] {
  return result.status === 'fulfilled' ? result.value.map((address) => ({ address, family })) : [];
}

/**
 * Whether the system would send datagrams to a name server for it. Known of Linux alone, whose look-up reads
 * `/etc/hosts` and `/etc/resolv.conf`; others have services of their own for it.
 */
function needsNameServer(host: string, resolver: string): boolean {
  if (process.platform !== 'linux' || !isDomainName(host) || /(^|\.)localhost\.?$/i.test(host)) return false;
  // The system may be told to ask by TCP.
  return !/\buse-vc\b/.test(resolver) && !isInHosts(readIfThere('/etc/hosts') ?? '', host);
}

/** Whether the system asks for the name as it is before it looks for it in a domain. */
export function isWholeName(host: string, resolver: string): boolean {
  const leastDots = Number(/\bndots:(\d+)/.exec(resolver)?.[1] ?? 1);
  return host.endsWith('.') || host.split('.').length > leastDots;
}

/** Whether a file such as `/etc/hosts` has an address for the name. */
export function isInHosts(hosts: string, name: string): boolean {
  const wanted = name.toLowerCase();
  return hosts.split('\n').some((line) => {
    const [, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return names.includes(wanted);
  });
}
