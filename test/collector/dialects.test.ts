import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startMockBackend, type MockBackend } from '../stack/backend.ts';
import { CALL_START } from '../fixtures/dialect-fixture.ts';
import { DIALECT_FIXTURES } from '../fixtures/dialect-spans.ts';
import { sendSpans } from '../stack/otlp-client.ts';
import { promptJsonConfig } from '../stack/prompt-export.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

(await describeWith('collector'))('the Collector reads every dialect as core does', () => {
  let backend: MockBackend;
  let collector: CollectorServer;

  beforeAll(async () => {
    backend = await startMockBackend();
    collector = await startCollector({
      configs: ['base.yaml', 'otlp.yaml', promptJsonConfig()],
      env: { OTLP_BACKEND_URL: backend.url },
    });
    for (const [index, fixture] of DIALECT_FIXTURES.entries()) {
      await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, fixture.scope, [
        {
          name: fixture.name,
          kind: fixture.kind ?? 3,
          startMs: Date.parse(fixture.start ?? CALL_START),
          isError: fixture.isError === true,
          attributes: { ...fixture.attributes, 'test.index': index },
        },
      ]);
    }
    await waitUntil(() => backend.spans.length === DIALECT_FIXTURES.length, {
      what: () => `all spans; the Collector said\n${collector.process.output().slice(-3000)}`,
    });
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
    await backend.stop();
  });

  it.each(DIALECT_FIXTURES.map((fixture, index) => ({ ...fixture, index })))('$title', (fixture) => {
    const span = backend.spans.find(({ attributes }) => attributes['test.index'] === fixture.index);
    const attributes = span?.attributes ?? {};
    expect(attributes['tallyspan.dialect']).toBe(fixture.rule);
    for (const [key, value] of Object.entries(fixture.standard))
      expect([key, attributes[key]]).toEqual([key, value]);
    expect(attributes['cost_nano_usd']).toBe(fixture.costNanoUsd);
    expect(attributes['tallyspan.cost.status']).toBe(
      fixture.costNanoUsd === undefined ? undefined : 'estimated',
    );
    expect(Object.keys(attributes)).not.toContain('tallyspan.pending');
  });

  it('no statement failed', () => {
    expect(collector.process.output()).not.toMatch(/failed to (?:execute|eval)/);
  });
});
