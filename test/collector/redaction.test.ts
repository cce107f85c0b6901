import { afterEach, expect, it } from '@jest/globals';
import { startMockBackend, type MockBackend } from '../stack/backend.ts';
import { sendLogs, sendSpans, toLog } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { promptJsonConfig } from '../stack/prompt-export.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const MARKER = 'the-customer-said-this';
const TIME_MS = Date.parse('2026-11-20T10:00:00Z');

/** Secrets of every known form, assembled so that this file holds none. */
const SECRETS = [
  `sk-ant-api03-${'Ab1_'.repeat(8)}`,
  `sk-proj-${'Ab1_'.repeat(8)}`,
  `sk-lf-${'0123abcd-'.repeat(4)}`,
  `ghp_${'Ab12'.repeat(10)}`,
  `github_pat_${'Ab12'.repeat(8)}`,
  `AKIA${'ABCD'.repeat(4)}`,
  `xoxb-${'1234567890-'.repeat(2)}`,
  `AIza${'Ab1-_'.repeat(7)}`,
  `eyJ${'abcd'.repeat(4)}.${'abcd'.repeat(4)}.${'abcd'.repeat(4)}`,
  `:AA${'Ab1'.repeat(11)}`,
  `-----BEGIN RSA PRIVATE KEY-----\nMIIE${'abcd'.repeat(4)}\n-----END RSA PRIVATE KEY-----`,
  `Bearer ${'abcDEF123'.repeat(3)}`,
];

const CONTENT = {
  'gen_ai.prompt.0.content': MARKER,
  'gen_ai.completion.0.content': MARKER,
  'gen_ai.input.messages': `[{"content":"${MARKER}"}]`,
  'gen_ai.system_instructions': MARKER,
  'llm.input_messages.0.message.content': MARKER,
  'input.value': MARKER,
  'output.value': MARKER,
  'ai.prompt.messages': MARKER,
  'ai.response.text': MARKER,
  'ai.toolCall.args': MARKER,
  'traceloop.entity.input': MARKER,
  'langfuse.observation.input': MARKER,
  'gen_ai.tool.call.arguments': MARKER,
  user_prompt: MARKER,
};

