// `tallyspan price` as a user runs it: what goes in, what comes out, and what is wrong usage.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { CliError } from '../../cli/terminal/cli-error.ts';
import { registerPrice } from '../../cli/commands/data/price.ts';
import { PRICE_TABLE_VERSION } from '../../core/pricing/cost.ts';

const USAGE = { input_tokens: 1000, output_tokens: 100 };

interface Run {
  readonly output: string;
  /** Undefined when the command succeeded. */
  readonly error?: { readonly exitCode: number; readonly message: string };
}

async function runPrice(args: readonly string[], stdin = '', env: NodeJS.ProcessEnv = {}): Promise<Run> {
  let output = '';
  const program = new Command('tallyspan').exitOverride().configureOutput({ writeErr: () => {} });
  registerPrice(program, {
    stdin: Readable.from([stdin]),
    stdout: { write: (text) => (output += text) },
    stderr: { write: () => true },
    env,
    now: () => Date.parse('2026-11-21T12:00:00Z'),
    signal: new AbortController().signal,
  });
  // Options of subcommands report errors through their own command.
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await program.parseAsync(['price', ...args], { from: 'user' });
    return { output };
  } catch (error) {
    if (error instanceof CliError) return { output, error };
    // The program exits with 2 whatever commander says.
    if (error instanceof CommanderError) return { output, error: { exitCode: 2, message: error.message } };
    throw error;
  }
}

async function readJson(args: readonly string[], stdin?: string, env?: NodeJS.ProcessEnv): Promise<unknown> {
  const { output, error } = await runPrice([...args, '--json'], stdin, env);
  if (error) throw new Error(error.message);
  return JSON.parse(output);
}

describe('a price as JSON', () => {
  it('has status, cost, table, row and buckets that sum to the cost', async () => {
    const json = await readJson(['--model', 'claude-opus-5-5', '--usage', JSON.stringify(USAGE)]);
    // 1,000×4,000 + 100×20,000
    expect(json).toEqual({
      status: 'priced',
      cost_nano_usd: 6_000_000,
      cost_usd: 0.006,
      reason: null,
      table: expect.stringMatching(/^2\d{3}-/),
      row: 'anthropic/claude-opus-5-5@2026-09-22',
      buckets: {
        cost_input_nano_usd: 4_000_000,
        cost_cache_read_nano_usd: 0,
        cost_cache_write_5m_nano_usd: 0,
        cost_cache_write_1h_nano_usd: 0,
        cost_output_nano_usd: 2_000_000,
        cost_web_search_nano_usd: 0,
      },
    });
  });

  it('of an unpriced call has a reason and no cost keys, and is no error', async () => {
    const json = await readJson(['--model', 'claude-opus-9', '--usage', JSON.stringify(USAGE)]);
    expect(json).toEqual({
      status: 'unpriced',
      reason: 'unknown_model',
      detail: '"claude-opus-9" is not in the price table',
      table: expect.any(String),
    });
    expect(await readJson(['--model', 'claude-opus-5-5', '--usage', 'null'])).toMatchObject({
      reason: 'usage_missing',
    });
  });

  it.each<[args: string[], costNanoUsd: number]>([
    // 1,000×4,000×1.1 + 100×20,000×1.1
    [['--model', 'us.anthropic.claude-opus-5-5'], 6_600_000],
    [['--model', 'claude-opus-5-5', '--platform', 'vertex', '--region', 'europe-west1'], 6_600_000],
    [['--model', 'claude-opus-5-5', '--platform', 'foundry', '--region', 'us'], 6_600_000],
    [['--model', 'claude-opus-5-5', '--platform', 'aws', '--region', 'us-east-1'], 6_000_000],
    [['--model', 'claude-sonnet-4-5@20250929', '--region', 'global'], 4_500_000],
    [['--model', 'claude-3-5-haiku', '--at', '2024-12-02T23:59:59Z'], 1_500_000],
    [['--model', 'claude-3-5-haiku', '--at', '2024-12-03'], 1_200_000],
    [['--model', 'claude-3-5-haiku', '--at', '2024-12-03T00:00:00'], 1_200_000],
    [['--model', 'claude-3-5-haiku', '--at', '2024-12-03T00:59:59+01:00'], 1_500_000],
  ])('takes platform, region and time: %j', async (args, costNanoUsd) => {
    expect(await readJson([...args, '--usage', JSON.stringify(USAGE)])).toMatchObject({
      cost_nano_usd: costNanoUsd,
    });
  });

  it('takes the payer', async () => {
    const args = [
      '--model',
      'claude-opus-5-5',
      '--usage',
      JSON.stringify(USAGE),
      '--bill-to',
      'user_profile',
    ];
    expect(await readJson(args)).toMatchObject({ status: 'unpriced', reason: 'user_profile_billed' });
  });
});

