// One price: a Message costs the same whichever way it comes, or the path names what it cannot know.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { registerPrice } from '../../cli/commands/data/price.ts';
import { ClaudeLogReader } from '../../core/claude-code/claude-log-reader.ts';
import { translateSpan } from '../../core/dialects.ts';
import { DIALECTS } from '../../core/dialects/table.ts';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { recostCall } from '../../core/pricing/recost.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import type { RecordedRequest, Scenario } from '../fakes/anthropic-api.ts';
import { DIALECT_FIXTURES } from '../fixtures/dialect-spans.ts';
import { streamOf } from '../fixtures/corpus-stream.ts';
import {
  knowledgeNeeded,
  MESSAGE_CORPUS,
  type CorpusMessage,
  type Knowledge,
} from '../fixtures/message-corpus.ts';
import {
  answerLine,
  callsIn,
  eventsOf as transcriptEvents,
  readLines,
  userLine,
} from '../transcripts/transcript.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

type Json = Readonly<Record<string, unknown>>;

interface Price {
  readonly status: string | undefined;
  readonly nanoUsd: number | undefined;
  readonly reason: string | undefined;
}

const PROGRAM = path.join(import.meta.dirname, 'programs/every-path.mjs');
const WAYS = [
  'create',
  'beta',
  'with_response',
  'as_response',
  'as_response_text',
  'post',
  'stream',
  'as_response_stream',
  'helper',
  'beta_helper',
  'batch',
  'agent',
];
/** What a usage alone does not show; a message that needs it is not held against its price. */
const UNKNOWN_TO_USAGE: readonly Knowledge[] = ['stop reason', 'content', 'requested model'];

function priceOf(event: EventRecord): Price {
  return {
    status: event['tallyspan.cost.status'],
    nanoUsd: event.cost_nano_usd,
    reason: event['tallyspan.cost.unpriced_reason'] ?? event['tallyspan.cost.reason'],
  };
}

function expectedOf({ status, nanoUsd, reason }: CorpusMessage): Price {
  return { status, nanoUsd, reason };
}

const named = (way: string, { name, message }: CorpusMessage): Json => ({
  ...message,
  id: `msg_${way}_${name}`,
});
const caseOf = (name: string): CorpusMessage => {
  const found = MESSAGE_CORPUS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
};

function scenario(): Scenario {
  return {
    exchanges: [],
    respond: ({ path: url, body, headers }: RecordedRequest) => {
      if (url.endsWith('/results')) {
        const rows = MESSAGE_CORPUS.map((each) => ({
          custom_id: each.name,
          result: { type: 'succeeded', message: named('batch', each) },
        }));
        return {
          json: rows.map((row) => JSON.stringify(row)).join('\n'),
          headers: { 'content-type': 'application/binary' },
        };
      }
      if (url.includes('/batches/')) {
        const results = `http://${String(headers.host)}/v1/messages/batches/batch_1/results`;
        return { json: { id: 'batch_1', processing_status: 'ended', results_url: results } };
      }
      const { messages, stream } = body as { messages: { content: string }[]; stream?: boolean };
      const [way = '', name = ''] = messages[0]?.content.split(' ') ?? [];
      const each = caseOf(name);
      const message = named(way, each);
      return stream === true ? { events: streamOf({ ...each, message }) } : { json: message };
    },
  };
}

