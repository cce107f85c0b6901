// The output of a configuration in a form that can be kept: each record whole, on its own, with its resource
// and scope, in an order that does not depend on how the records travelled.

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- OTLP as it arrived

export type GoldenRecord = Readonly<Record<string, unknown>>;

/** Every record of these requests (OTLP in its JSON form), sorted. */
export function readRecords(requests: readonly Json[]): GoldenRecord[] {
  return requests
    .flatMap((request) => [
      ...(request['resourceSpans'] ?? []).flatMap((resource: Json) =>
        readScopes(resource, resource['scopeSpans'], 'spans'),
      ),
      ...(request['resourceLogs'] ?? []).flatMap((resource: Json) =>
        readScopes(resource, resource['scopeLogs'], 'logRecords'),
      ),
    ])
    .map((record: GoldenRecord) => ({ record, key: JSON.stringify(record) }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ record }) => record);
}

function readScopes(resource: Json, scopes: readonly Json[], list: string): GoldenRecord[] {
  return scopes.flatMap((scope) =>
    (scope[list] ?? []).map((record: Json) => ({
      scope: [scope['scope']?.name, scope['scope']?.version].filter(Boolean).join('@'),
      ...readFields(record),
      resource: readAttributes(resource['resource']?.attributes),
    })),
  );
}

/** The fields of a record that are set, by name. */
function readFields(record: Json): GoldenRecord {
  return Object.fromEntries(
    Object.entries(record)
      .map(([name, value]) => [name, readField(name, value)] as const)
      .filter(([, value]) => !isUnset(value))
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function readField(name: string, value: Json[string]): unknown {
  if (name === 'attributes') return readAttributes(value);
  if (name === 'body') return readValue(value);
  if (name.endsWith('Id')) return typeof value === 'string' ? value : Buffer.from(value).toString('hex');
  if (name === 'status') return readFields(value);
  if (name === 'events' || name === 'links') return (value as Json[]).map(readFields);
  return value;
}

function isUnset(value: unknown): boolean {
  return (
    value === 0 ||
    value === '' ||
    value === '0' ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

function readAttributes(list: readonly Json[] | undefined): GoldenRecord {
  return Object.fromEntries(
    (list ?? [])
      .map(({ key, value }) => [String(key), readValue(value)] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

/** A value with its type: an integer is a number here, and a double says so. */
function readValue(value: Json): unknown {
  if ('intValue' in value) return Number(value['intValue']);
  if ('doubleValue' in value) return { double: value['doubleValue'] };
  if ('arrayValue' in value) return (value['arrayValue'].values ?? []).map(readValue);
  if ('kvlistValue' in value) return readAttributes(value['kvlistValue'].values);
  return value['stringValue'] ?? value['boolValue'] ?? null;
}