describe('a whole Message', () => {
  const message = {
    type: 'message',
    model: 'claude-opus-5-5',
    content: [{ type: 'text', text: 'x' }],
    usage: USAGE,
  };

  it('names its own model', async () => {
    expect(await readJson(['--message', JSON.stringify(message)])).toMatchObject({
      cost_nano_usd: 6_000_000,
    });
  });
  it('is recognised on standard input, as a usage object is', async () => {
    expect(await readJson(['-'], JSON.stringify(message))).toMatchObject({ cost_nano_usd: 6_000_000 });
    expect(await readJson(['-', '--model', 'claude-opus-5-5'], JSON.stringify(USAGE))).toMatchObject({
      cost_nano_usd: 6_000_000,
    });
    expect(await readJson(['--message', '-'], JSON.stringify(message))).toMatchObject({
      cost_nano_usd: 6_000_000,
    });
  });
  it('that was refused before any output is free', async () => {
    const refused = {
      ...message,
      content: [],
      stop_reason: 'refusal',
      usage: { input_tokens: 106, output_tokens: 1 },
    };
    expect(await readJson(['--message', JSON.stringify(refused)])).toMatchObject({
      status: 'priced',
      cost_nano_usd: 0,
      reason: 'refusal_not_billed',
    });
  });
  it('that never ended is an estimate; one with code execution is partial', async () => {
    const cut = JSON.stringify({ ...message, stop_reason: null });
    expect(await readJson(['--message', cut])).toMatchObject({ status: 'estimated', reason: 'aborted' });
    const code = JSON.stringify({ ...message, container: { id: 'c' } });
    expect(await readJson(['--message', code])).toMatchObject({
      status: 'partial',
      reason: 'code_execution',
    });
  });
  it('with --model is one that was asked for by that id', async () => {
    const args = ['--message', JSON.stringify(message), '--model'];
    expect(await readJson([...args, 'eu.anthropic.claude-opus-5-5'])).toMatchObject({
      cost_nano_usd: 6_600_000,
    });
    const own = ['--message', JSON.stringify({ ...message, model: 'my-deployment' }), '--model'];
    expect(await readJson([...own, 'claude-opus-5-5'])).toMatchObject({ cost_nano_usd: 6_000_000 });
    expect(await readJson([...own, 'my-other'])).toMatchObject({ status: 'unpriced' });
  });
});

