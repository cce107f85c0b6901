// JSON schemas of answers and parameters, written so that the compiler sees a field that a type has and a schema does not.
// Answers may get further fields at any time: what is named stays.

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema of a property that may be absent. */
interface Optional {
  readonly schema: JsonSchema;
  readonly isOptional: true;
}

type SchemasOf<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? Optional : JsonSchema };

export function optional(schema: JsonSchema): Optional {
  return { schema, isOptional: true };
}

/** An object with a schema for every property of the type. */
export function objectSchema<T extends object>(properties: SchemasOf<T>, description?: string): JsonSchema {
  const entries = Object.entries<JsonSchema | Optional>(properties);
  const isOptional = (schema: JsonSchema | Optional): schema is Optional => schema['isOptional'] === true;
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(
      entries.map(([key, schema]) => [key, isOptional(schema) ? schema.schema : schema]),
    ),
    required: entries.filter(([, schema]) => !isOptional(schema)).map(([key]) => key),
  };
}

export const arrayOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const nullable = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  type: [...[schema['type']].flat(), 'null'],
});
export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

export const TEXT: JsonSchema = { type: 'string' };
export const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
export const NUMBER: JsonSchema = { type: 'number' };
export const FLAG: JsonSchema = { type: 'boolean' };
export const NANO_USD: JsonSchema = { type: 'number', description: 'billionths of a US dollar' };
export const USD: JsonSchema = { type: 'number', description: 'US dollars' };
export const TIME: JsonSchema = { type: 'string', format: 'date-time' };
export const ANYTHING: JsonSchema = { type: 'object' };
export const WINDOW: JsonSchema = objectSchema<{ from: string; to: string }>(
  { from: TIME, to: TIME },
  '(from, to]',
);
