// Billing: whether what was observed is what was billed. Rows of the bill are stored by the reconciliation.

import { DAY_MS } from '../../core/time/time.ts';
import type { Signal } from '../signal.ts';
import { ratio, sum } from '../values.ts';

const BILLED = 'billing.cost';
const DAYS = 7;

export const BILLING_SIGNALS = [
  {
    id: 'billing_coverage',
    title: 'Bill covered by calls',
    unit: 'ratio',
    help: `Of what Anthropic billed in the last ${DAYS} days at list price, the part that observed calls account for.`,
    value: ratio(sum(BILLED, 'billing_covered_nano_usd'), sum(BILLED, 'billing_list_nano_usd')),
    window: { kind: 'rolling', lengthMs: DAYS * DAY_MS },
    dimensions: ['model'],
    whenEmpty: null,
    better: 'up',
    bad: 'Somebody spends what no run shows: a program without the preload, a key that is used elsewhere.',
    action: 'Run `tallyspan reconcile`: it names the API key or the kind of usage that is not observed.',
  },
  {
    id: 'billing_drift',
    title: 'Price drift against the bill',
    unit: 'ratio',
    help: `Price differences between observed and billed usage of the last ${DAYS} days, in either direction and beyond rounding and the rates of a contract, of what was billed at list price.`,
    value: ratio(sum(BILLED, 'billing_drift_nano_usd'), sum(BILLED, 'billing_list_nano_usd')),
    window: { kind: 'rolling', lengthMs: DAYS * DAY_MS },
    dimensions: ['model'],
    whenEmpty: null,
    better: 'down',
    bad: 'The same tokens are billed at another price than they are counted at.',
    action:
      'Group by model; upgrade for a newer price table, or give contract rates by TALLYSPAN_PRICES, then `tallyspan recost`.',
  },
] as const satisfies readonly Signal[];