describe('a price as text', () => {
  it('shows cost, status and the buckets that hold something', async () => {
    const { output } = await runPrice(['--model', 'claude-opus-5-5', '--usage', JSON.stringify(USAGE)]);
    expect(output).toBe(
      '$0.0060  priced\n' +
        'BUCKET  COUNT     COST\n' +
        'input   1,000  $0.0040\n' +
        'output    100  $0.0020\n' +
        `at 2026-11-21T12:00:00.000Z, table ${PRICE_TABLE_VERSION}, row anthropic/claude-opus-5-5@2026-09-22\n`,
    );
  });
  it('says why there is no price', async () => {
    const { output } = await runPrice([
      '--model',
      'anthropic/claude-opus-5.5',
      '--usage',
      JSON.stringify(USAGE),
    ]);
    expect(output).toMatch(/^unpriced \(gateway\): "anthropic\/claude-opus-5\.5" is a gateway's id/);
  });
});

describe('wrong usage says what, where and what to do', () => {
  const model = ['--model', 'claude-opus-5-5'];
  it.each<[args: string[], stdin: string, message: RegExp]>([
    [model, '', /exactly one of --usage JSON, --message JSON and -/],
    [[...model, '--usage', '{}', '--message', '{}'], '', /exactly one of/],
    [[...model, '-', '--usage', '{}'], '', /exactly one of/],
    [[...model, 'file.json'], '', /does not know "file\.json"\. Write -/],
    [[...model, '--usage', '{x'], '', /--usage is no JSON: /],
    [[...model, '--usage', '[]'], '', /--usage is no JSON object/],
    [[...model, '--usage', '5'], '', /--usage is no JSON object/],
    [[...model, '-'], '', /standard input is no JSON/],
    [['--usage', '{}'], '', /--usage names no model\. Add --model/],
    [['--message', '{"usage": {}}'], '', /--message names no model/],
    [[...model, '--usage', '{"usage": {}}'], '', /--usage holds a whole Message\. Give it as --message/],
    [[...model, '--message', '{"input_tokens": 1}'], '', /--message holds no Message/],
    [[...model, '--usage', '{}', '--at', 'yesterday'], '', /"yesterday" is no time; write 2026-/],
    [[...model, '--usage', '{}', '--at', '2026-02-30T99:00:00Z'], '', /is no time/],
    [
      [...model, '--usage', '{}', '--platform', 'azure'],
      '',
      /Allowed choices are anthropic, bedrock, vertex, foundry, aws/,
    ],
    [[...model, '--usage', '{}', '--oops'], '', /unknown option '--oops'/],
  ])('%j', async (args, stdin, message) => {
    const { error } = await runPrice(args, stdin);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });
});

describe('the override file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-prices-'));
    await writeFile(path.join(folder, 'half.json'), '{"multiplier": 0.5}');
    await writeFile(path.join(folder, 'quarter.json'), '{"multiplier": 0.25}');
    await writeFile(path.join(folder, 'bad.json'), '{\n  "multiplier": 0,\n  "oops": 1\n}');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const args = ['--model', 'claude-opus-5-5', '--usage', JSON.stringify(USAGE)];

  it('comes from TALLYSPAN_PRICES, and --prices wins over it', async () => {
    const env = { TALLYSPAN_PRICES: path.join(folder, 'half.json') };
    expect(await readJson(args, '', env)).toMatchObject({ cost_nano_usd: 3_000_000 });
    expect(await readJson([...args, '--prices', path.join(folder, 'quarter.json')], '', env)).toMatchObject({
      cost_nano_usd: 1_500_000,
      table: expect.stringMatching(/\+override\./),
    });
    expect(await readJson(args, '', { TALLYSPAN_PRICES: '' })).toMatchObject({ cost_nano_usd: 6_000_000 });
  });

  it('with errors stops the command and names each line and key', async () => {
    const file = path.join(folder, 'bad.json');
    const { output, error } = await runPrice([...args, '--prices', file]);
    expect(output).toBe('');
    expect(error?.exitCode).toBe(1);
    expect(error?.message).toContain(`${file}:2: multiplier is 0; write a number`);
    expect(error?.message).toContain(`${file}:3: oops is no key here`);
  });

  it('that cannot be read stops the command and names where it was asked for', async () => {
    const { error } = await runPrice(args, '', { TALLYSPAN_PRICES: path.join(folder, 'none.json') });
    expect(error).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/none\.json \(ENOENT\).*TALLYSPAN_PRICES/),
    });
    const option = await runPrice([...args, '--prices', folder]);
    expect(option.error?.message).toMatch(/\(EISDIR\).*--prices/);
  });
});
