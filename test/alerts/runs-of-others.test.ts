// Rules on runs of others: the same runs, told by events of our own and by spans of other emitters, make the same rules
// fire with the same values, and leave the same ones quiet.

import { afterEach, describe, expect, it } from '@jest/globals';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { Alerter } from '../../server/alerting/alerter.ts';
import { RunAssembler } from '../../server/foreign/run-assembler.ts';
import { TraceStore } from '../../server/foreign/trace-store.ts';
import { Intake } from '../../server/intake/intake.ts';
import { findLostRuns } from '../../server/lost-runs.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { otlpJsonOf, type JsonSpan } from '../fixtures/otlp-json-spans.ts';
import { openTestStore, removeTestStore, type TestStore } from '../server/test-store.ts';
import { eventsOfRun, hex, type RunSpec } from './rules/corpus.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GAP_MS = 2000;
/** Yesterday at noon. */
const NOW_MS = Math.floor(Date.now() / DAY) * DAY - DAY / 2;
const USD_PER_OUTPUT_TOKEN = 15 / 1e6;

const RULES = ['run-cost', 'turns', 'user-day-cost', 'conversation-cost', 'lost-runs', 'silence'] as const;

/** How an emitter tells of an agent and of a call. */
interface Emitter {
  readonly scope: string;
  readonly agent: (spec: RunSpec) => Readonly<Record<string, unknown>>;
  readonly call: (outputTokens: number, id: string) => Readonly<Record<string, unknown>>;
}

const MODEL = 'claude-sonnet-4-6';
const EMITTERS: Readonly<Record<string, Emitter>> = {
  conventions: {
    scope: 'any-agent-framework',
    agent: ({ user, session }) => ({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'support',
      'user.id': user,
      'gen_ai.conversation.id': session,
    }),
    call: (tokens, id) => ({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': MODEL,
      'gen_ai.response.model': MODEL,
      'gen_ai.response.id': id,
      'gen_ai.usage.input_tokens': 0,
      'gen_ai.usage.output_tokens': tokens,
    }),
  },
  OpenInference: {
    scope: 'openinference.instrumentation.langchain',
    agent: ({ user, session }) => ({
      'openinference.span.kind': 'AGENT',
      'agent.name': 'support',
      'user.id': user,
      'session.id': session,
    }),
    call: (tokens) => ({
      'openinference.span.kind': 'LLM',
      'llm.provider': 'anthropic',
      'llm.model_name': MODEL,
      'llm.token_count.prompt': 0,
      'llm.token_count.completion': tokens,
    }),
  },
  OpenLLMetry: {
    scope: 'opentelemetry.instrumentation.anthropic',
    agent: ({ user, session }) => ({
      'traceloop.span.kind': 'workflow',
      'traceloop.entity.name': 'support',
      'traceloop.association.properties.user_id': user,
      'traceloop.association.properties.session_id': session,
    }),
    call: (tokens, id) => ({
      'llm.request.type': 'chat',
      'gen_ai.system': 'Anthropic',
      'gen_ai.request.model': MODEL,
      'gen_ai.response.model': MODEL,
      'gen_ai.response.id': id,
      'gen_ai.usage.prompt_tokens': 0,
      'gen_ai.usage.completion_tokens': tokens,
    }),
  },
};

function nanos(ms: number): string {
  return String(BigInt(ms) * 1_000_000n);
}

/** The spans of the run; without an end its root never comes. */
function spansOfRun(spec: RunSpec, emitter: Emitter): JsonSpan[] {
  const { atMs, id, calls = 3, callUsd = 0.01 } = spec;
  const traceId = hex(id, 32);
  const rootId = hex(`${id}/root`, 16);
  const { scope } = emitter;
  const spans: JsonSpan[] = Array.from({ length: calls }, (_, index) => ({
    scope,
    traceId,
    spanId: hex(`${id}/call/${index}`, 16),
    parentSpanId: rootId,
    name: 'chat',
    startTimeUnixNano: nanos(atMs + index * GAP_MS),
    endTimeUnixNano: nanos(atMs + (index + 1) * GAP_MS),
    attributes: defined({
      ...emitter.call(Math.round(callUsd / USD_PER_OUTPUT_TOKEN), `msg_${id}_${index}`),
      // Of a run without a root, its calls say who it is for.
      ...(spec.ends === false && {
        'user.id': spec.user,
        'session.id': spec.session,
      }),
    }),
  }));
  if (spec.ends === false) return spans;
  const root: JsonSpan = {
    scope,
    traceId,
    spanId: rootId,
    name: 'support',
    startTimeUnixNano: nanos(atMs),
    endTimeUnixNano: nanos(atMs + (calls + 1) * GAP_MS),
    attributes: defined(emitter.agent(spec)),
  };
  return [...spans, root];
}

