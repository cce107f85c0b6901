// Log records as Claude Code 2.1.332 writes them, by the names and types that its binary was seen to use: counts that are
// numbers in one record and texts in another, an account, and marked texts where content may stand.

export const SECRET = 'zanzibar';
export const SESSION = 'f5ab359c-18dc-4ead-961d-5ac4e27b232d';
export const PROMPT = 'cd07d54c-d415-41d6-b2a2-99d62e65cd9d';

type Value = string | number | boolean;
type Attributes = Readonly<Record<string, Value>>;

const ACCOUNT: Attributes = {
  'user.id': '4316010b8380',
  'session.id': SESSION,
  'organization.id': `${SECRET}-organization`,
  'user.email': `${SECRET}@example.com`,
  'user.account_uuid': `${SECRET}-account`,
  'user.account_id': `${SECRET}-account-id`,
  'terminal.type': 'non-interactive',
  'anthropic.provider': 'firstParty',
};

export interface SampleLog {
  readonly timeMs: number;
  readonly attributes: Attributes;
}

/** Numbers the records from `first`, a second between them. */
export function logsOf(
  kinds: readonly (readonly [kind: string, attributes: Attributes])[],
  { startMs, first = 0 }: { readonly startMs: number; readonly first?: number },
): SampleLog[] {
  return kinds.map(([kind, attributes], index) => ({
    timeMs: startMs + index * 1_000,
    attributes: {
      ...ACCOUNT,
      'event.name': kind,
      'event.timestamp': new Date(startMs + index * 1_000).toISOString(),
      'event.sequence': first + index,
      'prompt.id': PROMPT,
      ...attributes,
    },
  }));
}

/** An `api_request` on Opus 5.5 ($4 in, $20 out, $5 and $8 writes, $0.20 reads a million), with the cost that Claude Code reckons. */
export function apiRequest(request: string, more: Attributes = {}): readonly [string, Attributes] {
  return [
    'api_request',
    {
      model: 'claude-opus-5-5',
      input_tokens: 1_000,
      output_tokens: 260,
      cache_read_tokens: 0,
      cache_creation_tokens: 1_300,
      cache_creation_5m_tokens: 1_000,
      cache_creation_1h_tokens: 300,
      cost_usd: 0.0166,
      cost_usd_micros: 16_600,
      duration_ms: 600,
      ttft_ms: 539,
      request_id: request,
      speed: 'normal',
      query_source: 'sdk',
      ...more,
    },
  ];
}

/** Body of a request to `/v1/logs`, to be sent as JSON. */
export function otlpOf(logs: readonly SampleLog[], scope = 'com.anthropic.claude_code.events'): unknown {
  return {
    resourceLogs: [
      {
        resource: { attributes: pairs({ 'service.name': 'claude-code', 'service.version': '2.1.332' }) },
        scopeLogs: [
          {
            scope: { name: scope, version: '2.1.332' },
            logRecords: logs.map(({ timeMs, attributes }) => ({
              timeUnixNano: `${String(timeMs)}000000`,
              observedTimeUnixNano: `${String(timeMs)}000000`,
              body: { stringValue: `claude_code.${String(attributes['event.name'])}` },
              attributes: pairs(attributes),
            })),
          },
        ],
      },
    ],
  };
}

function pairs(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));
}
