// Lease requests as they come over HTTP: read field by field, since whoever can post can post anything.

import { countsByRule, type LeaseRequest } from '../../core/limits/leases.ts';
import { RequestError } from '../questions/request-error.ts';

const MOST = 500;
const MOST_CHARS = 512;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** @throws RequestError that names what is wrong */
export function parseLeaseRequests(body: unknown): LeaseRequest[] {
  const list = isObject(body) ? body['leases'] : undefined;
  if (!Array.isArray(list)) throw new RequestError(400, 'send {"leases": [...]} as JSON');
  if (list.length > MOST) throw new RequestError(400, `ask for at most ${MOST} leases at once`);
  return list.map((each: unknown, index) => {
    if (!isObject(each)) throw new RequestError(400, `leases[${index}] is not an object`);
    const text = (name: string): string => {
      const value = each[name];
      if (typeof value === 'string' && value !== '' && value.length <= MOST_CHARS) return value;
      throw new RequestError(400, `leases[${index}].${name} is not a text of 1 to ${MOST_CHARS} characters`);
    };
    const amount = (name: string): number => {
      const value = each[name];
      if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
      throw new RequestError(400, `leases[${index}].${name} is not a whole number of nano-USD`);
    };
    const day = text('day');
    if (!DAY.test(day)) throw new RequestError(400, `leases[${index}].day is not a day such as 2026-11-30`);
    return {
      process: text('process'),
      scope: text('scope'),
      counts: each['counts'] === undefined ? countsByRule(text('scope'), text('rule')) : text('counts'),
      rule: text('rule'),
      key: text('key'),
      day,
      limitNanoUsd: amount('limit_nano_usd'),
      spentNanoUsd: amount('spent_nano_usd'),
      wantNanoUsd: amount('want_nano_usd'),
    };
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
