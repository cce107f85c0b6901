import { describe, expect, it } from '@jest/globals';
import { parseTraceUrls, traceLinksOf } from '../../../server/web/trace-links.ts';
import { sendEvents, startTestServer } from '../harness.ts';
import { sampleRun } from './sample-run.ts';

const JAEGER = 'http://127.0.0.1:16686/trace/{trace_id}';
const TEMPO = 'https://grafana.example/explore?left={"query":"{trace_id}"}';

describe('addresses of traces in other back ends', () => {
  it('are taken with the id in its place, however many there are', () => {
    const templates = parseTraceUrls(` ${JAEGER}\n${TEMPO} `);
    expect(traceLinksOf(templates, 'a1')).toEqual([
      { name: '127.0.0.1:16686', url: 'http://127.0.0.1:16686/trace/a1' },
      { name: 'grafana.example', url: 'https://grafana.example/explore?left={"query":"a1"}' },
    ]);
    expect(traceLinksOf(templates, null)).toEqual([]);
    expect(parseTraceUrls('')).toEqual([]);
  });

  it('cannot break out of the address', () => {
    expect(traceLinksOf([JAEGER], '"><script>')[0]?.url).toBe(
      'http://127.0.0.1:16686/trace/%22%3E%3Cscript%3E',
    );
  });

  it.each([
    ['jaeger', 'is no address'],
    ['javascript:alert({trace_id})', 'is no http or https address'],
    ['http://127.0.0.1:16686/trace/', 'has no {trace_id} in it'],
  ])('%s stops the start: it %s', async (template, message) => {
    await expect(startTestServer({ traceUrls: template })).rejects.toThrow(message);
  });

  it('stand on the page of a run', async () => {
    const server = await startTestServer({ traceUrls: JAEGER });
    await sendEvents(server, sampleRun({ mark: 'a', endMs: Date.now() }));
    const page = await fetch(`${server.uiUrl}/runs/aaaa`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain(`href="http://127.0.0.1:16686/trace/${'a'.repeat(32)}"`);
    await server.remove();
  });
});