(await describeWith('collector'))('what the Collector lets through', () => {
  let backend: MockBackend;
  let collector: CollectorServer;

  async function start(...overlays: string[]): Promise<void> {
    backend = await startMockBackend();
    collector = await startCollector({
      configs: ['base.yaml', 'otlp.yaml', ...overlays, promptJsonConfig()],
      env: { OTLP_BACKEND_URL: backend.url },
    });
  }

  async function postLogs(body: object): Promise<void> {
    const response = await fetch(`${collector.httpUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  }

  const received = (): string => backend.requests.map(({ text }) => text).join('\n');

  async function untilArrived(): Promise<string> {
    await waitUntil(() => backend.spans.length > 0 && backend.logs.length > 0, {
      what: () => `span and event; the Collector said\n${collector.process.output().slice(-3000)}`,
    });
    return JSON.stringify([backend.spans, backend.logs]);
  }

  afterEach(async () => {
    await collector.stop();
    await backend.stop();
  });

  it(
    'no content, of whatever emitter',
    async () => {
      await start();
      await sendSpans(collector.httpUrl, {}, 'any', [
        { name: 'chat', attributes: { ...CONTENT, kept: 'yes' } },
      ]);
      const event = toLog({
        timestamp: TIME_MS,
        'event.name': 'agent.tool_call',
        'gen_ai.tool.name': 'refund',
        'tool.args_json': `{"why":"${MARKER} with \\"quotes\\" and \\\\"}`,
        'tool.input_len': 42,
        'tallyspan.request_json': JSON.stringify({
          messages: [{ content: `${MARKER}","tool.input_len":1` }],
        }),
        'tallyspan.response_json': JSON.stringify({ content: [{ text: `\\" ${MARKER}` }] }),
      });
      await sendLogs(collector.httpUrl, {}, [{ ...event, attributes: { ...event.attributes, ...CONTENT } }]);
      const arrived = await untilArrived();
      expect(arrived).not.toContain(MARKER);
      expect(backend.spans[0]?.attributes).toEqual({ kept: 'yes' });
      // What is left of the body is still the JSON of the event.
      expect(JSON.parse(String(backend.logs[0]?.body))).toEqual({
        timestamp: '2026-11-20T10:00:00.000Z',
        'event.name': 'agent.tool_call',
        'gen_ai.tool.name': 'refund',
        'tool.input_len': 42,
      });
    },
    BUILD_TIMEOUT_MS,
  );

  it('no content of events that are messages, on spans and as records, nor around them', async () => {
    await start();
    const said = { content: MARKER, message: MARKER, tool_calls: MARKER, 'tool.result': MARKER };
    await sendSpans(collector.httpUrl, CONTENT, 'any', [
      {
        name: 'chat',
        events: [
          { name: 'gen_ai.user.message', attributes: { ...said, role: 'user' } },
          { name: 'gen_ai.choice', attributes: { ...said, index: 0, finish_reason: 'stop' } },
          { name: 'retry', attributes: { message: 'kept' } },
        ],
        attributes: {},
      },
    ]);
    const records = [
      { eventName: 'gen_ai.choice', body: map({ content: MARKER, role: 'assistant' }) },
      { eventName: 'gen_ai.tool.message', body: { stringValue: `{"content":"${MARKER}"}` } },
      { eventName: 'note', body: map({ 'gen_ai.output.messages': MARKER, kept: 'yes' }) },
      ...['api_request_body', 'claude_code.api_response_body', 'assistant_response', 'system_prompt'].map(
        (eventName) => ({
          eventName,
          body: { stringValue: 'claude_code' },
          attributes: ['body', 'response', 'system_prompt'].map((key) => ({
            key,
            value: { stringValue: MARKER },
          })),
        }),
      ),
    ].map((record) => ({ ...record, timeUnixNano: `${TIME_MS}000000` }));
    const scope = { name: 'any', attributes: [{ key: 'gen_ai.prompt', value: { stringValue: MARKER } }] };
    await postLogs({ resourceLogs: [{ scopeLogs: [{ scope, logRecords: records }] }] });
    const arrived = await untilArrived();
    expect(arrived).not.toContain(MARKER);
    expect(received()).not.toContain(MARKER);
    expect(arrived).toContain('finish_reason');
    expect(received()).toContain('"kept"');
    expect(backend.logs.map(({ body }) => body)).toEqual([
      'gen_ai.choice',
      'gen_ai.tool.message',
      map({ kept: 'yes' }),
      ...records.slice(3).map(({ eventName }) => eventName),
    ]);
  });

  it('content where it is allowed, still without secrets', async () => {
    await start('content.yaml');
    const text = `${MARKER} ${SECRETS[0]}`;
    await sendSpans(collector.httpUrl, {}, 'any', [{ name: text, attributes: { 'input.value': text } }]);
    await sendLogs(collector.httpUrl, {}, [
      { timeMs: TIME_MS, body: text, attributes: { user_prompt: text } },
    ]);
    await untilArrived();
    expect(backend.spans[0]).toMatchObject({
      name: `${MARKER} ****`,
      attributes: { 'input.value': `${MARKER} ****` },
    });
    expect(backend.logs[0]).toMatchObject({
      body: `${MARKER} ****`,
      attributes: { user_prompt: `${MARKER} ****` },
    });
  });

  it('no secret in any string: name, attribute, list, resource or body', async () => {
    await start();
    const texts = Object.fromEntries(
      SECRETS.map((secret, index) => [`note.${index}`, `before ${secret} after`]),
    );
    const attributes = { ...texts, list: SECRETS };
    const resource = { 'service.name': 'shop', ...texts };
    await sendSpans(collector.httpUrl, resource, 'any', [{ name: `call ${SECRETS[0]}`, attributes }]);
    await sendLogs(collector.httpUrl, resource, [
      { timeMs: TIME_MS, body: JSON.stringify(SECRETS), attributes },
    ]);
    const arrived = await untilArrived();
    for (const secret of SECRETS) expect(arrived).not.toContain(secret.split('\n')[0]);
    expect(backend.spans[0]?.name).toBe('call ****');
    for (const key of Object.keys(texts)) {
      expect(backend.spans[0]?.attributes[key]).toBe('before **** after');
      expect(backend.logs[0]?.attributes[key]).toBe('before **** after');
      expect(backend.logs[0]?.resource[key]).toBe('before **** after');
    }
  });

  it('no secret in the names around: of a scope, of an event, in the state of a trace', async () => {
    await start();
    const secret = SECRETS[0] ?? '';
    await sendSpans(collector.httpUrl, {}, `library ${secret}`, [
      { name: 'call', events: [{ name: `retry with ${secret}`, attributes: {} }], attributes: {} },
    ]);
    const record = {
      timeUnixNano: `${TIME_MS}000000`,
      eventName: `e ${secret}`,
      severityText: `s ${secret}`,
    };
    await postLogs({ resourceLogs: [{ scopeLogs: [{ scope: { name: secret }, logRecords: [record] }] }] });
    await untilArrived();
    const arrived = received();
    expect(arrived).not.toContain(secret);
    for (const name of ['library ****', 'retry with ****', 'e ****', 's ****'])
      expect(arrived).toContain(name);
  });

  it('numbers as they are, whatever their key says', async () => {
    await start();
    const numbers = {
      'gen_ai.usage.input_tokens': 123_456_789_012_345,
      token: 1_234_567_890,
      secret_token_count: 4_111_111_111_111_111,
      ratio: 0.25,
      is_token: true,
    };
    await sendSpans(collector.httpUrl, {}, 'any', [{ name: 'x', attributes: numbers }]);
    await sendLogs(collector.httpUrl, {}, [{ timeMs: TIME_MS, body: '{"tokens":12}', attributes: numbers }]);
    await untilArrived();
    expect(backend.spans[0]?.attributes).toEqual(numbers);
    expect(backend.logs[0]).toMatchObject({ body: '{"tokens":12}', attributes: numbers });
  });
});

function map(value: Record<string, string>): object {
  return {
    kvlistValue: {
      values: Object.entries(value).map(([key, text]) => ({ key, value: { stringValue: text } })),
    },
  };
}
