// A Loki to ask: instant queries over HTTP.

import type { LokiSample } from '../signals/from-loki.ts';
import { CliError } from './terminal/cli-error.ts';

const ANSWER_LIMIT_MS = 120_000;

/**
 * Asks an instant query at a time in Unix milliseconds.
 * @throws CliError when Loki cannot be reached or refuses the query
 */
export async function queryLoki(baseUrl: string, logql: string, atMs: number): Promise<LokiSample[]> {
  const url = `${baseUrl.replace(/\/+$/, '')}/loki/api/v1/query`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ query: logql, time: `${atMs}000000` }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    throw new CliError(
      `no Loki answers at ${baseUrl} (${cause?.code ?? message}). Give its address with --loki.`,
    );
  }
  const text = await response.text();
  if (!response.ok)
    throw new CliError(`Loki at ${baseUrl} answered ${response.status}: ${text.slice(0, 500)}`);
  return (JSON.parse(text) as { data: { result: LokiSample[] } }).data.result;
}
