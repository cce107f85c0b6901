// The price override file of a command: --prices, else the variable TALLYSPAN_PRICES.

import { readFile } from 'node:fs/promises';
import {
  describeOverrideError,
  parsePriceOverrides,
  type PriceOverrides,
} from '../../core/pricing/price-overrides.ts';
import { CliError } from '../terminal/cli-error.ts';

/** Reads and checks the file; `undefined` when none is named. All its errors come in one message. */
export async function loadPriceOverrides(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<PriceOverrides | undefined> {
  const path = option ?? env['TALLYSPAN_PRICES'];
  if (path === undefined || path === '') return undefined;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const source = option === undefined ? 'TALLYSPAN_PRICES' : '--prices';
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CliError(`cannot read ${path} (${code}). Correct the path in ${source}.`);
  }
  const parsed = parsePriceOverrides(text);
  if ('errors' in parsed) {
    const lines = parsed.errors.map((error) => describeOverrideError(path, error));
    throw new CliError(`the price file has errors; correct them:\n  ${lines.join('\n  ')}`);
  }
  return parsed;
}
