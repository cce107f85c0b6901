// Settings: what is not valid is told and replaced by the default.

import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../instrumentation/process/settings.ts';

describe('settings', () => {
  it('an empty environment gives the defaults and nothing to say', () => {
    expect(readSettings({})).toMatchObject({
      isDisabled: false,
      content: 'none',
      log: 'warn',
      protocol: 'grpc',
      fileFolder: undefined,
      problems: [],
    });
  });

  it.each([
    ['TALLYSPAN_CONTNET', 'TALLYSPAN_CONTENT'],
    ['TALLYSPAN_USERID', 'TALLYSPAN_USER_ID'],
    ['TALLYSPAN_SPOOLS', 'TALLYSPAN_SPOOL'],
  ])('%s: did you mean %s?', (given, meant) => {
    expect(readSettings({ [given]: 'x' }).problems).toEqual([
      `${given} is not a setting. Did you mean ${meant}?`,
    ]);
  });

  it('a variable that is near to none of ours gets no suggestion', () => {
    expect(readSettings({ TALLYSPAN_SOMETHING_ELSE: 'x' }).problems).toEqual([
      'TALLYSPAN_SOMETHING_ELSE is not a setting.',
    ]);
  });

  it.each([
    'TALLYSPAN_CLAUDE_PLAN',
    'TALLYSPAN_JUDGE_API_KEY',
    'TALLYSPAN_TRUSTED_PROXY',
    'TALLYSPAN_ENDPOINT',
    'TALLYSPAN_FORWARD_HEADERS',
    'TALLYSPAN_STATUSLINE_WAIT_MS',
  ])('%s is for another of our programs, which may share the environment', (name) => {
    expect(readSettings({ [name]: 'x' }).problems).toEqual([]);
  });

  it('a value that is not valid names what is', () => {
    const settings = readSettings({ TALLYSPAN_CONTENT: 'all', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    expect(settings).toMatchObject({ content: 'none', protocol: 'grpc' });
    expect(settings.problems).toEqual([
      'TALLYSPAN_CONTENT=all is not valid; it is one of none, tools, errors, full. Using none.',
      'OTEL_EXPORTER_OTLP_PROTOCOL=http/json is not supported; it is one of grpc, http/protobuf. Using grpc.',
    ]);
  });

  it('case and blanks do not matter', () => {
    expect(readSettings({ TALLYSPAN_CONTENT: ' Tools ', OTEL_SDK_DISABLED: 'TRUE' })).toMatchObject({
      content: 'tools',
      isDisabled: true,
    });
  });

  describe('standard variables', () => {
    it('exporters: otlp and none', () => {
      expect(readSettings({ OTEL_TRACES_EXPORTER: 'none' })).toMatchObject({
        sendsSpans: false,
        sendsEvents: true,
        problems: [],
      });
      const settings = readSettings({ OTEL_LOGS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'otlp' });
      expect(settings).toMatchObject({ sendsSpans: true, sendsEvents: false });
      expect(settings.problems).toEqual([
        'OTEL_LOGS_EXPORTER=none: no events leave this process, and events hold every number. Unset it, or set TALLYSPAN_FILE.',
      ]);
    });

    it.each([
      ['OTEL_TRACES_EXPORTER', 'console', 'it is one of otlp, none. Using otlp.'],
      ['OTEL_TRACES_EXPORTER', 'otpl', 'did you mean otlp? Using otlp.'],
      ['OTEL_TRACES_EXPORTER', 'none,zipkin', 'it is one of otlp, none. Using none.', 'zipkin'],
      ['OTEL_LOGS_EXPORTER', 'console', 'it is one of otlp, none. Using otlp.'],
      ['OTEL_PROPAGATORS', 'b3multi', 'it is one of tracecontext, baggage, none. Using tracecontext.'],
      ['OTEL_PROPAGATORS', 'tracecontex', 'did you mean tracecontext? Using tracecontext.'],
      ['OTEL_TRACES_SAMPLER', 'always-off', 'did you mean always_off? Using parentbased_always_on.'],
    ])('%s=%s is told', (name, value, hint, told = value) => {
      expect(readSettings({ [name]: value }).problems).toEqual([`${name}=${told} is not supported; ${hint}`]);
    });

    it('propagators: none turns the trace context off, baggage is never sent', () => {
      expect(readSettings({ OTEL_PROPAGATORS: 'none' }).sendsTraceContext).toBe(false);
      expect(readSettings({ OTEL_PROPAGATORS: 'baggage' }).sendsTraceContext).toBe(false);
      expect(readSettings({ OTEL_PROPAGATORS: 'tracecontext,baggage' })).toMatchObject({
        sendsTraceContext: true,
        problems: [],
      });
    });

    it.each([
      ['localhost:4318', 'http://localhost:4318'],
      ['127.0.0.1:4318', 'http://127.0.0.1:4318'],
      ['a host:4318', 'http://127.0.0.1:4318'],
      ['grpc://localhost:4317', 'http://127.0.0.1:4318'],
    ])('the address %s over HTTP counts as not set and is said', (given, like) => {
      const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: given };
      expect(readSettings(env).problems).toEqual([
        `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${given} is no address of HTTP; write it like ${like}. It counts as not set.`,
      ]);
      expect(readSettings({ ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).problems).toEqual([]);
    });

    it('OTEL_SDK_DISABLED: true alone disables', () => {
      expect(readSettings({ OTEL_SDK_DISABLED: '1' })).toMatchObject({
        isDisabled: false,
        problems: ['OTEL_SDK_DISABLED=1 is not valid; it is true or false. Using false.'],
      });
    });
  });
});
