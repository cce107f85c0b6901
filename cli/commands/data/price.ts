// `tallyspan price`: what one usage object, or one whole Message, costs.

import { InvalidArgumentError, Option, type Command } from 'commander';
import { formatCost, formatCount } from '../../../core/text/format.ts';
import { MessageReader } from '../../../core/model-call/message-reader.ts';
import { modelCallFields } from '../../../core/model-call/model-call-fields.ts';
import { usdOf } from '../../../core/money.ts';
import { PLATFORMS, type Platform } from '../../../core/pricing/circumstances.ts';
import { priceCall, type CallCost, type PriceOverrides } from '../../../core/pricing/cost.ts';
import { requestOfMessage, type PriceRequest } from '../../../core/pricing/price-request.ts';
import type { Usage } from '../../../core/pricing/usage.ts';
import { utcInstantOf } from '../../../core/time/utc-instant.ts';
import { writeJson } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import { untilInterrupted } from '../../terminal/interruption.ts';
import type { CliIo } from '../../terminal/io.ts';
import { loadPriceOverrides } from '../../prices/price-overrides-file.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import { renderTable } from '../../terminal/table.ts';

interface PriceOptions {
  readonly model?: string;
  readonly usage?: string;
  readonly message?: string;
  readonly at?: number;
  readonly platform?: Platform;
  readonly region?: string;
  readonly billTo?: string;
  readonly prices?: string;
  readonly json?: true;
}

export function registerPrice(program: Command, io: CliIo): void {
  program
    .command('price')
    .description('price one raw usage object of the Claude API, or one whole Message')
    .argument('[source]', '- reads a usage object or a Message from standard input')
    .option('--model <id>', 'model id in the form of its platform; a Message names its own')
    .option('--usage <json>', 'usage object, as JSON')
    .option('--message <json>', 'whole Message, as JSON')
    .option('--at <time>', 'when the call was made, ISO 8601, UTC unless it says otherwise', parseTime)
    .addOption(
      new Option('--platform <name>', 'where the call ran (default: what the id says)').choices(PLATFORMS),
    )
    .option('--region <name>', 'region or location of the call on a cloud (default: the global endpoint)')
    .addOption(
      new Option('--bill-to <who>', 'billing_policy.bill_to of the request').choices([
        'self',
        'user_profile',
      ]),
    )
    .option('--prices <file>', 'price override file (default: TALLYSPAN_PRICES)')
    .option('--json', 'print JSON')
    .action(async (source: string | undefined, options: PriceOptions) => {
      const request = await readRequest(source, options, io);
      const overrides = await loadPriceOverrides(options.prices, io.env);
      const cost = priceFirstKnown(request, options.model, overrides);
      if (options.json === true) writeJson(io, toJson(cost));
      else io.stdout.write(toText(cost, request, io));
    });
}

// A Message names the model that answered. The model of the command line is the one that was asked for, and
// prices the call only when the answering one has no price (a deployment that the user named).
function priceFirstKnown(
  request: PriceRequest,
  model: string | undefined,
  overrides: PriceOverrides | undefined,
): CallCost {
  const { reading, circumstances } = request;
  const cost = priceCall(reading, circumstances, overrides);
  if (cost.status !== 'unpriced' || model === undefined || model === circumstances.model) return cost;
  const fallback = priceCall(reading, { ...circumstances, model }, overrides);
  return fallback.status === 'unpriced' ? cost : fallback;
}

