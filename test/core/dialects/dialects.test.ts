import { describe, expect, it } from '@jest/globals';
import { normaliseSpan, translateSpan, type ForeignSpan } from '../../../core/dialects.ts';
import { RULE_KEY } from '../../../core/dialects/normalise.ts';
import { DIALECTS } from '../../../core/dialects/table.ts';
import { CALL_START, type DialectFixture } from '../../fixtures/dialect-fixture.ts';
import { DIALECT_FIXTURES } from '../../fixtures/dialect-spans.ts';
import { spansOfEmitter } from '../../fixtures/told-conversation.ts';
import { UNUSUAL_EMITTERS } from '../../fixtures/unusual-emitters.ts';

const START_MS = Date.parse(CALL_START);

function spanOf(fixture: DialectFixture): ForeignSpan {
  return {
    name: fixture.name,
    scopeName: fixture.scope,
    scopeVersion: fixture.version,
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    startMs: Date.parse(fixture.start ?? CALL_START),
    endMs: Date.parse(fixture.start ?? CALL_START) + 1234,
    isError: fixture.isError === true,
    attributes: fixture.attributes,
    resource: { 'service.name': 'shop' },
  };
}

describe('dialects', () => {
  it.each(DIALECT_FIXTURES)('$title', (fixture) => {
    const span = spanOf(fixture);
    const normalised = normaliseSpan(span);
    expect(normalised?.rule).toBe(fixture.rule);
    const attributes = normalised?.attributes ?? span.attributes;
    for (const [key, value] of Object.entries(fixture.standard))
      expect([key, attributes[key]]).toEqual([key, value]);

    const event = translateSpan(span);
    expect(event?.['event.name']).toBe(fixture.event);
    expect(event?.cost_nano_usd).toBe(fixture.costNanoUsd);
    const priced = fixture.isExact ? 'priced' : 'estimated';
    expect(event?.['tallyspan.cost.status'] === priced).toBe(fixture.costNanoUsd !== undefined);
  });

  it('a normalised span is not normalised again', () => {
    for (const fixture of DIALECT_FIXTURES) {
      const once = normaliseSpan(spanOf(fixture));
      if (once === undefined) continue;
      const again = normaliseSpan({ ...spanOf(fixture), attributes: once.attributes });
      expect(again?.attributes).toEqual(once.attributes);
      expect(translateSpan({ ...spanOf(fixture), attributes: once.attributes })).toEqual(
        translateSpan(spanOf(fixture)),
      );
    }
  });

  it('a translated call keeps the buckets apart', () => {
    const fixture = DIALECT_FIXTURES.find(({ rule }) => rule === 'openlit/exclusive');
    expect(fixture).toBeDefined();
    expect(translateSpan(spanOf(fixture as DialectFixture))).toMatchObject({
      timestamp: START_MS + 1234,
      duration_ms: 1234,
      'service.name': 'shop',
      'agent.run_id': 'a'.repeat(32),
      tokens_input: 10,
      tokens_cache_read: 50_000,
      tokens_cache_write_5m: 5000,
      tokens_output: 1000,
      [RULE_KEY]: 'openlit/exclusive',
      'gen_ai.usage.cost': 0.0813,
    });
  });

  it('a failed tool is a failed tool call, a failed agent a failed run, an inner agent no run', () => {
    const tool = DIALECT_FIXTURES.find(({ title }) => title === 'a Traceloop tool span') as DialectFixture;
    expect(translateSpan(spanOf(tool))).toMatchObject({ 'tool.ok': false, 'error.type': 'error' });
    const agent = DIALECT_FIXTURES.find(({ event }) => event === 'agent.run') as DialectFixture;
    expect(translateSpan({ ...spanOf(agent), isError: true })).toMatchObject({ 'agent.status': 'error' });
    expect(translateSpan({ ...spanOf(agent), parentSpanId: 'c'.repeat(16) })).toBeUndefined();
  });

  it.each([
    ['the conventions’ type', 'app', { 'error.type': 'TimeoutError' }, 'TimeoutError'],
    ['a status code as type', 'app', { 'error.type': '429' }, 'rate_limit_error'],
    ['a status of the tool', 'app', { 'gen_ai.tool.status': 'error' }, 'error'],
    [
      'a level of Langfuse',
      'langfuse-sdk',
      { 'langfuse.observation.type': 'tool', 'langfuse.observation.level': 'ERROR' },
      'error',
    ],
    ['a status of the tool that is fine', 'app', { 'gen_ai.tool.status': 'success' }, undefined],
    [
      'a level of Langfuse that is fine',
      'langfuse-sdk',
      { 'langfuse.observation.type': 'tool', 'langfuse.observation.level': 'DEFAULT' },
      undefined,
    ],
  ])('what failed is known without a status of the span: %s', (_title, scopeName, said, errorType) => {
    const tool = DIALECT_FIXTURES.find(({ title }) => title === 'a Traceloop tool span') as DialectFixture;
    const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'look', ...said };
    const event = translateSpan({ ...spanOf(tool), scopeName, isError: false, attributes });
    expect([event?.['tool.ok'], event?.['error.type']]).toEqual([errorType === undefined, errorType]);
  });

  it('every dialect has a fixture, and patterns that RE2 takes too', () => {
    const seen = new Set(DIALECT_FIXTURES.map(({ rule }) => rule?.split('/')[0]));
    for (const emitter of UNUSUAL_EMITTERS)
      for (const { facts } of spansOfEmitter(emitter)) seen.add(facts.rule?.split('/')[0]);
    const unseen = DIALECTS.map(({ id }) => id).filter((id) => !seen.has(id));
    // Those are in test/fixtures/foreign-spans.
    expect(unseen).toEqual([
      'openlit-langgraph',
      'vercel-ai-otel',
      'mastra',
      'mlflow',
      'laminar',
      'langwatch',
    ]);
    for (const { match } of DIALECTS)
      expect(`${match.scope}${match.spanName}`).not.toMatch(/\(\?[=!<]|\\[1-9]/);
  });
});
