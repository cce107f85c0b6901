// A score as a program, the command line or a form sends it: which run, call or session, and what is said of it.

import {
  SCORE_TARGETS,
  type Score,
  type ScoreSource,
  type ScoreTarget,
  type ScoreValue,
} from '../../core/scores/score.ts';
import { RequestError } from '../questions/request-error.ts';

/** What a score is about; the run may be named by the beginning of its id. */
export interface ScoreRequest extends Score {
  /** Chosen by the sender; the same one again corrects the score, and with the same content changes nothing. */
  readonly id?: string | undefined;
  readonly runId?: string | undefined;
  readonly target: ScoreTarget;
  readonly targetId?: string | undefined;
}

const SCORES_LIMIT = 1000;
const MAX_ID_CHARS = 256;
const KEYS = [
  'id',
  'run',
  'model_call',
  'tool_call',
  'session',
  'name',
  'value',
  'comment',
  'source',
  'author',
  'evaluator',
] as const;

/** The scores of a body: one object, or `{"scores": […]}`. @throws RequestError */
export function parseScoreRequests(body: unknown): readonly ScoreRequest[] {
  const list = isObject(body) && Array.isArray(body['scores']) ? (body['scores'] as unknown[]) : [body];
  if (list.length > SCORES_LIMIT)
    throw new RequestError(400, `at most ${SCORES_LIMIT} scores in one request, not ${list.length}`);
  return list.map(parseScoreRequest);
}

function parseScoreRequest(raw: unknown): ScoreRequest {
  if (!isObject(raw))
    throw new RequestError(400, 'a score is an object such as {"run":"…","name":"helpful","value":true}');
  for (const key of Object.keys(raw))
    if (!(KEYS as readonly string[]).includes(key))
      throw new RequestError(400, `a score has no ${JSON.stringify(key)}; it may have ${KEYS.join(', ')}`);
  const text = (key: (typeof KEYS)[number]): string | undefined => {
    const value = raw[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || value === '')
      throw new RequestError(400, `${key} is a text, not ${JSON.stringify(value)}`);
    return value;
  };
  const id = text('id');
  if (id !== undefined && id.length > MAX_ID_CHARS)
    throw new RequestError(400, `the id of a score has at most ${MAX_ID_CHARS} characters`);
  const runId = text('run');
  const targets = SCORE_TARGETS.flatMap((target) => {
    const targetId = target === 'run' ? undefined : text(target);
    return targetId === undefined ? [] : [{ target, targetId }];
  });
  if (targets.length > 1) throw new RequestError(400, 'a score is about one thing: name one of its targets');
  const [target = { target: 'run' as const, targetId: undefined }] = targets;
  if (runId === undefined && target.target === 'run')
    throw new RequestError(400, 'say what is scored: run, model_call, tool_call or session');
  return {
    id,
    runId,
    ...target,
    name: text('name') ?? '',
    value: raw['value'] as ScoreValue,
    comment: text('comment'),
    source: text('source') as ScoreSource | undefined,
    author: text('author'),
    evaluator: text('evaluator'),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
