// Whether the server understood what it was sent, and whether the clocks of its senders are right.

import { formatCountOf } from '../../core/text/format.ts';
import { authorizationOf } from '../../server/source.ts';
import type { DoctorFinding } from './finding.ts';

/** What of `/api/meta` is looked at. */
interface Meta {
  readonly future_events?: number;
  readonly not_understood?: readonly {
    readonly kind: string;
    readonly service: string;
    readonly scope: string;
    readonly name: string;
    readonly count: number;
    readonly advice: string;
  }[];
}

const PATIENCE_MS = 2000;
const MOST_ROWS = 5;

/** Nothing where no server answers: whether one should is another question. */
export async function checkReceived(
  url: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<DoctorFinding[]> {
  let meta: Meta;
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/api/meta`, {
      headers: authorizationOf(token),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (!answer.ok) return [];
    meta = (await answer.json()) as Meta;
  } catch {
    return [];
  }
  return judgeReceived(meta, url);
}

export function judgeReceived(meta: Meta, url: string): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const rows = meta.not_understood ?? [];
  if (rows.length > 0)
    findings.push({
      check: 'received',
      verdict: 'warn',
      what: `the server at ${url} did not understand ${formatCountOf(sum(rows), 'thing')} that it was sent`,
      details: rows
        .slice(0, MOST_ROWS)
        .map(
          ({ kind, service, scope, name, count }) =>
            `${count} × ${[kind, name, scope && `of ${scope}`, service && `from ${service}`].filter(Boolean).join(' ')}`,
        ),
      advice: `${[...new Set(rows.map(({ advice }) => advice))].join(' ')} All of it: ${url}/received`,
    });
  const future = meta.future_events ?? 0;
  if (future > 0)
    findings.push({
      check: 'clock',
      verdict: 'warn',
      what: `${formatCountOf(future, 'event')} of the server at ${url} ${future === 1 ? 'is' : 'are'} from the future`,
      advice: `Set the clock of the machine that sent ${future === 1 ? 'it' : 'them'}: ${url}/received names it.`,
    });
  return findings;
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}