async function readRequest(
  source: string | undefined,
  options: PriceOptions,
  io: CliIo,
): Promise<PriceRequest> {
  const given = [source, options.usage, options.message].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw usageError('price wants exactly one of --usage JSON, --message JSON and - (standard input).');
  }
  if (source !== undefined && source !== '-') {
    throw usageError(`price does not know "${source}". Write - to read standard input.`);
  }
  const text =
    given[0] === '-' ? await untilInterrupted(io.signal, () => readAll(io.stdin)) : (given[0] ?? '');
  const label = source === '-' ? 'standard input' : options.usage === undefined ? '--message' : '--usage';
  const value = parseInput(text, label);
  const isMessage = options.message !== undefined || (source === '-' && looksLikeMessage(value));
  if (!isMessage && looksLikeMessage(value)) {
    throw usageError('--usage holds a whole Message. Give it as --message.');
  }
  if (isMessage && !looksLikeMessage(value)) {
    throw usageError(
      '--message holds no Message: neither "usage" nor "type" is there. Give a usage object as --usage.',
    );
  }
  // A usage alone is a Message of which nothing else is known.
  const message = new MessageReader().readMessage(isMessage ? value : { usage: value });
  const request = requestOfMessage(message, {
    atMs: options.at ?? io.now(),
    requestedModel: options.model,
    platform: options.platform,
    region: options.region,
    billTo: options.billTo,
  });
  if (request.circumstances.model === '') {
    throw usageError(`${label} names no model. Add --model, for example --model claude-opus-5-5.`);
  }
  return request;
}

function looksLikeMessage(value: Readonly<Record<string, unknown>>): boolean {
  return 'usage' in value || value['type'] === 'message';
}

// A usage of null is an object with nothing in it: the call is unpriced, not the command wrong.
function parseInput(text: string, label: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`${label} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw usageError(`${label} is no JSON object. Give the usage as the API sent it.`);
  }
  return value as Record<string, unknown>;
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function parseTime(text: string): number {
  const atMs = utcInstantOf(text);
  if (atMs === undefined) {
    throw new InvalidArgumentError(`"${text}" is no time; write 2026-11-21T09:30:00Z or the like.`);
  }
  return atMs;
}

function toJson(cost: CallCost): Record<string, unknown> {
  if (cost.status === 'unpriced') {
    return { status: cost.status, reason: cost.reason, detail: cost.detail, table: cost.table };
  }
  const fields = Object.entries(modelCallFields({ cost }));
  return {
    status: cost.status,
    cost_nano_usd: cost.costNanoUsd,
    cost_usd: usdOf(cost.costNanoUsd),
    reason: cost.reason ?? null,
    table: cost.table,
    row: cost.row,
    buckets: Object.fromEntries(fields.filter(([name]) => /^cost_.+_nano_usd$/.test(name))),
  };
}

function toText(cost: CallCost, { reading, circumstances }: PriceRequest, io: CliIo): string {
  const at = new Date(circumstances.atMs).toISOString();
  if (cost.status === 'unpriced') {
    return `unpriced (${cost.reason}): ${safeText(cost.detail)}\nat ${at}, table ${cost.table}\n`;
  }
  const usage = 'error' in reading ? undefined : reading.usage;
  const rows = BUCKET_TITLES.map(([title, bucket, count]) => ({
    title,
    count: usage?.[count] ?? 0,
    cost: cost.buckets[bucket],
  })).filter((row) => row.count > 0);
  const table = renderTable(
    rows,
    [
      { title: 'BUCKET', value: (row) => row.title },
      { title: 'COUNT', align: 'right', value: (row) => formatCount(row.count) },
      { title: 'COST', align: 'right', value: (row) => formatCost(row.cost) },
    ],
    io.stdout,
  );
  const reason = cost.reason === undefined ? '' : ` (${cost.reason})`;
  return (
    `${formatCost(cost.costNanoUsd)}  ${cost.status}${reason}\n` +
    (rows.length > 0 ? table : '') +
    `at ${at}, table ${cost.table}, row ${cost.row}\n`
  );
}

const BUCKET_TITLES: readonly (readonly [
  title: string,
  bucket: keyof Extract<CallCost, { costNanoUsd: number }>['buckets'],
  count: keyof Usage,
])[] = [
  ['input', 'input', 'input'],
  ['cache read', 'cacheRead', 'cacheRead'],
  ['cache write 5m', 'cacheWrite5m', 'cacheWrite5m'],
  ['cache write 1h', 'cacheWrite1h', 'cacheWrite1h'],
  ['output', 'output', 'output'],
  ['web search', 'webSearch', 'webSearches'],
];
