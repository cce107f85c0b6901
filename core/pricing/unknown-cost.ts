// An unknown cost: that of model calls of which none has a price, and some would need one. It is left out, where 0 would
// say that they were free.

/** What some calls come to: of a run, a day, a model. */
interface Costs {
  readonly costNanoUsd: number;
  /** Model calls with a usage and without a price. */
  readonly unpricedCalls: number;
}

/** Whether nobody can say what all of these calls cost. */
export function isCostUnknown(...costs: readonly Costs[]): boolean {
  return (
    costs.every(({ costNanoUsd }) => costNanoUsd === 0) &&
    costs.some(({ unpricedCalls }) => unpricedCalls > 0)
  );
}
