// Cost back-fill as OTTL, from the price table: what a foreign model call cost on the Claude API, at
// standard speed and tier and without data residency, which is all that such a span can tell. Rows go by
// date and prompt length, as in the table. A call that says anything else stays without a cost here.

import { RULE_KEY } from '../core/dialects/normalise.ts';
import { DIALECTS } from '../core/dialects/table.ts';
import type { PricedModel, PriceRow, RateCard } from '../core/prices/price-row.ts';
import { PRICED_MODELS, PRICE_TABLE_VERSION } from '../core/prices/table.ts';
import type { YamlMap } from './yaml-map.ts';
import { literal, spanAttribute } from './ottl.ts';

const COST = spanAttribute('cost_nano_usd');
const INPUT = spanAttribute('gen_ai.usage.input_tokens');
const OUTPUT = spanAttribute('gen_ai.usage.output_tokens');
const CACHE_READ = spanAttribute('gen_ai.usage.cache_read.input_tokens');
const CACHE_WRITE = spanAttribute('gen_ai.usage.cache_creation.input_tokens');
const CACHE_WRITE_1H = spanAttribute('tokens_cache_write_1h');
/** Exact charge in pico-USD while it is being summed. */
const CHARGE = 'span.cache["charge"]';
/** Row and rates (pico-USD per token) of the model that answered. */
const ROW = 'span.cache["row"]';
const RATES = 'span.cache["rates"]';

/** A call that has one of these was not served at the standard price, or may not have been. */
const NOT_STANDARD = ['speed', 'service_tier', 'inference_geo', 'anthropic.response.service_tier'];
const STANDARD_VALUES = ['standard', 'global', 'not_available'];

/** The transform processor that prices foreign model calls. */
export function backfillProcessor(): YamlMap {
  const add = (tokens: string, rate: string, including: string): string =>
    `set(${CHARGE}, ${CHARGE} + ${tokens} * (${RATES}["${rate}"] - ${RATES}["${including}"])) where ${tokens} != nil`;
  return {
    error_mode: 'ignore',
    trace_statements: [
      {
        context: 'span',
        conditions: [callCondition()],
        statements: [
          ...PRICED_MODELS.flatMap((model) => model.rows.flatMap((row) => selectStatements(model, row))),
          ...[
            // Cached tokens are inside the input count: their share is the difference of the two rates.
            `set(${CHARGE}, ${INPUT} * ${RATES}["input"] + ${OUTPUT} * ${RATES}["output"])`,
            add(CACHE_READ, 'cacheRead', 'input'),
            add(CACHE_WRITE, 'cacheWrite5m', 'input'),
            add(CACHE_WRITE_1H, 'cacheWrite1h', 'cacheWrite5m'),
            `set(${COST}, (${CHARGE} + 500) / 1000)`,
            `set(${spanAttribute('gen_ai.usage.cost')}, Double(${COST}) / 1000000000.0)`,
            `set(${spanAttribute('tallyspan.cost.status')}, "estimated")`,
            `set(${spanAttribute('tallyspan.price.table')}, ${literal(PRICE_TABLE_VERSION)})`,
            `set(${spanAttribute('tallyspan.price.row')}, ${ROW})`,
          ].map((statement) =>
            statement.includes(' where ')
              ? `${statement} and ${ROW} != nil`
              : `${statement} where ${ROW} != nil`,
          ),
        ],
      },
    ],
  };
}

/** A foreign model call on the Claude API, with counts and without a cost, and nothing that changes its price. */
function callCondition(): string {
  const provider = spanAttribute('gen_ai.provider.name');
  return [
    `${spanAttribute(RULE_KEY)} != nil`,
    ...DIALECTS.filter((dialect) => dialect.isServerSide).map(
      ({ id }) => `not IsMatch(${spanAttribute(RULE_KEY)}, ${literal(`^${id}/`)})`,
    ),
    `IsMatch(${spanAttribute('gen_ai.operation.name')}, ${literal('^(?:chat|text_completion|generate_content)$')})`,
    `(${provider} == nil or ${provider} == "anthropic")`,
    ...[INPUT, OUTPUT].map((path) => `${path} != nil`),
    `${COST} == nil`,
    ...NOT_STANDARD.map(spanAttribute).map(
      (path) =>
        `(${[`${path} == nil`, ...STANDARD_VALUES.map((value) => `${path} == ${literal(value)}`)].join(' or ')})`,
    ),
  ].join(' and ');
}

/** Notes row and rates of the model that answered, at the time of the call. Ids match whole, with or without their date. */
function selectStatements(model: PricedModel, row: PriceRow): string[] {
  const names = [model.id, ...(model.aliases ?? [])].map((name) => name.replaceAll('.', '\\.'));
  const pattern = literal(`^(?:${names.join('|')})(?:-20[0-9]{6})?$`);
  const conditions = [`IsMatch(${spanAttribute('gen_ai.response.model')}, ${pattern})`];
  if (model.rows.length > 1) {
    conditions.push(`span.start_time_unix_nano >= ${toNano(row.validFrom)}`);
    if (row.validTo !== null) conditions.push(`span.start_time_unix_nano < ${toNano(row.validTo)}`);
  }
  const name = `anthropic/${model.id}@${row.validFrom}`;
  if (row.longPrompt === undefined) return selectRates(name, row.rates, conditions);
  const { over, rates } = row.longPrompt;
  return [
    ...selectRates(name, row.rates, [...conditions, `${INPUT} <= ${over}`]),
    ...selectRates(`${name}+over_${over}`, rates, [...conditions, `${INPUT} > ${over}`]),
  ];
}

function selectRates(row: string, rates: RateCard, conditions: readonly string[]): string[] {
  const map = Object.entries(rates).map(([bucket, rate]) => `"${bucket}": ${rate}`);
  return [
    `set(${ROW}, ${literal(row)}) where ${conditions.join(' and ')}`,
    `set(${RATES}, {${map.join(', ')}}) where ${ROW} == ${literal(row)}`,
  ];
}

function toNano(day: string): string {
  return `${Date.parse(day)}000000`;
}
