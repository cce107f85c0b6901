// One run that is named by its id, or by the beginning of it.

import { AmbiguousRunError } from '../../queries/runs/read-run.ts';
import { RequestError } from '../../questions/request-error.ts';

/** @throws RequestError where there is none, or more than one */
export async function findOne<T>(id: string, found: Promise<T | undefined>): Promise<T> {
  const run = await found.catch((error: unknown) => {
    throw error instanceof AmbiguousRunError ? new RequestError(409, error.message) : error;
  });
  if (run === undefined) throw new RequestError(404, `there is no run ${id}`);
  return run;
}
