import { describe, expect, it } from '@jest/globals';
import { senderSettings } from '../../../server/web/sender-settings.ts';

describe('what a sender has to be told', () => {
  it('is nothing where it finds the server by itself', () => {
    expect(senderSettings('127.0.0.1:4317', 'localhost:4319', false)).toEqual({
      address: '127.0.0.1:4317',
      variables: '',
    });
  });

  it('is another port', () => {
    expect(senderSettings('127.0.0.1:9317', '127.0.0.1:9319', false).variables).toBe(
      'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9317 ',
    );
  });

  it('is the name by which the reader came, and the token, on an address that others reach', () => {
    expect(senderSettings('0.0.0.0:4317', 'box.example:4319', true)).toEqual({
      address: 'box.example:4317',
      variables:
        'OTEL_EXPORTER_OTLP_ENDPOINT=http://box.example:4317 OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$TALLYSPAN_TOKEN" ',
    });
    expect(senderSettings('[::]:4317', '[2001:db8::1]:4319', true).address).toBe('[2001:db8::1]:4317');
  });
});