function defined(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

const stores: TestStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await removeTestStore(store);
});

interface Alerts {
  /** Rule, group and value. */
  readonly firing: readonly unknown[];
  readonly faults: readonly unknown[];
  readonly notices: readonly unknown[];
}

/** The alerts of the rules that are not quiet, after the runs were stored and those that never ended closed. */
async function alertsAfter(runs: readonly RunSpec[], emitter: Emitter | undefined): Promise<Alerts> {
  const test = await openTestStore();
  stores.push(test);
  const { database, store, dataDir } = test;
  const intake = new Intake(store, new RunAssembler(new TraceStore(database), store));
  if (emitter === undefined)
    await store.write({ events: runs.flatMap((run) => eventsOfRun({ gapMs: GAP_MS, ...run })), spans: [] });
  else
    for (const run of runs)
      await intake.accept(
        'traces',
        'json',
        Buffer.from(JSON.stringify(otlpJsonOf(spansOfRun(run, emitter)))),
      );
  await store.write({ events: await findLostRuns(database, NOW_MS - HOUR), spans: [] });
  const alerter = await Alerter.open({
    config: readAlertConfig(
      { ALERT_DISABLED: RULE_IDS.filter((id) => !RULES.some((rule) => rule === id)).join(',') },
      RULE_IDS,
    ),
    channels: [],
    dataDir,
    database,
    read: (id, request) => runSignal(database, signalOf(id), request),
    pageUrl: 'http://127.0.0.1:4319',
    log: () => undefined,
  });
  await alerter.check(NOW_MS);
  const { rules, notices } = alerter.overview();
  await alerter.close();
  return {
    firing: sorted(
      rules.flatMap(({ id, alerts }) =>
        alerts.flatMap(({ key, phase, value }) => (phase === 'firing' ? [[id, key, value]] : [])),
      ),
    ),
    faults: rules.filter(({ fault }) => fault !== null),
    notices: notices.map(({ ruleId, headline, why, look }) => ({ ruleId, headline, why, look })),
  };
}

function sorted(list: readonly unknown[]): readonly unknown[] {
  return list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

function runsOf(count: number, spec: Omit<RunSpec, 'id'>): RunSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    ...spec,
    id: `${spec.user ?? ''}/${spec.atMs}/${index}`,
    session: `${spec.session ?? spec.user ?? ''}-${index}`,
    atMs: spec.atMs + index * 1000,
  }));
}

const AGO = (ms: number): number => NOW_MS - ms;

const SCENARIOS: readonly {
  readonly what: string;
  readonly runs: readonly RunSpec[];
  readonly firing: readonly unknown[];
}[] = [
  {
    what: 'dear, long and lost runs',
    runs: [
      ...runsOf(4, { atMs: AGO(30 * MINUTE), user: 'dear', calls: 24, callUsd: 0.06 }),
      ...runsOf(2, { atMs: AGO(5 * HOUR), user: 'lost', calls: 2, callUsd: 0.003, ends: false }),
      ...runsOf(2, { atMs: AGO(4 * HOUR), user: 'usual', callUsd: 0.03 }),
    ],
    firing: [
      ['user-day-cost', 'dear', 5.76e9],
      ['run-cost', '', 1.44e9],
      ...[0, 1, 2, 3].map((index) => ['conversation-cost', `dear-${index}`, 1.44e9]),
      ['turns', '', 24],
      ['lost-runs', '', 0.5],
    ],
  },
  {
    what: 'ordinary runs',
    runs: [
      ...runsOf(6, { atMs: AGO(30 * MINUTE), user: 'usual', callUsd: 0.03 }),
      ...runsOf(6, { atMs: AGO(7 * DAY + HOUR), user: 'usual', callUsd: 0.03 }),
      // Goes on: its last call was a moment ago.
      ...runsOf(1, { atMs: AGO(MINUTE), user: 'still', calls: 2, ends: false }),
    ],
    firing: [],
  },
  {
    what: 'no run where there were some',
    runs: runsOf(6, { atMs: AGO(7 * DAY + HOUR), user: 'usual', callUsd: 0.03 }),
    firing: [['silence', '', 0]],
  },
];

describe.each(SCENARIOS)('$what', ({ runs, firing }) => {
  it.each(Object.entries(EMITTERS))(
    'make the same alerts by spans of %s as by our own events',
    async (_name, emitter) => {
      const own = await alertsAfter(runs, undefined);
      expect(own.faults).toEqual([]);
      expect(own.firing).toEqual(sorted(firing));
      expect(await alertsAfter(runs, emitter)).toEqual(own);
    },
  );
});
