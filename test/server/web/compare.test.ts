import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alignSteps, firstDifference } from '../../../server/queries/runs/compare/align-steps.ts';
import { diffTexts } from '../../../server/queries/runs/compare/diff-texts.ts';
import type { RunStep } from '../../../server/queries/runs/read-run.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SYSTEM, idOf, toldRun } from './told-run.ts';

// Two runs side by side: their steps, where they part, and what was sent.

const NOW = Date.now();

/** Steps by their names: a capital is a model, `!` marks a failure. */
function stepsOf(names: string): RunStep[] {
  return names
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => {
      const isCall = /^[A-Z]/.test(name);
      const bare = name.replace('!', '');
      return {
        step: isCall ? 'model_call' : 'tool_call',
        ...(isCall
          ? { 'gen_ai.response.model': bare }
          : { 'gen_ai.tool.name': bare, 'tool.ok': !name.endsWith('!') }),
      } as unknown as RunStep;
    });
}

function nameOf(step: RunStep | undefined): string {
  const name = step?.['gen_ai.response.model'] ?? step?.['gen_ai.tool.name'];
  return typeof name === 'string' ? name : '–';
}

function aligned(a: string, b: string): string[] {
  return alignSteps(stepsOf(a), stepsOf(b)).map(
    (pair) => `${nameOf(pair.a)}${pair.isSame ? '=' : '|'}${nameOf(pair.b)}`,
  );
}

describe('steps', () => {
  it.each([
    ['M a M', 'M a M', ['M=M', 'a=a', 'M=M'], undefined],
    ['M a b M', 'M a M', ['M=M', 'a=a', 'b|–', 'M=M'], 2],
    ['M a M', 'M b M', ['M=M', 'a|b', 'M=M'], 1],
    ['M a! M', 'M a M', ['M=M', 'a|a', 'M=M'], 1],
    ['', 'M', ['–|M'], 0],
    ['', '', [], undefined],
  ])('of %j and %j stand side by side', (a, b, pairs, first) => {
    expect(aligned(a, b)).toEqual(pairs);
    expect(firstDifference(alignSteps(stepsOf(a), stepsOf(b)))).toBe(first);
  });

  it('of long runs without much in common are paired by their place', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      Array.from({ length: 6000 }, (_, index) => `${name}${index}`).join(' '),
    );
    expect(alignSteps(stepsOf(a ?? ''), stepsOf(b ?? ''))).toHaveLength(6000);
  });
});

describe('texts', () => {
  it('are compared by lines, with a few equal ones around what differs', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = lines.with(10, 'another');
    expect(
      diffTexts(lines.join('\n'), changed.join('\n'))?.map(({ kind, text }) => `${kind} ${text}`),
    ).toEqual([
      'gap 7 equal lines',
      'same line 7',
      'same line 8',
      'same line 9',
      'gone line 10',
      'new another',
      'same line 11',
      'same line 12',
      'same line 13',
      'gap 6 equal lines',
    ]);
  });

  it('that are too long are not', () => {
    expect(diffTexts('a'.repeat(300_000), 'b'.repeat(300_000))).toBeUndefined();
  });
});

describe('the page', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await sendEvents(server, [
      ...toldRun({ mark: 'a0', endMs: NOW - 10_000, status: 'error', agent: 'one' }),
      ...toldRun({
        mark: 'a1',
        endMs: NOW - 11_000,
        agent: 'one',
        turns: 2,
        system: `${SYSTEM}\nNever guess.`,
      }),
      ...toldRun({ mark: 'a2', endMs: NOW - 12_000, agent: 'one', turns: 4 }),
      ...toldRun({ mark: 'a3', endMs: NOW - 13_000, agent: 'one', turns: 5, hasContent: false }),
      ...toldRun({ mark: 'a4', endMs: NOW - 13_000, agent: 'two' }),
      ...toldRun({ mark: 'a5', endMs: NOW - 13_000, agent: 'three' }).filter(
        (event) => event['event.name'] !== 'agent.tool_cost' || event['gen_ai.tool.name'] !== 'search_docs',
      ),
    ]);
  });

  afterAll(() => server.remove());

  async function textOf(query: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await fetch(`${server.uiUrl}/compare?${query}`, {
      headers: { accept: 'text/html', ...headers },
    });
    return (await answer.text())
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim();
  }

  it('has the diff of what was sent, and marks where the runs part', async () => {
    const text = await textOf(`a=${idOf('a0')}&b=${idOf('a1')}`);
    expect(text).toContain('Answer in one sentence. + Never guess.');
    expect(text).toContain('Tool definitions the same');
    expect(text.match(/first difference/g)).toHaveLength(1);
  });

  it('takes a part that only one of them has as costing the other nothing', async () => {
    const text = await textOf(`a=${idOf('a0')}&b=${idOf('a5')}`);
    expect(text).toMatch(/Context cost of search_docs \(estimated\) \$0\.0036 \$0\.00 [−-]\$0\.0036 /);
  });

  it('takes the two runs that were ticked in a list', async () => {
    const list = await (await fetch(`${server.uiUrl}/runs`, { headers: { accept: 'text/html' } })).text();
    expect(list).toContain(`<input type="checkbox" name="run" value="${idOf('a0')}"`);
    expect(await textOf(`run=${idOf('a0')}&run=${idOf('a2')}`)).toContain(
      'Steps side by side a0a0a0a0 a2a2a2a2',
    );
    expect(await textOf(`run=${idOf('a0')}`)).toContain('Give the id of the second run.');
  });

  it('compares with the median of the runs of the agent that ended well', async () => {
    expect(await textOf(`a=${idOf('a0')}&b=median`)).toContain('a2a2a2a2 is the median run of one by cost');
    expect(await textOf(`a=${idOf('a4')}&b=median`)).toContain('Its agent has no other run that ended well');
  });

  it('says whose content is missing, and shows none to who may not see it', async () => {
    expect(await textOf(`a=${idOf('a0')}&b=${idOf('a3')}`)).toContain(
      'The second run has no recorded content here.',
    );
    const remote = await textOf(`a=${idOf('a0')}&b=${idOf('a1')}`, { 'x-forwarded-for': '192.0.2.1' });
    expect(remote).not.toContain('Never guess.');
  });
});
