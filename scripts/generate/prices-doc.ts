// docs/prices.md: the price table with its sources, and the rules around it.

import { format } from 'prettier';
import type { PricedModel, PriceRow, PriceSource, RateCard } from '../../core/prices/price-row.ts';
import {
  PRICE_TABLE_VERSION,
  PRICED_MODELS,
  UNPRICED_MODELS,
  WEB_SEARCH_MICRO_USD,
} from '../../core/prices/table.ts';

const MICRO_USD_PER_USD = 1_000_000;
const NONE = '–';

export const pricesDoc = { path: 'docs/prices.md', render: renderPricesDoc };

/** The whole document, as Prettier would write it. */
export async function renderPricesDoc(): Promise<string> {
  const text = [INTRODUCTION, renderTable(), renderUnpriced(), renderSources(), RULES].join('\n\n');
  return format(text, { parser: 'markdown', printWidth: 110, proseWrap: 'preserve' });
}

const INTRODUCTION = `# Prices

<!-- Generated from core/prices by npm run generate. -->

What a call on Claude costs, and where each number comes from. Table version ${PRICE_TABLE_VERSION}. Ask it with \`tallyspan price\`; \`tallyspan prices check\` says how old it is and where other lists disagree.

Prices are USD per million tokens on the Claude API, at standard speed, without batch or data residency. A row holds from the first moment (UTC) of its first day until the next row of the model begins; a call before the first row is unpriced. "Over" is the rate card of a longer prompt.`;

function renderTable(): string {
  const lines = [
    '## Table',
    '',
    '| Model | From | Until | Input | Write 5m | Write 1h | Read | Output | Fast input / output | Source |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
  ];
  for (const model of PRICED_MODELS) for (const row of model.rows) lines.push(...renderRow(model, row));
  return lines.join('\n');
}

function renderRow(model: PricedModel, row: PriceRow): string[] {
  const span = [row.validFrom, row.validTo ?? NONE];
  const source = [row.source, ...(row.fastSource ? [row.fastSource] : [])].map(sourceMark).join(', ');
  const fast = row.fast === 'standard' ? 'as standard' : showFast(row.fast);
  const line = (name: string, card: RateCard, fastPrice: string): string =>
    `| ${[name, ...span, ...showCard(card), fastPrice, source].join(' | ')} |`;
  const lines = [line(`\`${model.id}\``, row.rates, fast)];
  if (row.longPrompt) {
    const over = row.longPrompt.over.toLocaleString('en-US');
    lines.push(line(`\`${model.id}\` over ${over}`, row.longPrompt.rates, showFast(row.longPrompt.fast)));
  }
  return lines;
}

function showCard(card: RateCard): string[] {
  return [card.input, card.cacheWrite5m, card.cacheWrite1h, card.cacheRead, card.output].map(showUsd);
}

function showFast(card: RateCard | undefined): string {
  return card ? `${showUsd(card.input)} / ${showUsd(card.output)}` : NONE;
}

function showUsd(microUsd: number): string {
  return String(microUsd / MICRO_USD_PER_USD);
}

function renderUnpriced(): string {
  const lines = Object.entries(UNPRICED_MODELS).map(([id, reason]) => `| \`${id}\` | ${reason} |`);
  return ['Known models without a price:', '', '| Model | Why |', '| --- | --- |', ...lines].join('\n');
}

const SOURCE_LIST: readonly PriceSource[] = [
  ...new Set(
    PRICED_MODELS.flatMap(({ rows }) =>
      rows.flatMap(({ source, fastSource }) => [source, fastSource ?? source]),
    ),
  ),
];

function sourceMark(source: PriceSource): string {
  return `[${SOURCE_LIST.indexOf(source) + 1}](#sources)`;
}

function renderSources(): string {
  const lines = SOURCE_LIST.map(
    ({ url, retrievedAt, confidence, note = '' }, index) =>
      `| ${index + 1} | ${url} | ${retrievedAt} | ${confidence} | ${note} |`,
  );
  return [
    '## Sources',
    '',
    '| No. | Page | Read on | Confidence | Note |',
    '| --: | --- | --- | --- | --- |',
    ...lines,
    '',
    'Confidence: `official` was read on a page of Anthropic (in the edition that the note names); `quoted` is such a page quoted by others with a date; `secondary` is from others only; `inferred` is a conclusion.',
  ].join('\n');
}

