// Descriptions of the routes about scores and limits, among them those that take what programs post.

import { SCORE_SOURCES } from '../../../core/scores/score.ts';
import { SENT_NAME_CHARS } from '../../../core/field-limits.ts';
import type { LimitActionRow, LimitsOverview, LimitState } from '../../limits/read-limits.ts';
import type { RecordedScore } from '../../scores/record-scores.ts';
import {
  ANYTHING,
  arrayOf,
  COUNT,
  NANO_USD,
  nullable,
  NUMBER,
  objectSchema,
  TEXT,
  TIME,
  USD,
  type JsonSchema,
} from './json-schema.ts';
import { MOMENT, type RouteDescription } from './routes.ts';

const NAME: JsonSchema = { type: 'string', minLength: 1, maxLength: SENT_NAME_CHARS };
const OPTIONAL_TEXT: JsonSchema = { type: ['string', 'null'], minLength: 1 };

const given = (...names: readonly string[]): JsonSchema => ({
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});
const SCORE: JsonSchema = {
  type: 'object',
  description: 'A judgement of a run, a call or a session; the same id again corrects it.',
  properties: {
    id: { type: ['string', 'null'], minLength: 1, maxLength: 256 },
    run: { ...OPTIONAL_TEXT, description: 'id of a run, or its beginning' },
    model_call: { ...OPTIONAL_TEXT, description: 'id of an answer or of a span' },
    tool_call: { ...OPTIONAL_TEXT, description: 'id of a tool call or of a span' },
    session: OPTIONAL_TEXT,
    name: { ...NAME, pattern: String.raw`\S`, examples: ['helpful'] },
    value: {
      description: 'a number, true or false for good or not, or a label',
      anyOf: [
        { type: 'number', minimum: -1e9, maximum: 1e9 },
        { type: 'boolean' },
        { type: 'string', pattern: String.raw`\S` },
      ],
    },
    comment: OPTIONAL_TEXT,
    source: { enum: [...SCORE_SOURCES, null] },
    author: OPTIONAL_TEXT,
    evaluator: { ...OPTIONAL_TEXT, examples: ['refund-check@3'] },
  },
  required: ['name', 'value'],
  additionalProperties: false,
  anyOf: ['run', 'model_call', 'tool_call', 'session'].map((target) => given(target)),
  not: {
    anyOf: [given('model_call', 'tool_call'), given('model_call', 'session'), given('tool_call', 'session')],
  },
};

const RECORDED: JsonSchema = {
  type: 'object',
  properties: {
    scores: arrayOf(
      objectSchema<RecordedScore>({
        id: TEXT,
        run: nullable(TEXT),
        name: TEXT,
        outcome: { enum: ['added', 'corrected', 'kept'] },
      }),
    ),
  },
  required: ['scores'],
};

/** As `POST /api/scores` takes them. */
export const SCORES_ROUTE: RouteDescription = {
  summary: 'Scores runs, calls or sessions',
  stability: 'stable',
  body: {
    anyOf: [
      SCORE,
      {
        type: 'object',
        properties: { scores: { type: 'array', items: SCORE, maxItems: 1000 } },
        required: ['scores'],
      },
    ],
  },
  response: { 200: RECORDED, 201: RECORDED },
  problems: [404, 409, 413, 415],
};

export const RUN_SCORES_ROUTE: RouteDescription = {
  summary: 'The scores of a run, the newest of each',
  stability: 'stable',
  response: { 200: arrayOf(ANYTHING) },
};

export const FEEDBACK_ROUTE: RouteDescription = {
  summary: 'One score of one run, by the token that stands for it',
  stability: 'stable',
  body: {
    type: 'object',
    properties: {
      token: { type: 'string', minLength: 1 },
      value: { anyOf: [{ type: 'boolean' }, { type: 'number' }, { enum: ['true', 'false'] }] },
      comment: { type: 'string' },
    },
    required: ['token', 'value'],
  },
  response: {
    201: { type: 'object', properties: { status: { const: 'recorded' } }, required: ['status'] },
  },
  problems: [404, 409, 413, 415],
};

