// An MCP tool: a question of the source under a name, with the schema of its parameters. All of them only read.

import { z } from 'zod';
import { filterKeyOf, unknownName } from '../../server/questions/filter-keys.ts';
import { EXCLUDES } from '../../server/questions/query-params.ts';
import type { Source } from '../../server/source.ts';

export interface McpAnswer {
  readonly value: object;
  /** Path of the page that shows the same to a person. */
  readonly path: string;
  /** Longest text, in characters, where it is not the usual one. */
  readonly textLimit?: number;
}

export interface McpTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** @throws RequestError on a question that cannot be understood */
  answer(source: Source, input: never, context: McpContext): Promise<McpAnswer>;
}

export interface McpContext {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** File of the key of recorded content; undefined where content may not be read. */
  readonly contentKey: ((dataDir: string) => string) | undefined;
  /** Services by the API key that is theirs alone. @throws ServerError on a setting that is none */
  readonly serviceOfKey: () => ReadonlyMap<string, string>;
}

/** Keeps the type of the parameters between schema and answer. */
export function mcpTool<Shape extends z.ZodRawShape>(tool: {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Shape;
  readonly answer: (
    source: Source,
    input: z.output<z.ZodObject<Shape, z.core.$strict>>,
    context: McpContext,
  ) => Promise<McpAnswer>;
}): McpTool {
  const names = Object.keys(tool.input);
  return {
    ...tool,
    input: z.strictObject(tool.input, {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? unknownParameter(issue.keys[0] ?? '', names) : undefined,
    }),
  };
}

/** Says which parameter was probably meant, or that it is a filter. */
function unknownParameter(name: string, known: readonly string[]): string {
  const word = name.replace(EXCLUDES, '');
  if (known.includes('filter') && filterKeyOf(word) !== undefined)
    return `${name} is no parameter: write it as a filter, such as filter: "${name}:…"`;
  return unknownName(name, known, 'parameter').message;
}

/** A value or several, of which any counts. */
export const VALUES = z.union([z.string(), z.array(z.string()).max(100)]).optional();

/** A time by its ends, as commands take it. */
export const STRETCH = {
  from: z
    .string()
    .optional()
    .describe('in place of since: today, yesterday, week, a date (that whole day), 24h or a time'),
  to: z.string().optional(),
};

/** Rows of one answer, unless fewer are asked for. */
const LIMIT_DEFAULT = 10;
const LIMIT_MOST = 50;

/** Parameters of every list. */
export const PAGING = {
  limit: z.number().int().min(1).max(LIMIT_MOST).default(LIMIT_DEFAULT).describe('rows in the answer'),
  offset: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe('rows to leave out: next_offset of the answer before'),
};

const SINCE = 'how far back: 24h, 7d, 30d, or a time such as 2026-11-20T00:00:00Z';

/** A duration back from now, or a time. */
export const sinceText = (fallback: string): z.ZodDefault<z.ZodString> =>
  z.string().default(fallback).describe(SINCE);

/** The same beside `from` and `to`, which take its place. */
export const sinceOrStretch = (fallback: string): z.ZodOptional<z.ZodString> =>
  z.string().optional().describe(`${SINCE} (default ${fallback})`);

/** The path with a query of the parameters that have a value. */
export function pathWith(
  path: string,
  params: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams(
    Object.entries(params).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    ),
  ).toString();
  return query === '' ? path : `${path}?${query}`;
}
