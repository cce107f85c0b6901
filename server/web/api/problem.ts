// A problem: how the API says that something could not be answered (RFC 9457, `application/problem+json`).

import { STATUS_CODES } from 'node:http';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export interface Problem {
  /** Problems of one status are told apart by their detail alone. */
  readonly type: 'about:blank';
  /** What the status is called. */
  readonly title: string;
  readonly status: number;
  /** What is wrong and what to do, for people. */
  readonly detail: string;
  /** The detail under the name that it had first; programs of that time read it. */
  readonly error: string;
}

export function problemOf(status: number, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, error: detail };
}