/** What the Agent SDK shows of the message: a slice for each block, the last with the usage, and the totals. */
function agentMessagesOf(each: CorpusMessage): Json[] | undefined {
  const message = named('agent', each);
  const stopReason = message['stop_reason'];
  const blocks = message['content'] as readonly Json[];
  const isCut = stopReason === null;
  // The output of a slice is counted as it stands: what was written until a cut is not known to be all.
  if (isCut && blocks.length > 0) return undefined;
  const usage = message['usage'] as Json;
  const slices = blocks.length === 0 ? [[]] : blocks.map((block) => [block]);
  const reading = readUsage(usage);
  const modelUsage: Record<string, Record<string, number>> = {};
  for (const part of 'error' in reading ? [] : reading.parts) {
    const model = part.model ?? each.requested ?? String(message['model']);
    const totals = (modelUsage[model] ??= {});
    const add = (key: string, count: number): void => {
      totals[key] = (totals[key] ?? 0) + count;
    };
    add('inputTokens', part.input);
    add('outputTokens', part.output);
    add('cacheReadInputTokens', part.cacheRead);
    add('cacheCreationInputTokens', part.cacheWrite5m + part.cacheWrite1h);
    add('cacheCreationEphemeral1hInputTokens', part.cacheWrite1h);
  }
  if (!('error' in reading)) {
    const totals = (modelUsage[String(message['model'])] ??= {});
    totals['webSearchRequests'] = reading.usage.webSearches;
  }
  return [
    { type: 'system', subtype: 'init', session_id: `session_${each.name}` },
    ...slices.map((content, index) => ({
      type: 'assistant',
      parent_tool_use_id: null,
      message:
        index === slices.length - 1
          ? { ...message, content }
          : { ...message, content, stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    })),
    ...(isCut
      ? []
      : [{ type: 'result', subtype: 'success', is_error: false, stop_reason: stopReason, modelUsage }]),
  ];
}

async function runPrice(...args: readonly string[]): Promise<Price> {
  let output = '';
  const program = new Command('tallyspan').exitOverride();
  registerPrice(program, {
    stdin: Readable.from(['']),
    stdout: { write: (text: string) => (output += text) },
    stderr: { write: () => true },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  await program.parseAsync(['price', ...args, '--json'], { from: 'user' });
  const json = JSON.parse(output) as { status: string; cost_nano_usd?: number; reason: string | null };
  return { status: json.status, nanoUsd: json.cost_nano_usd, reason: json.reason ?? undefined };
}

function isKnown(each: CorpusMessage, unknown: readonly Knowledge[]): boolean {
  const needed = knowledgeNeeded(each);
  return unknown.every((knowledge) => !needed.has(knowledge));
}

/** The messages whose price by the way is another, as way, name and both prices. */
function differences(
  way: string,
  priced: (each: CorpusMessage) => Price | undefined,
  corpus: readonly CorpusMessage[] = MESSAGE_CORPUS,
): unknown[] {
  return corpus.flatMap((each) => {
    const got = priced(each);
    const expected = expectedOf(each);
    return JSON.stringify(got) === JSON.stringify(expected) ? [] : [{ way, name: each.name, expected, got }];
  });
}

describe('a Message costs the same', () => {
  let harness: Harness;
  let folder: string;
  let outcome: Outcome;
  let calls: Map<string, EventRecord>;

  beforeAll(async () => {
    harness = await openHarness();
    folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-one-price-'));
    const cases = path.join(folder, 'cases.json');
    const list = MESSAGE_CORPUS.map((each) => ({
      name: each.name,
      model: each.requested ?? each.message['model'],
      message: each.message,
      agentMessages: agentMessagesOf(each),
    }));
    await writeFile(cases, JSON.stringify(list));
    const environment = { CASES: cases, PACKAGE: harness.packageDir };
    outcome = await harness.run(PROGRAM, { scenario: scenario(), environment });
    calls = new Map(
      eventsOf(outcome, 'agent.model_call').map((event) => [String(event['gen_ai.response.id']), event]),
    );
  });
  afterAll(async () => {
    await harness.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('the program ran through', () => {
    expect([outcome.stderr, outcome.code]).toEqual(['', 0]);
  });

  it.each(WAYS)('by %s', (way) => {
    const corpus = MESSAGE_CORPUS.filter((each) => way !== 'agent' || agentMessagesOf(each) !== undefined);
    const found = differences(
      way,
      ({ name }) => {
        const event = calls.get(`msg_${way}_${name}`);
        return event && priceOf(event);
      },
      corpus,
    );
    expect(found).toEqual([]);
  });

  it('by a transcript of Claude Code, unless the answer was cut', () => {
    const corpus = MESSAGE_CORPUS.filter(({ message }) => message['stop_reason'] !== null);
    const lines = corpus.flatMap(({ message, requested }, index) => {
      const blocks = message['content'] as readonly Json[];
      const slices = blocks.length === 0 ? [[]] : blocks.map((block) => [block]);
      return slices.map((content, at) =>
        answerLine(
          index,
          { id: String(message['id']) },
          {
            uuid: `${String(message['id'])}_${String(at)}`,
            message: { ...message, content },
            ...(requested !== undefined && { requestedModel: requested }),
          },
        ),
      );
    });
    const { events } = transcriptEvents(readLines([[userLine(0, 'go'), ...lines]]));
    const byId = new Map(callsIn(events).map((event) => [event['gen_ai.response.id'], event]));
    const price = ({ message }: CorpusMessage): Price | undefined => {
      const event = byId.get(String(message['id']));
      return event && priceOf(event);
    };
    expect(differences('transcript', price, corpus)).toEqual([]);
  });

  it('by a log of Claude Code, or the log cannot hold what the price needs, and says that it differs', () => {
    const unknown: readonly Knowledge[] = [
      'stop reason',
      'content',
      'requested model',
      'steps',
      'tier',
      'residency',
      'contradictions',
    ];
    for (const each of MESSAGE_CORPUS) {
      const usage = each.message['usage'] as Json;
      const split = (usage['cache_creation'] ?? {}) as Json;
      const attributes = {
        'event.name': 'api_request',
        'session.id': 'session',
        model: each.message['model'],
        input_tokens: usage['input_tokens'],
        output_tokens: String(usage['output_tokens']),
        cache_read_tokens: usage['cache_read_input_tokens'] ?? 0,
        cache_creation_tokens: usage['cache_creation_input_tokens'] ?? 0,
        cache_creation_5m_tokens: split['ephemeral_5m_input_tokens'],
        cache_creation_1h_tokens: split['ephemeral_1h_input_tokens'],
        speed: usage['speed'] === 'fast' ? 'fast' : 'normal',
        request_id: `req_${each.name}`,
        ...(each.nanoUsd !== undefined && { cost_usd: each.nanoUsd / 1e9 }),
      };
      const log = { attributes, resource: {}, timeMs: Date.now(), traceId: '' };
      const [event] = callsIn(new ClaudeLogReader().read(log));
      const got = event && priceOf(event);
      const isUnlike = got?.nanoUsd !== each.nanoUsd && got?.status === 'priced';
      const isRight = isKnown(each, unknown)
        ? JSON.stringify(got) === JSON.stringify(expectedOf(each))
        : each.nanoUsd === undefined || !isUnlike;
      expect([each.name, isRight, got]).toEqual([each.name, true, got]);
      expect([each.name, event?.cost_claimed_nano_usd]).toEqual([each.name, each.nanoUsd]);
    }
  });

  it('by usageOf', () => {
    const usages = JSON.parse(outcome.stdout) as Record<string, Record<string, unknown>>;
    const found = MESSAGE_CORPUS.flatMap(({ name, status, nanoUsd, reason }) => {
      const got = usages[name];
      if ((got?.['unpricedReason'] ?? got?.['costReason']) !== reason) return [[name, reason, got]];
      return got?.['costStatus'] === status && got['costNanoUsd'] === nanoUsd
        ? []
        : [[name, status, nanoUsd, got]];
    });
    expect(found).toEqual([]);
  });

  it('by tallyspan price, with the Message', async () => {
    const prices = new Map<string, Price>();
    for (const each of MESSAGE_CORPUS)
      prices.set(each.name, await runPrice('--message', JSON.stringify(each.message)));
    expect(differences('tallyspan price --message', ({ name }) => prices.get(name))).toEqual([]);
  });

  it('by tallyspan price, with its usage alone, unless that needs stop reason, content or request', async () => {
    const way = 'tallyspan price --usage';
    const corpus = MESSAGE_CORPUS.filter((each) => isKnown(each, UNKNOWN_TO_USAGE));
    expect(corpus.length).toBeGreaterThan(20);
    const prices = new Map<string, Price>();
    for (const { name, message } of corpus)
      prices.set(
        name,
        await runPrice('--usage', JSON.stringify(message['usage']), '--model', String(message['model'])),
      );
    expect(differences(way, ({ name }) => prices.get(name), corpus)).toEqual([]);
  });

  it('priced again from its stored event, or the event names what it does not hold', () => {
    for (const way of WAYS) {
      for (const each of MESSAGE_CORPUS) {
        // As the server and the daily file hold it.
        const event = decodeEvent(JSON.stringify(calls.get(`msg_${way}_${each.name}`) ?? {}));
        if (event === undefined) continue;
        const allowed = ['same_cost'];
        if (each.status === 'unpriced') allowed.splice(0, 1, 'still_unpriced', 'usage_missing');
        if (knowledgeNeeded(each).has('steps')) allowed.push('several_steps');
        const got = recostCall(event);
        expect([way, each.name, 'skipped' in got && allowed.includes(got.skipped), got]).toEqual([
          way,
          each.name,
          true,
          got,
        ]);
      }
    }
  });

  it.each(DIALECTS.filter(({ isServerSide }) => isServerSide !== true).map(({ id }) => id))(
    'by a span of %s, always as an estimate, unless the span cannot hold what that needs',
    (id) => {
      const fixture = DIALECT_FIXTURES.find(
        ({ rule, event }) => rule?.startsWith(`${id}/`) && event === 'agent.model_call',
      );
      const dialect = DIALECTS.find((each) => each.id === id);
      for (const each of MESSAGE_CORPUS) {
        const usage = each.message['usage'] as Json;
        const count = (name: string): number => Number(usage[name] ?? 0);
        const [read, written] = [count('cache_read_input_tokens'), count('cache_creation_input_tokens')];
        const event = translateSpan({
          name: fixture?.name ?? 'chat',
          scopeName: fixture?.scope ?? 'any',
          traceId: 'a'.repeat(32),
          spanId: 'b'.repeat(16),
          startMs: Date.now(),
          endMs: Date.now(),
          isError: false,
          resource: {},
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.provider.name': 'anthropic',
            'gen_ai.request.model': each.requested ?? String(each.message['model']),
            'gen_ai.response.model': String(each.message['model']),
            'gen_ai.usage.input_tokens':
              count('input_tokens') + (dialect?.inputTokens === 'inclusive' ? read + written : 0),
            'gen_ai.usage.output_tokens': count('output_tokens'),
            'gen_ai.usage.cache_read.input_tokens': read,
            'gen_ai.usage.cache_creation.input_tokens': written,
          },
        });
        const isHeld = knowledgeNeeded(each).size === 0;
        expect([each.name, event?.['tallyspan.cost.status'], isHeld ? event?.cost_nano_usd : 'less']).toEqual(
          [
            each.name,
            each.reason === 'unknown_model' ? 'unpriced' : 'estimated',
            isHeld ? each.nanoUsd : 'less',
          ],
        );
      }
    },
  );
});
