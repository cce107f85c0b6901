// What is content and what is a secret, without a Collector: by the keys and patterns that it is given.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  CONTENT_KEY_PREFIXES,
  CONTENT_KEYS,
  MASK,
  SECRET_PATTERNS,
  SENSITIVE_FIELDS,
  maskKnownSecrets,
} from '../../core/text/redaction.ts';
import { FIELDS, FIELD_KEYS, type FieldDefinition } from '../../core/schema.ts';
import { STANDARD_KEYS } from '../../core/dialects/dialect.ts';
import { DIALECTS } from '../../core/dialects/table.ts';

/** As the Collector masks, pattern by pattern. */
function mask(text: string): string {
  return SECRET_PATTERNS.reduce((masked, pattern) => masked.replaceAll(new RegExp(pattern, 'g'), MASK), text);
}

function isContent(key: string): boolean {
  return CONTENT_KEYS.includes(key) || CONTENT_KEY_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** Secrets by their least length: the beginning, the signs of the rest, and how many there are at least. */
const FORMS: readonly (readonly [start: string, rest: string, least: number])[] = [
  ['sk-ant-', 'aZ0_-', 20],
  ['sk-proj-', 'aZ0_-', 20],
  ['sk-svcacct-', 'aZ0_-', 20],
  ['sk-admin-', 'aZ0_-', 20],
  ['sk-or-', 'aZ0_-', 20],
  ['sk-', 'aZ0', 40],
  ['c2stYW50L', 'aZ0+/', 20],
  ['glpat-', 'aZ0_-', 20],
  ['npm_', 'aZ0', 36],
  ['pypi-', 'aZ0_-', 40],
  ['hf_', 'aZ0', 30],
  ['ASIA', 'AZ09', 16],
  ['aws_secret_access_key = ', 'aZ0/+', 40],
  ['AWS_SECRET_ACCESS_KEY=', 'aZ0/+', 40],
  ['xapp-', 'aZ0-', 10],
  ['hooks.slack.com/services/', 'aZ0/', 20],
  ['ya29.', 'aZ0_-', 20],
  ['GOCSPX-', 'aZ0_-', 20],
  ['sk_live_', 'aZ0', 16],
  ['rk_live_', 'aZ0', 16],
  ['whsec_', 'aZ0+/', 24],
  ['BEARER ', 'aZ0._~+/-', 16],
  ['Bearer\t', 'aZ0._~+/-', 16],
  ['Bearer%20', 'aZ0._~+/-', 16],
  ['Basic 0', 'aZ0+/', 8],
  ['sk-lf-', '0af-', 36],
  ['pk-lf-', '0af-', 36],
  ['ghp_', 'aZ0', 36],
  ['gho_', 'aZ0', 36],
  ['ghu_', 'aZ0', 36],
  ['ghs_', 'aZ0', 36],
  ['ghr_', 'aZ0', 36],
  ['github_pat_', 'aZ0_', 22],
  ['AKIA', 'AZ09', 16],
  ['xoxa-', 'aZ0-', 10],
  ['xoxb-', 'aZ0-', 10],
  ['xoxp-', 'aZ0-', 10],
  ['xoxr-', 'aZ0-', 10],
  ['xoxs-', 'aZ0-', 10],
  ['AIza', 'aZ0_-', 35],
  [':AA', 'aZ0_-', 33],
  ['Bearer ', 'aZ0._~+/-', 16],
  ['bearer ', 'aZ0._~+/-', 16],
];

describe('a secret', () => {
  it.each(FORMS)(
    'that begins with %s is masked within any text, and only from its least length on',
    (...form) => {
      const [start, rest, least] = form;
      // No sign of the neighbouring text may belong to the secret.
      const secret = start + rest.repeat(least).slice(0, least);
      expect(mask(`the key is ${secret}, keep it`)).toBe(`the key is ${MASK}, keep it`);
      expect(maskKnownSecrets(`the key is ${secret}, keep it`)).toBe(`the key is ${MASK}, keep it`);
      const short = secret.slice(0, -1);
      expect(mask(`the key is ${short}, keep it`)).toBe(`the key is ${short}, keep it`);
    },
  );

  it('of three parts, or with its own frame, is masked as a whole', () => {
    const token = ['eyJ', '.', '.'].map((part) => part + 'aZ0_-'.repeat(2)).join('');
    expect(mask(`(${token})`)).toBe(`(${MASK})`);
    expect(mask(`(${token.slice(0, -1)})`)).not.toBe(`(${MASK})`);
    for (const kind of ['', 'RSA ', 'ENCRYPTED ']) {
      const frame = (word: string): string => `-----${word} ${kind}PRIVATE KEY-----`;
      expect(mask(`a\n${frame('BEGIN')}\nMIIE\n${frame('END')}\nb`)).toBe(`a\n${MASK}\nb`);
    }
    expect(mask(`Bearer ${'abcd'.repeat(6)}==`)).toBe(MASK);
    expect(mask('redis://:p4ss@host, http://host:80/a@b')).toBe(`redis${MASK}host, http://host:80/a@b`);
  });

  it('that is a key with headers, or one that is cut off, is masked as a whole', () => {
    const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} RSA PRIVATE KEY-----`);
    const encrypted = `${begin}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\nMIIE\n${end}`;
    const pgp = encrypted.replaceAll('RSA PRIVATE KEY', 'PGP PRIVATE KEY BLOCK');
    const cut = `${begin}\r\n${'MIIEabcd'.repeat(8)}\r\nMIIEabcd`;
    for (const key of [encrypted, pgp, cut]) {
      expect(mask(`a ${key}`)).toBe(`a ${MASK}`);
      expect(maskKnownSecrets(JSON.stringify([`a ${key}`, 'b']))).toBe(`["a ${MASK}","b"]`);
    }
  });

  it('is found in the syntax that RE2 has too, by a literal first', () => {
    for (const pattern of SECRET_PATTERNS) {
      expect(pattern).not.toMatch(/\(\?|\\[1-9]/);
      expect(pattern).toMatch(/^[A-Za-z0-9_:/-]{3,}/);
    }
  });
});

const HEX = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

describe('what is no secret', () => {
  it('no number is ever changed: a token count is no token', () => {
    const aNumber = fc.oneof(fc.maxSafeInteger(), fc.double(), fc.bigInt());
    fc.assert(fc.property(aNumber, (number) => expect(mask(String(number))).toBe(String(number))));
  });

  it('no id, hash, time, model or key of an event is changed', () => {
    const hex = fc.string({ unit: fc.constantFrom(...HEX), minLength: 16, maxLength: 64 });
    fc.assert(fc.property(hex, (id) => expect(mask(id)).toBe(id)));
    const texts = [
      ...FIELD_KEYS,
      ...STANDARD_KEYS,
      'claude-opus-5-5',
      'us.anthropic.claude-sonnet-5-5-20260901-v1:0',
      'toolu_01A09q90qw90lq917835lq9',
      'msg_01XFDUDYJgAACzvnptvVoYEL',
      'req_011CSHoEeqs5C35K2UUqR7Fy',
      '2026-11-21T08:00:00.123Z',
      'input_tokens: 12345678901234567890',
    ];
    expect(texts.map(mask)).toEqual(texts);
  });
});

describe('content', () => {
  it('is every field that the schema calls sensitive', () => {
    const sensitive = FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).sensitive === true);
    expect(sensitive.length).toBeGreaterThan(0);
    expect(SENSITIVE_FIELDS).toEqual(sensitive);
    for (const key of sensitive) expect(isContent(key)).toBe(true);
  });

  it('is no field that signals, groups or links need, and nothing that counts', () => {
    const needed = FIELD_KEYS.filter((key) => {
      const { type, dimension, sensitive } = FIELDS[key] as FieldDefinition;
      return type !== 'string' || dimension !== undefined || sensitive !== true;
    });
    expect(needed.filter(isContent)).toEqual([]);
  });

  it('is no attribute from which a dialect reads a count, a model or a name', () => {
    for (const { id, aliases, json } of DIALECTS) {
      const keys = [...STANDARD_KEYS, ...Object.values(aliases ?? {}).flat(), ...(json ? [json.key] : [])];
      const removed = keys.filter(
        (key) =>
          isContent(key) && key !== 'gen_ai.completion.0.finish_reason' && key !== 'tool_call.function.name',
      );
      expect([id, removed]).toEqual([id, []]);
    }
  });

  it.each([
    'gen_ai.prompt',
    'gen_ai.prompt.0.content',
    'gen_ai.completion.3.content',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.result',
    'llm.input_messages.0.message.content',
    'llm.tools.0.tool.json_schema',
    'input.value',
    'output.value',
    'ai.prompt.messages',
    'ai.response.text',
    'ai.toolCall.args',
    'traceloop.entity.input',
    'langfuse.observation.output',
    'user_prompt',
  ])('is %s, whoever emits it', (key) => {
    expect(isContent(key)).toBe(true);
  });
});

/** Under the names of secrets, as JSON and as texts of JSON. */
function withSecret(secret: string): object {
  const inner = { apiKey: secret, password: { type: 'string' }, user: 'bob' };
  return {
    mcp_servers: [{ name: 'crm', authorization_token: secret }],
    client_secret: '',
    told: [JSON.stringify(inner), JSON.stringify({ out: JSON.stringify(inner, undefined, 2) })],
  };
}

describe('JSON with secrets', () => {
  const BEGIN = '-----BEGIN RSA PRIVATE KEY-----';
  const END = '-----END RSA PRIVATE KEY-----';

  it('stays JSON, and keeps all else to the byte', () => {
    const value = {
      messages: [{ role: 'user', content: `key sk-ant-${'a'.repeat(30)} and ${BEGIN}\nabc\n${END}.` }],
      note: 'nothing here',
    };
    const masked = JSON.parse(maskKnownSecrets(JSON.stringify(value))) as typeof value;
    expect(masked).toEqual({
      ...value,
      messages: [{ role: 'user', content: `key ${MASK} and ${MASK}.` }],
    });
  });

  it('of any form under the name of one is masked, in JSON that is a text as well, and only its text', () => {
    for (const secret of ['x', 'hunter2', 'with "quotes", a \\ and\nlines'])
      expect(JSON.parse(maskKnownSecrets(JSON.stringify(withSecret(secret))))).toEqual(withSecret(MASK));
  });

  it('whose texts hold a half of one each stays as it is', () => {
    const json = JSON.stringify({ a: { b: BEGIN }, c: [END] });
    expect(maskKnownSecrets(json)).toBe(json);
  });
});
