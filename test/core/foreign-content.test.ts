import { describe, expect, it } from '@jest/globals';
import { lengthNote, nameWithoutContent, withoutForeignContent } from '../../core/foreign-content.ts';

describe('the attributes of a span that other code made', () => {
  it.each([
    'gen_ai.input.messages',
    'ai.prompt',
    'ai.response.text',
    'mastra.agent_run.input',
    'mastra.model_step.output',
    'traceloop.entity.input',
    'llm.system',
    'gen_ai.prompt.0.content',
    'langsmith.metadata.question',
    'input',
    'args',
    'my.own.key',
    'customer.name',
    'url.full',
    'db.statement',
    'exception.message',
    'error.reason',
    'tool.args_json',
  ])('%s: a length is left', (key) => {
    expect(withoutForeignContent({ [key]: 'what was said' })).toEqual({ [`${key}.length`]: 13 });
  });

  it.each([
    ['gen_ai.request.model', 'claude-sonnet-5-5'],
    ['gen_ai.tool.name', 'look'],
    ['gen_ai.agent.name', 'guide'],
    ['gen_ai.response.finish_reasons', ['end_turn']],
    ['ai.response.finishReason', 'stop'],
    ['ai.operationId', 'ai.generateText'],
    ['ai.telemetry.metadata.userId', 'u-7'],
    ['openinference.span.kind', 'LLM'],
    ['http.request.method', 'POST'],
    ['http.route', '/answer'],
    ['gen_ai.usage.cost.source', 'local'],
    ['gen_ai.usage.cost.currency', 'USD'],
    ['my.own.count', 7],
    ['my.own.flag', true],
    ['my.own.list', [1, 2]],
  ])('%s stays', (key, value) => {
    const attributes = { [key]: value };
    expect(withoutForeignContent(attributes)).toBe(attributes);
  });

  it.each([
    ['id', 'x'.repeat(257)],
    ['tool.name', 'two\nlines'],
    ['agent.id', { said: 'this' }],
  ])('a harmless key makes no harmless text: %s', (key, value) => {
    expect(Object.keys(withoutForeignContent({ [key]: value }))).toEqual([`${key}.length`]);
  });

  it('of JSON that counts are read from the numbers stay', () => {
    const json = JSON.stringify({ anthropic: { usage: { input_tokens: 3 }, said: 'this' } });
    expect(withoutForeignContent({ 'ai.response.providerMetadata': json, id: 'a' })).toEqual({
      'ai.response.providerMetadata': '{"anthropic":{"usage":{"input_tokens":3}}}',
      id: 'a',
    });
  });

  it('of a message of an error the length is said', () => {
    expect([lengthNote('bad prompt'), lengthNote(''), lengthNote(undefined)]).toEqual([
      '(10 characters)',
      '',
      undefined,
    ]);
  });
});

it('the name of a task of CrewAI is what it was asked for, and does not stay', () => {
  const scope = 'opentelemetry.instrumentation.crewai.instrumentation';
  expect(nameWithoutContent(scope, 'Answer the customer.\nHe is Bob.task')).toBe('crewai.task');
  expect(nameWithoutContent(scope, 'support.agent')).toBe('support.agent');
  expect(nameWithoutContent('my_app', 'look it up.task')).toBe('look it up.task');
});
