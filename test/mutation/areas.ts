// The areas that are mutated one by one: the code to change, and the tests that must notice.

export const AREA_VARIABLE = 'TALLYSPAN_MUTATION_AREA';

export interface Area {
  /** What is changed. */
  readonly code: readonly string[];
  /** What must notice: tests that need no server and no process of their own. */
  readonly tests: readonly string[];
  /** The code keeps something between calls, so every mutant needs modules that no other one has used. */
  readonly remembers?: true;
}

export const AREAS: Readonly<Record<string, Area>> = {
  price: {
    code: [
      'core/pricing/charges.ts',
      'core/pricing/cost.ts',
      'core/model-call/content-block.ts',
      'core/model-call/message-reader.ts',
      'core/model-call/model-call-fields.ts',
      'core/json-keys.ts',
      'core/pricing/price-request.ts',
      'core/pricing/model-id.ts',
      'core/pricing/price-overrides.ts',
      'core/pricing/rates.ts',
      'core/pricing/recost.ts',
      'core/pricing/stream-usage.ts',
      'core/pricing/usage.ts',
      'core/prices/price-row.ts',
      'core/prices/table.ts',
    ],
    tests: [
      'test/core/model-call/message-reader.test.ts',
      'test/core/model-call/model-call-fields.test.ts',
      'test/core/json-keys.test.ts',
      'test/core/pricing/model-id.test.ts',
      'test/core/pricing/price-dates.test.ts',
      'test/core/pricing/price-iterations.test.ts',
      'test/core/pricing/price-mistakes.test.ts',
      'test/core/pricing/price-overrides.test.ts',
      'test/core/pricing/price-places.test.ts',
      'test/core/pricing/price-rules.test.ts',
      'test/core/pricing/price-unpriced.test.ts',
      'test/core/pricing/recost.test.ts',
      'test/core/pricing/rounding.test.ts',
      'test/core/pricing/stream-usage.test.ts',
      'test/core/pricing/usage.test.ts',
    ],
  },
  events: {
    code: [
      'core/time/time.ts',
      'core/event.ts',
      'core/otlp/otlp-log.ts',
      'core/quantile.ts',
      'core/text/format.ts',
      'core/text/nearest.ts',
      'core/text/redaction.ts',
      'core/duplicates.ts',
      'core/attribution/share-out.ts',
      'core/attribution/token-estimate.ts',
    ],
    tests: [
      'test/core/nearest.test.ts',
      'test/core/time.test.ts',
      'test/core/event.test.ts',
      'test/core/otlp-log.test.ts',
      'test/core/format.test.ts',
      'test/core/calendar-laws.test.ts',
      'test/core/event-laws.test.ts',
      'test/core/otlp-log-laws.test.ts',
      'test/core/quantile-laws.test.ts',
      'test/core/format-edges.test.ts',
      'test/core/redaction.test.ts',
      'test/core/duplicates.test.ts',
      'test/core/attribution/token-estimate.test.ts',
      'test/core/attribution/share-out-laws.test.ts',
      'test/attribution/share-out.test.ts',
    ],
    remembers: true,
  },
  dialects: {
    code: ['core/dialects.ts', 'core/dialects/*.ts'],
    tests: ['test/core/dialects/dialects.test.ts', 'test/core/dialects/dialect-laws.test.ts'],
  },
  forensics: {
    code: [
      'core/attribution/cache-forensics.ts',
      'core/pricing/call-facts.ts',
      'core/attribution/prefix-match.ts',
      'core/pricing/reprice.ts',
      'core/attribution/silent-failures.ts',
      'core/pricing/what-if.ts',
    ],
    tests: [
      'test/diagnosis/cache-forensics.test.ts',
      'test/diagnosis/silent-failures.test.ts',
      'test/diagnosis/what-if.test.ts',
      'test/core/pricing/call-facts.test.ts',
      'test/core/attribution/prefix-match.test.ts',
      'test/core/pricing/reprice.test.ts',
      'test/core/attribution/silent-failure-edges.test.ts',
      'test/core/diagnosis/usual-values-need.test.ts',
      'test/core/attribution/call-pairs.test.ts',
      'test/core/pricing/what-if-edges.test.ts',
    ],
  },
  diagnosis: {
    code: [
      'core/diagnosis/causes.ts',
      'core/diagnosis/change-stamps.ts',
      'core/diagnosis/evidence.ts',
      'core/diagnosis/labels.ts',
      'core/diagnosis/measures.ts',
      'core/diagnosis/outliers.ts',
      'core/diagnosis/period.ts',
      'core/diagnosis/pool.ts',
      'core/diagnosis/run-costs.ts',
      'core/diagnosis/sample.ts',
      'core/diagnosis/show-runs.ts',
    ],
    tests: [
      'test/core/diagnosis/diagnosis-causes.test.ts',
      'test/core/diagnosis/diagnosis-evidence.test.ts',
      'test/core/diagnosis/diagnosis-words.test.ts',
      'test/core/diagnosis/diagnosis-measures.test.ts',
      'test/core/diagnosis/diagnosis-outliers.test.ts',
      'test/core/diagnosis/diagnosis-periods.test.ts',
      'test/core/diagnosis/diagnosis-sample.test.ts',
    ],
  },
  // The whole of a diagnosis: only whole periods show it, which takes longer.
  split: {
    code: [
      'core/diagnosis/diagnose.ts',
      'core/diagnosis/leaves.ts',
      'core/diagnosis/product-shares.ts',
      'core/diagnosis/split.ts',
      'core/diagnosis/wording.ts',
    ],
    tests: [
      'test/core/diagnosis/diagnosis-periods.test.ts',
      'test/core/diagnosis/diagnosis-words.test.ts',
      'test/diagnosis/product-shares.test.ts',
      'test/diagnosis/small-periods.test.ts',
    ],
  },
  signals: {
    code: ['signals/*.ts', '!signals/to-logql.ts', '!signals/logql-*.ts', '!signals/from-loki.ts'],
    tests: [
      'test/signals/catalogue.test.ts',
      'test/signals/compare.test.ts',
      'test/signals/request.test.ts',
      'test/signals/construct-agreement.test.ts',
      'test/signals/results.test.ts',
    ],
  },
  logql: {
    code: ['signals/to-logql.ts', 'signals/logql-*.ts', 'signals/from-loki.ts'],
    tests: ['test/signals/logql-text.test.ts'],
  },
};

/** Throws on a name that no area has. */
export function areaOf(name: string): Area {
  const area = AREAS[name];
  if (area === undefined)
    throw new Error(`no area ${JSON.stringify(name)}; there are ${Object.keys(AREAS).join(', ')}`);
  return area;
}
