// Words in recorded content are found with the key, by who may read content, and by nobody else.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WordHasher, isIndexed, wordsOf } from '../../../server/store/file/word-index.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { idOf, spanOf, toldRun } from '../web/told-run.ts';

interface Answer {
  readonly content?: readonly { kind: string; snippet: string; run: string; span: string; path: string }[];
  readonly content_is_cut?: boolean;
  readonly content_fault?: string;
}

const NOW = Date.now();
const LONG = Array.from({ length: 2000 }, (_, n) => `filler${n}`).join(' ');

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const told = (mark: string, question: string, system?: string): ReturnType<typeof toldRun> =>
    toldRun({ mark, endMs: NOW - 60_000, question, turns: 4, ...(system !== undefined && { system }) });
  await sendEvents(server, [
    ...told('a1', 'Where is my Zwiebelkuchen, ordered in Zürich?'),
    ...told('a2', `Please refund the order. ${LONG} It was a late delivery indeed.`),
    ...told('a3', 'Nothing of the kind.', 'You refund every order that is late.'),
    {
      timestamp: NOW,
      'event.name': 'agent.note',
      'agent.run_id': idOf('a1'),
      'agent.note.kind': 'warning',
      'agent.note.text': 'The warehouse gave up on the parcel.',
    },
  ]);
});

afterAll(() => server.remove());

async function find(text: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`${server.uiUrl}/api/search?${new URLSearchParams({ q: text }).toString()}`, {
    headers,
  });
  return (await answer.json()) as Answer;
}

describe('a search', () => {
  it.each([
    ['zwiebelkuchen', 'a1', 1],
    ['ZÜRICH', 'a1', 1],
    ['my Zwiebelkuchen ordered in', 'a1', 1],
    ['late delivery indeed', 'a2', 1],
    ['filler1999', 'a2', 1],
    ['refund every order', 'a3', 1],
    ['Looking, turn 2', 'a1', 2],
  ])('finds %s where it was said first', async (text, mark, turn) => {
    const { content, content_is_cut: isCut } = await find(text);
    expect(isCut).toBe(false);
    expect(content?.some((one) => one.run === idOf(mark) && one.span === spanOf(mark, turn))).toBe(true);
    const [own] = content?.filter(({ run }) => run === idOf(mark)) ?? [];
    expect(own).toMatchObject({ kind: 'content', path: `/runs/${idOf(mark)}?step=${spanOf(mark, turn)}` });
    expect(own?.snippet.toLowerCase()).toContain(text.split(' ')[0]?.toLowerCase().replace(',', ''));
  });

  it('finds notes', async () => {
    expect((await find('gave up on')).content).toMatchObject([
      { kind: 'note', snippet: 'The warehouse gave up on the parcel.', path: `/runs/${idOf('a1')}` },
    ]);
  });

  it.each(['nowheretobefound', 'order the refund', 'zwiebel', '…', '.*'])(
    'finds nothing of %s',
    async (text) => {
      expect((await find(text)).content).toEqual([]);
    },
  );

  it('has it on the page, with a link to the step', async () => {
    const html = await (await fetch(`${server.uiUrl}/search?q=zwiebelkuchen`)).text();
    expect(html).toContain('Where is my Zwiebelkuchen, ordered in Zürich?');
    expect(html).toContain(`/runs/${idOf('a1')}?step=${spanOf('a1', 1)}`);
  });

  it('has none of it for who may not read content', async () => {
    expect(await find('zwiebelkuchen', { 'x-forwarded-for': '10.0.0.1' })).not.toHaveProperty('content');
    const html = await (
      await fetch(`${server.uiUrl}/search?q=zwiebelkuchen`, { headers: { 'x-forwarded-for': '10.0.0.1' } })
    ).text();
    expect(html).not.toContain('Zwiebelkuchen, ordered');
    expect(html).toContain('Recorded content is searched only on the machine of the server');
  });

  it('says what is missing without the key, and with another', async () => {
    const file = path.join(server.dataDir, 'content.key');
    await copyFile(file, `${file}.copy`);
    await rm(file);
    expect((await find('zwiebelkuchen')).content_fault).toContain('cannot read the key');
    await writeFile(file, randomBytes(32));
    expect((await find('zwiebelkuchen')).content).toEqual([]);
    await copyFile(`${file}.copy`, file);
    expect((await find('zwiebelkuchen')).content).toHaveLength(1);
  });

  it('leaves nothing of it in the files, and nothing behind when content is removed', async () => {
    const words = await Promise.all(
      (await readdir(server.dataDir)).map((name) => readFile(path.join(server.dataDir, name), 'latin1')),
    );
    expect(words.join('').toLowerCase()).not.toContain('zwiebelkuchen');
    await fetch(`${server.uiUrl}/runs/${idOf('a1')}/remove-content`, {
      method: 'POST',
      headers: { origin: server.uiUrl },
      redirect: 'manual',
    });
    expect((await find('zwiebelkuchen')).content).toEqual([]);
    expect((await find('late delivery indeed')).content).toHaveLength(1);
    expect(await getJson(server, `/api/runs/${idOf('a1')}`)).toMatchObject({ 'agent.turns': 4 });
  });
});

describe('the words of a text', () => {
  const hasher = new WordHasher(Buffer.alloc(32, 7));
  const has = (bits: Int32Array, word: string): boolean =>
    hasher.bitsOf(word).every(({ column, mask }) => ((bits[column] as number) & mask) !== 0);

  it('all stand in a stretch, and neighbours in the same one', () => {
    const text = Array.from({ length: 1000 }, (_, n) => `w${n * 7}`).join(' ');
    const stretches = hasher.stretchesOf(text);
    const words = wordsOf(text).filter(isIndexed);
    for (let at = 0; at + 8 <= words.length; at++)
      expect(stretches.some((bits) => words.slice(at, at + 8).every((word) => has(bits, word)))).toBe(true);
  });

  it('are other bits with another key, and others are seldom named', () => {
    const other = new WordHasher(Buffer.alloc(32, 8));
    expect(other.bitsOf('order')).not.toEqual(hasher.bitsOf('order'));
    const [bits = new Int32Array(0)] = hasher.stretchesOf(
      Array.from({ length: 96 }, (_, n) => `known${n}`).join(' '),
    );
    const named = Array.from({ length: 20_000 }, (_, n) => `other${n}`).filter((word) => has(bits, word));
    expect(named.length).toBeLessThan(10);
  });

  it('are found in any script and form', () => {
    expect(wordsOf('Ｆｕｌｌ ﬁne naïve 東京 x 2026-11-30').filter(isIndexed)).toEqual([
      'full',
      'fine',
      'naïve',
      '東京',
      '2026',
      '11',
      '30',
    ]);
  });
});
