// Settings: what is not valid is told and replaced by the default.

import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../instrumentation/settings.ts';

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

  it('a value that is not valid names what is', () => {
    const settings = readSettings({ TALLYSPAN_CONTENT: 'all', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    expect(settings).toMatchObject({ content: 'none', protocol: 'grpc' });
    expect(settings.problems).toEqual([
      'TALLYSPAN_CONTENT=all is not valid; it is one of none, tools, full. Using none.',
      'OTEL_EXPORTER_OTLP_PROTOCOL=http/json is not supported; it is grpc or http/protobuf. Using grpc.',
    ]);
  });

  it('case and blanks do not matter', () => {
    expect(readSettings({ TALLYSPAN_CONTENT: ' Tools ', OTEL_SDK_DISABLED: 'TRUE' })).toMatchObject({
      content: 'tools',
      isDisabled: true,
    });
  });
});