const STATE: JsonSchema = objectSchema<LimitState>({
  scope: TEXT,
  key: TEXT,
  rule: TEXT,
  day: { type: 'string', format: 'date' },
  limit_nano_usd: NANO_USD,
  limit_usd: USD,
  spent_nano_usd: NANO_USD,
  spent_usd: USD,
  reserved_nano_usd: NANO_USD,
  reserved_usd: USD,
  left_nano_usd: NANO_USD,
  left_usd: USD,
  forecast_nano_usd: nullable(NANO_USD),
  forecast_usd: nullable(USD),
  processes: COUNT,
});
const ACTION: JsonSchema = objectSchema<LimitActionRow>({
  at: TIME,
  action: TEXT,
  scope: TEXT,
  rule: TEXT,
  key: TEXT,
  run_id: nullable(TEXT),
  agent: nullable(TEXT),
  user: nullable(TEXT),
  session: nullable(TEXT),
  model: nullable(TEXT),
  tool: nullable(TEXT),
  limit_nano_usd: nullable(NANO_USD),
  spent_nano_usd: nullable(NANO_USD),
  reserved_nano_usd: nullable(NANO_USD),
  needed_nano_usd: nullable(NANO_USD),
  limit_count: nullable(NUMBER),
  spent_count: nullable(NUMBER),
});

export const LIMITS_ROUTE: RouteDescription = {
  summary: 'Limits of today as they stand, and what limits did lately',
  stability: 'stable',
  querystring: {
    type: 'object',
    properties: {
      since: { ...MOMENT, default: '24h' },
    },
  },
  response: { 200: objectSchema<LimitsOverview>({ limits: arrayOf(STATE), actions: arrayOf(ACTION) }) },
};

const SHORT_TEXT: JsonSchema = { type: 'string', minLength: 1, maxLength: 512 };
const AMOUNT: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

export const GUARD_ROUTE: RouteDescription = {
  summary: 'Whether a session of Claude Code, or a day, has passed its limit',
  stability: 'internal',
  body: {
    type: 'object',
    properties: {
      session: { ...SHORT_TEXT, type: ['string', 'null'] },
      tool: { ...SHORT_TEXT, type: ['string', 'null'] },
      user: { ...SHORT_TEXT, type: ['string', 'null'] },
      limits: {
        type: 'object',
        properties: { session: { ...AMOUNT, minimum: 1 }, user_day: { ...AMOUNT, minimum: 1 } },
      },
    },
  },
  response: {
    200: { type: 'object', properties: { refusal: { type: 'string', description: 'why it has to stop' } } },
  },
  problems: [413, 415],
};

export const LEASES_ROUTE: RouteDescription = {
  summary: 'What a process may use of limits of the day',
  stability: 'internal',
  body: {
    type: 'object',
    properties: {
      leases: {
        type: 'array',
        maxItems: 500,
        items: {
          type: 'object',
          properties: {
            process: SHORT_TEXT,
            scope: SHORT_TEXT,
            rule: SHORT_TEXT,
            counts: SHORT_TEXT,
            key: SHORT_TEXT,
            day: { type: 'string', pattern: String.raw`^\d{4}-\d\d-\d\d$` },
            limit_nano_usd: AMOUNT,
            spent_nano_usd: AMOUNT,
            want_nano_usd: AMOUNT,
          },
          required: [
            'process',
            'scope',
            'rule',
            'key',
            'day',
            'limit_nano_usd',
            'spent_nano_usd',
            'want_nano_usd',
          ],
        },
      },
    },
    required: ['leases'],
  },
  response: {
    200: {
      type: 'object',
      properties: {
        leases: arrayOf({
          type: 'object',
          properties: {
            granted_nano_usd: NANO_USD,
            others_spent_nano_usd: NANO_USD,
            others_held_nano_usd: NANO_USD,
            expires_in_ms: NUMBER,
          },
          required: ['granted_nano_usd', 'others_spent_nano_usd', 'others_held_nano_usd', 'expires_in_ms'],
        }),
      },
      required: ['leases'],
    },
  },
  problems: [413, 415],
};