const RULES = `## Rules

| What | Rule | Read from |
| --- | --- | --- |
| Batch | half of every token rate | \`usage.service_tier\` = \`batch\` |
| Data residency | × 1.1 on every token rate, from Claude 4.6 on; Claude API, Claude Platform on AWS, US Data Zone of Foundry | \`usage.inference_geo\` = \`us\`; on Foundry also the region |
| Regional endpoint | × 1.1 on every token rate, from Claude 4.5 on; Bedrock and Google Cloud | Bedrock: the prefix of the inference profile (\`global.\` is not regional, all others are; without a prefix the call stays in its region). Google Cloud: the location of the client (\`global\`, or none given, is not regional) |
| Fast mode | rates of its own; on Google Cloud for Fable 5.2 only, on Foundry for Opus 5.5 only, not on Bedrock, not in a batch | \`usage.speed\` = \`fast\` |
| Long prompt | the whole request, output too, at the higher card when input + cache reads + cache writes exceed the threshold | token counts of the request |
| Cache writes | by lifetime; writes that came without one are five-minute writes and make the cost an estimate | \`usage.cache_creation\` |
| Web search | $${((WEB_SEARCH_MICRO_USD * 1000) / MICRO_USD_PER_USD).toString()} per 1,000, never multiplied | \`usage.server_tool_use.web_search_requests\` |
| Web fetch | free beyond its tokens | – |
| Iterations | when \`usage.iterations\` is not empty the call is the sum of its entries, each at its own model; the top level is not added. A compaction runs on the requested model, advisors and fallbacks on their own. An attempt declined before output (no more than one output token, and a fallback after it) is free | \`usage.iterations\` |
| Refusal before any output | free, although the usage shows tokens; in mid-stream it costs its input and the output so far | \`stop_reason\` = \`refusal\`; no content block but empty text |
| Stream | the usage of \`message_start\`, each field replaced by its last value in a \`message_delta\`; nothing is added | events of the stream |
| Aborted stream | what was counted until then or, if more, what was written at 3.8 characters a token; an estimate | no \`message_delta\` came; in a whole Message, \`stop_reason\` = \`null\` |

Factors multiply: a batch with US residency costs 0.55 of the table.

## Ids

A model id is brought to an id of the table in this order, and must then match exactly:

1. \`[1m]\` at the end is taken off.
2. A Bedrock ARN of an inference profile or foundation model, and a Google Cloud resource path, are reduced to the id in them.
3. The prefix of a Bedrock profile (\`global.\`, \`us.\`, \`eu.\`, \`jp.\`, \`au.\`, \`apac.\`, \`us-gov.\`), \`anthropic.\` and a Bedrock version (\`-v1\`, \`-v1:0\`) are taken off.
4. A date (\`-20251001\`, \`@20251001\`), \`@default\` or \`@latest\` is taken off.

An application inference profile does not say its model, and a gateway (\`anthropic/claude-opus-5.5\`, \`claude-opus-4-8-fast\`) has prices of its own: both are unpriced unless the override file names them. When an answer to an application inference profile names its model, the call is priced as an estimate, since the profile may be global or regional; an answer of a gateway stays unpriced.

## Status

| Status | Meaning | Reasons |
| --- | --- | --- |
| \`priced\` | exact by the table | \`refusal_not_billed\` on a call that cost nothing |
| \`estimated\` | a cost with a doubt | \`aborted\`, \`cache_lifetime_unknown\`, \`inference_geo_unknown\`, \`step_kind_unknown\`, \`step_speed_unknown\`, \`prompt_length_per_step\`, \`refusal_after_other_steps\`, \`profile_scope_unknown\`, \`location_unknown\`, \`foreign_span\` |
| \`partial\` | something beside the tokens is not in it | \`code_execution\` |
| \`unpriced\` | no cost at all, never 0 | \`unknown_model\`, \`opaque_inference_profile\`, \`gateway\`, \`priority_tier\`, \`unknown_service_tier\`, \`fast_not_in_table\`, \`usage_missing\`, \`usage_invalid\`, \`user_profile_billed\` |

## What no response shows

- **Container hours** of code execution: 1,550 hours a month are free for an organisation, then $0.05 an hour and container; no response carries a duration. Such a call is \`partial\`, unless a web tool that was called by code shows that the newer web tools, with which containers are free, ran it. A \`container\` in the Message counts as its use.
- **Session hours** of Managed Agents.
- **Contract discounts**, Priority Tier and marketplace commitments. Put contract rates into the override file.
- **Whether the turns of one server-side loop are one prompt or many** for the threshold of Haiku 5.5. Each turn is judged alone, and the cost is an estimate when all turns together would be over the threshold. A response without iterations is judged by its totals.
- **Searches of a declined attempt**: its count is not in the usage.

## Arithmetic

Rates are whole micro-USD per million tokens, factors exact fractions, sums exact integers. A call is rounded once, to the nearest nano-USD (one half goes up). Its buckets are rounded down, and what is left over goes, one nano-USD each, to the largest remainders: so the buckets sum to the cost exactly.

## Override file

\`TALLYSPAN_PRICES\` or \`--prices\` names a JSON file. The preload prices by it what it sees; \`tallyspan up\` what others report (spans, logs and transcripts of Claude Code), so give both the same file; \`import claude\`, \`price\` and \`recost\` use it, too. For what was recorded without it, \`tallyspan recost --prices FILE --apply\` appends the difference. All keys are optional:

\`\`\`json
{
  "multiplier": 0.85,
  "models": {
    "claude-opus-5-5": {
      "input": 3.6,
      "output": 18,
      "cacheRead": 0.18,
      "cacheWrite5m": 4.5,
      "cacheWrite1h": 7.2,
      "from": "2026-10-01",
      "to": "2027-10-01"
    }
  },
  "aliases": {
    "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc": "eu.anthropic.claude-opus-5-5",
    "my-foundry-deployment": "claude-sonnet-5-5"
  },
  "regions": { "us-central1": "regional" }
}
\`\`\`

| Key | Meaning |
| --- | --- |
| \`multiplier\` | on every list price, web searches too; above 0, at most 10 |
| \`models\` | contract rates by model id, USD per million tokens; charged as written: no batch, residency, region, fast mode or multiplier changes them. \`cacheWrite\` stands for both lifetimes. \`from\` and \`to\` are UTC days; outside them the table holds |
| \`aliases\` | an id of your own and the id, or the key of \`models\`, that it stands for |
| \`regions\` | a location, and whether its endpoint is \`global\` or \`regional\` |

Rates and the multiplier have at most six decimals. A file with an error is not used at all; the message names line and key. Every call priced with the file carries its hash in \`tallyspan.price.table\`. A new table or file never changes a cost that was recorded.`;
