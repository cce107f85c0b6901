import { describe, expect, it } from '@jest/globals';
import { UNSAFE } from '../../core/text/safe-text.ts';
import { visibleHtml } from '../../server/web/render-html.ts';

describe('rendered HTML', () => {
  it('shows what a browser would obey or hide, wherever a page names it', () => {
    expect(
      visibleHtml(
        '<p title="a > \u202Eb" class="x">agent\u202Elive\u200B\u001B[31m<b>\u{e0041}</b></p><option value="\u202Ea">\u202Ea</option>',
      ),
    ).toBe(
      [
        String.raw`<p title="a > \u202eb" class="x">agent\u202elive\u200b\x1b[31m<b>\u{e0041}</b></p>`,
        '<option value="\u202Ea">',
        String.raw`\u202ea</option>`,
      ].join(''),
    );
  });

  it('leaves addresses and values of forms, line ends and what scripts and pictures are made of', () => {
    const html = '<form><input value="a&quot;\u202E>\u200B"/><pre>one\n\ttwo 👩‍👩‍👧 शक्‍ति العربية</pre></form>';
    expect(visibleHtml(html)).toBe(html);
  });

  it('misses none of the characters', () => {
    const missed: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      if (character === '\n' || character === '\t' || character.search(UNSAFE) === -1) continue;
      if (visibleHtml(`<i>${character}</i>`).includes(character)) missed.push(code.toString(16));
    }
    expect(missed).toEqual([]);
  });
});
