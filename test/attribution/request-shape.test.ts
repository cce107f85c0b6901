// Laws of the request shape: what counts as the same, what as changed, and that nothing of the content stays.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  describeOutput,
  describeRequest,
  foldMessages,
  foldWritten,
  prefixFields,
} from '../../core/attribution/request-shape.ts';

const search = { name: 'search', description: 'Searches.', input_schema: { type: 'object', properties: {} } };
const read = { name: 'read', description: 'Reads.', input_schema: { type: 'object' } };
const base = {
  model: 'claude-opus-5-5',
  system: 'You help.',
  tools: [search, read],
  messages: [{ role: 'user', content: 'hi' }],
};
const textOf = (digest: number): string => foldMessages([digest])[0] ?? '';
const fieldsOf = (params: unknown): ReturnType<typeof prefixFields> => prefixFields(describeRequest(params));

const imageTokens = (data: string): number =>
  describeOutput([{ type: 'image', source: { type: 'base64', data } }])[0]?.tokens ?? 0;

describe('the prefix hashes', () => {
  it('are the same for equal requests, whatever objects they are made of', () => {
    expect(fieldsOf(structuredClone(base))).toEqual(fieldsOf(base));
    expect(
      fieldsOf({ ...base, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] }),
    ).toEqual(fieldsOf(base));
  });

  it('do not change when a cache breakpoint moves', () => {
    const marked = {
      ...base,
      system: [{ type: 'text', text: 'You help.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    };
    expect(fieldsOf(marked)).toEqual(fieldsOf(base));
    expect(describeRequest(marked).breakpoints).toEqual([{ block: 2, ttl: '1h' }]);
  });

  it.each([
    ['model', { ...base, model: 'claude-haiku-5-5' }, 'tallyspan.prefix.model'],
    ['speed', { ...base, speed: 'fast' }, 'tallyspan.prefix.model'],
    ['system', { ...base, system: 'You help!' }, 'tallyspan.prefix.system'],
    [
      'a tool',
      { ...base, tools: [search, { ...read, description: 'Reads a file.' }] },
      'tallyspan.prefix.tools',
    ],
    ['tool choice', { ...base, tool_choice: { type: 'any' } }, 'tallyspan.prefix.settings'],
    [
      'thinking',
      { ...base, thinking: { type: 'enabled', budget_tokens: 1024 } },
      'tallyspan.prefix.settings',
    ],
    ['a message', { ...base, messages: [{ role: 'user', content: 'ho' }] }, 'tallyspan.prefix.messages'],
  ] as const)('a change of %s changes its own hash only', (_name, changed, key) => {
    const before = fieldsOf(base) as unknown as Record<string, unknown>;
    const after = fieldsOf(changed) as unknown as Record<string, unknown>;
    const different = Object.keys(before).filter((field) => String(before[field]) !== String(after[field]));
    expect(different).toEqual([key]);
  });

  it('tell tools that were reordered from tools that were changed', () => {
    const [ordered, set] = fieldsOf(base)['tallyspan.prefix.tools'].split('.');
    const reordered = fieldsOf({ ...base, tools: [read, search] })['tallyspan.prefix.tools'].split('.');
    expect(reordered[0]).not.toBe(ordered);
    expect(reordered[1]).toBe(set);
    const changed = fieldsOf({ ...base, tools: [search] })['tallyspan.prefix.tools'].split('.');
    expect(changed[1]).not.toBe(set);
  });

  it('notice a block that was changed in place since the last call', () => {
    const block = { type: 'text', text: 'first' };
    const params = { ...base, messages: [{ role: 'user', content: [block] }] };
    const before = fieldsOf(params);
    block.text = 'second';
    expect(fieldsOf(params)['tallyspan.prefix.messages']).not.toEqual(before['tallyspan.prefix.messages']);
    const result = { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }] };
    const nested = { ...base, messages: [{ role: 'user', content: [result] }] };
    const one = fieldsOf(nested);
    result.content[0] = { type: 'text', text: 'two' };
    expect(fieldsOf(nested)['tallyspan.prefix.messages']).not.toEqual(one['tallyspan.prefix.messages']);
  });

  it('an answer has the same hashes when it comes back as history, null fields of the SDK or not', () => {
    const output = [
      { type: 'text', text: 'Let me look.', citations: null },
      { type: 'tool_use', id: 't', name: 'search', input: { q: 'x' }, caller: { type: 'direct' } },
    ];
    const sent = [
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 't', name: 'search', input: { q: 'x' } },
    ];
    const history = describeRequest({ messages: [{ role: 'assistant', content: sent }] });
    expect(history.blocks.map((block) => block.hash)).toEqual(
      describeOutput(output).map((block) => block.hash),
    );
  });
});

