// Markdown of a model as elements: what it means, and that nothing in it is HTML, loads anything, or leads elsewhere.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';

const RUN = 'd'.repeat(32);

let server: TestServer;
let calls = 0;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.remove());

/** What the page shows of an answer as Markdown; undefined where it shows its text alone. */
async function htmlOf(text: string): Promise<string | undefined> {
  const span = (++calls).toString(16).padStart(16, '0');
  await sendEvents(server, [
    {
      timestamp: Date.now(),
      'event.name': 'agent.model_call',
      'agent.run_id': RUN,
      trace_id: RUN,
      span_id: span,
      'tallyspan.response_json': JSON.stringify({ role: 'assistant', content: [{ type: 'text', text }] }),
    },
  ]);
  const html = await (await fetch(`${server.uiUrl}/runs/${RUN}?step=${span}`)).text();
  expect(html).toContain('Recorded content, decrypted for this page.');
  return /<div class="block text">(<div class="markdown">.*?)<\/div><details class="fold"><summary><bdi>As it was written/s.exec(
    html,
  )?.[1];
}

describe('Markdown', () => {
  it.each([
    ['# Title', '<p class="heading">Title</p>'],
    ['A **bold** and *soft* `word`.', '<p>A <strong>bold</strong> and <em>soft</em> <code>word</code>.</p>'],
    ['- one\n- two', '<ul><li>one</li><li>two</li></ul>'],
    ['3. three\n4. four', '<ol start="3"><li>three</li><li>four</li></ol>'],
    ['```js\nlet a = "<b>";\n```', '<pre tabindex="0"><code>let a = &quot;&lt;b>&quot;;</code></pre>'],
    ['> said', '<blockquote><p>said</p></blockquote>'],
    ['~~gone~~', '<p><del>gone</del></p>'],
    [
      '[docs](https://example.com/a?b=1&c=2)',
      '<p><span><a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">docs</a> (https://example.com/a?b=1&amp;c=2)</span></p>',
    ],
  ])('%s', async (text, html) => {
    expect(await htmlOf(text)).toBe(`<div class="markdown">${html}</div>`);
  });

  it('has tables', async () => {
    const html = await htmlOf('| a | b |\n|---|---|\n| 1 | **2** |');
    expect(html).toContain('<th>a</th><th>b</th>');
    expect(html).toContain('<td>1</td><td><strong>2</strong></td>');
  });

  it.each(['Only words.', 'Two lines\nof words.', '', '2 * 3 * 4 = 24', 'snake_case_name'])(
    'is left alone where there is none: %s',
    async (text) => {
      expect(await htmlOf(text)).toBeUndefined();
    },
  );

  it.each([
    ['HTML', '**x**\n\n<script>alert(1)</script><img src=x onerror=alert(1)>'],
    ['HTML within a line', '**x** <b onmouseover=alert(1)>y</b>'],
    ['SVG', '- x\n\n<svg onload=alert(1)><a xlink:href="javascript:alert(1)"></a></svg>'],
    [
      'an address that is a script',
      '[x](javascript:alert(1)) and [y](JaVaScRiPt:alert(1)) and [z](&#106;avascript:alert(1))',
    ],
    ['an address of data', '[x](data:text/html,<script>alert(1)</script>)'],
    ['an address in angle brackets', '<javascript:alert(1)> **x**'],
    ['an address of a file', '[x](file:///etc/passwd) [y](//evil.example) [z](/alerts/test)'],
    ['an image', '![x](https://evil.example/pixel.png "t")'],
    ['an image that is a link', '[![x](https://evil.example/p.png)](javascript:alert(1))'],
    ['a title that ends the attribute', `[x](https://example.com 'a" onmouseover="alert(1)')`],
    ['an address that ends the attribute', '[x](https://example.com/"onmouseover="alert(1))'],
    ['a reference', '[x][1]\n\n[1]: javascript:alert(1)'],
    ['a language', '```"><script>alert(1)</script>\nx\n```'],
  ])('executes and loads nothing: %s', async (_name, text) => {
    const html = (await htmlOf(text)) ?? '';
    const tags = [...html.matchAll(/<([a-z]+)((?:\s+[a-z]+="[^"]*")*)\s*\/?>/g)];
    const known = new Set(['div', 'p', 'span', 'a', 'strong', 'em', 'ul', 'li', 'pre', 'code']);
    expect(tags.map(([, tag]) => tag).filter((tag) => !known.has(tag ?? ''))).toEqual([]);
    // Every angle bracket is one of these, so that nothing else is a tag.
    expect([...html.matchAll(/<(?!\/)/g)]).toHaveLength(tags.length);
    const given = tags.flatMap(([, , attributes = '']) => [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)]);
    const names = new Set(['class', 'href', 'rel', 'target', 'tabindex']);
    expect(given.filter(([, name = '']) => !names.has(name))).toEqual([]);
    const addresses = given.flatMap(([, name, value = '']) => (name === 'href' ? [value] : []));
    expect(addresses.filter((address) => !address.startsWith('https://'))).toEqual([]);
  });

  it('shows what would hide or reorder it', async () => {
    expect(await htmlOf('**a\u202eb** \u001b[31m')).toContain('<i class="esc">\\u202e</i>');
    expect(await htmlOf('`a\u0007`')).toContain('<i class="esc">\\x07</i>');
  });

  it.each([
    ['quotes', '>'.repeat(19_000)],
    ['lists', Array.from({ length: 150 }, (_, n) => `${' '.repeat(n)}- x`).join('\n')],
    ['emphasis', '*_'.repeat(9000)],
    ['brackets', '['.repeat(19_000)],
    ['links', '[a]('.repeat(4900)],
    ['a table', `|${'a|'.repeat(4000)}\n|${'-|'.repeat(4000)}`],
  ])('of endless %s ends soon', async (_name, text) => {
    await expect(htmlOf(text)).resolves.not.toThrow();
  });

  it('that is very long is text', async () => {
    expect(await htmlOf(`**x** ${'y'.repeat(20_000)}`)).toBeUndefined();
  });
});