describe('long histories', () => {
  it('are folded to a short list whose old part does not change as messages are added', () => {
    const hashes = Array.from({ length: 1_000 }, (_, index) => index + 1);
    const folded = foldMessages(hashes);
    expect(folded.length).toBeLessThan(100);
    const longer = foldMessages([...hashes, ...hashes.slice(0, 40)]);
    const folds = folded.filter((entry) => entry.includes('*'));
    expect(longer.slice(0, folds.length)).toEqual(folds);
    expect(longer[folds.length]).toBe(foldWritten(folded.slice(folds.length, folds.length + 32)));
  });
});

describe('what is remembered between requests', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constant([search, { type: 'tool_use', id: 't', name: 'search', input: { q: 'x' } }]),
    fc.constant([{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'found' }] }]),
  );

  it('changes nothing of what is said of the next one, whether it goes on with this one or not', () => {
    const digests = fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { maxLength: 40 });
    fc.assert(
      fc.property(digests, digests, fc.nat(40), (before, after, common) => {
        foldMessages(before);
        const messages = [...before.slice(0, common), ...after].slice(0, 63);
        const texts = foldMessages(messages);
        expect(texts).toEqual(messages.map(textOf));
        expect(foldMessages(before)).toEqual(before.map(textOf));
      }),
    );
  });

  it('is not needed: a request that is seen once has the same shape', () => {
    fc.assert(
      fc.property(fc.array(part), part, (contents, system) => {
        const params = { ...base, system, messages: contents.map((content) => ({ role: 'user', content })) };
        expect(describeRequest(structuredClone(params), true)).toEqual(describeRequest(params));
      }),
    );
  });
});

describe('null safety and privacy', () => {
  it('takes anything that could be passed as parameters without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (tools, system, messages) => {
        expect(describeRequest(messages).blocks).toBeInstanceOf(Array);
        describeRequest({ tools, system, messages });
        describeRequest({
          tools: [tools],
          system: [system],
          messages: [{ role: system, content: [messages] }],
        });
        describeOutput([messages, { type: 'tool_result', content: [tools] }]);
      }),
      { numRuns: 500 },
    );
  });

  it('does not hang on an input that contains itself', () => {
    const input: Record<string, unknown> = {};
    input['self'] = input;
    expect(describeOutput([{ type: 'tool_use', id: 'a', name: 'x', input }])).toHaveLength(1);
  });

  it('keeps no text of the request', () => {
    const shape = describeRequest({
      ...base,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'SECRET-42 '.repeat(50) }] }],
    });
    expect(JSON.stringify(shape)).not.toContain('SECRET-42');
  });
});

describe('sizes', () => {
  it('an image is sized by its pixels where the header tells, and never by its bytes', () => {
    // A PNG header: 640 × 480 pixels.
    const header = 'iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA=';
    expect(imageTokens(header)).toBeCloseTo((640 * 480) / 750);
    expect(imageTokens(`${header}${'A'.repeat(2_000_000)}`)).toBeCloseTo((640 * 480) / 750);
    expect(imageTokens('/9j/4AAQ')).toBe(1_400);
  });

  it('a deferred tool weighs nothing until it is loaded', () => {
    expect(describeRequest({ tools: [{ ...search, defer_loading: true }] }).toolDefinitionTokens).toBe(0);
    expect(describeRequest({ tools: [search] }).toolDefinitionTokens).toBeGreaterThan(10);
  });
});
