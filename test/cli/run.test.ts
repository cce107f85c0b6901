import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { EventRecord } from '../../core/event.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { idOf, nestedRuns, toldRun } from '../server/web/told-run.ts';
import { readCommand } from './read-command.ts';
import { runCommand } from './run-command.ts';

// One run in the terminal: its tree, one of its steps, and beside another; and what happens, as it happens.

let server: TestServer;

beforeAll(async () => {
  const now = Date.now();
  server = await startTestServer();
  await sendEvents(server, [
    ...nestedRuns(now - 60_000),
    ...toldRun({ mark: 'b0', endMs: now - 50_000, question: 'a \u001b[31mred\nquestion' }),
    ...toldRun({ mark: 'b1', endMs: now - 50_000, system: 'Be brief.', toolsOf: () => ['read_order'] }),
    ...toldRun({ mark: 'b2', endMs: now - 50_000, hasContent: false }),
    ...toldRun({ mark: 'b3', endMs: now - 50_000, hasContent: false }).map((event) =>
      event['event.name'] === 'agent.model_call' && event['agent.step_number'] === 3 ? failed(event) : event,
    ),
  ]);
});

afterAll(() => server.remove());

const REASON = 'a_reason_that_is_long_and_worth_reading_to_its_end';

/** A call without an answer. */
function failed(event: EventRecord): EventRecord {
  const told = Object.entries(event).filter(
    ([key]) => !/^(?:tokens|cost|gen_ai\.(?:usage|response))/.test(key),
  );
  return { ...(Object.fromEntries(told) as unknown as EventRecord), 'error.type': REASON };
}

async function print(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['run', ...args, '--url', server.uiUrl]);
  return exitCode === 0 ? stdout : `${String(exitCode)} ${stderr}`;
}

describe('tallyspan run', () => {
  it('prints nested runs below the step that they began in, however deep', async () => {
    const names = (await print(idOf('a0')))
      .split('\n')
      .flatMap(
        (line) =>
          / {2}( *)(?:run {3}(\S+)|tool {4}(search_docs|read_order)|(model)) /
            .exec(line)
            ?.slice(1, 5)
            .filter(Boolean)
            .join('') ?? [],
      );
    expect(names.slice(0, 10)).toEqual([
      'model',
      'search_docs',
      '  helper-1',
      '    model',
      '    search_docs',
      '      helper-2',
      '        model',
      '        search_docs',
      '          helper-3',
      '            model',
    ]);
  });

  it('prints one step with what is new in it, all of it, and nothing that a terminal obeys', async () => {
    const second = await print(idOf('b0'), '--step', '2');
    expect(second).toContain('usage  input 200 ($0.0006), cache read 1,800 ($0.0005)');
    expect(second).toContain('context cost  search_docs $0.0012 (100 tokens), Output $0.0009');
    expect(second).toContain('── 1 earlier message as in the previous call (--whole shows all)');
    expect(second).toContain('← result of read_order: Order 1: sent on Monday.');
    expect(second).not.toContain('question');
    const whole = await print(idOf('b0'), '--step', '2', '--whole');
    expect(whole).toContain('a \\x1b[31mred\nquestion');
    expect(whole).toContain('── System prompt\nYou are a careful support agent.');
  });

  it('has the whole reason of a failure on a narrow terminal, and no tokens where there was no answer', async () => {
    const args = ['run', idOf('b3'), '--url', server.uiUrl];
    const { stdout } = await runCommand(args, { columns: 80 });
    const words = stripVTControlCharacters(stdout).split('\n').slice(3);
    expect(Math.max(...words.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(words.join('').replaceAll(/\s/g, '')).toContain(`FAILED${REASON}`);
    const wide = (await print(idOf('b3'))).split('\n').find((line) => line.includes('FAILED a_reason'));
    expect(wide?.match(/–/g)).toHaveLength(5);
  });

  it('gives the same as JSON', async () => {
    const step = await readCommand<Record<string, unknown>>([
      'run',
      idOf('b0'),
      '--step',
      '1',
      '--url',
      server.uiUrl,
    ]);
    expect(step['request']).toMatchObject({
      messages: [{ role: 'user', content: 'a \u001b[31mred\nquestion' }],
    });
    expect(step['cost_nano_usd']).toBe(3_000_000);
  });

  it.each([
    [
      ['b2b2b2b2', '--step', '1'],
      'content: no content was recorded; start the agent with TALLYSPAN_CONTENT=full',
    ],
    [['b0b0b0b0', '--step', '9'], 'has no step 9: it has 3.'],
    [['b0b0b0b0', '--step', '1', '--key', path.resolve('package.json')], 'is no key of 32 bytes'],
    [['--diff', 'b0b0b0b0'], 'compare two runs: tallyspan run --diff ID ID'],
    [[], 'say which run: tallyspan run ID'],
  ])('%j says what is wrong or missing', async (args, text) => {
    expect(await print(...args)).toContain(text);
  });

  it('prints two runs side by side, with where they part and what was sent', async () => {
    const text = await print('--diff', idOf('b0'), idOf('b1'));
    expect(text).toContain('first difference: search_docs | –');
    expect(text).toContain('- Answer in one sentence.\n+ Be brief.');
    expect(await print(idOf('b0'), '--diff', idOf('b1'))).toBe(text);
    expect(await print('--diff', idOf('b0'), idOf('b2'))).toContain('content: no content was recorded');
  });
});

describe('tallyspan tail', () => {
  it('prints what comes from now on, once, and ends when asked', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const following = runCommand(['tail', '--agent', 'newcomer', '--url', server.uiUrl], {
      signal: stop.signal,
      onStdout: (text) => {
        lines.push(...text.trimEnd().split('\n'));
        if (lines.some((line) => line.includes('run ended'))) stop.abort();
      },
    });
    let sent = false;
    while (!stop.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      if (sent) continue;
      sent = true;
      await sendEvents(server, [
        ...toldRun({ mark: 'c0', endMs: Date.now(), agent: 'newcomer' }),
        ...toldRun({ mark: 'c1', endMs: Date.now(), agent: 'another' }),
      ]);
    }
    await following;
    expect(lines.filter((line) => line.includes('run began'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('model claude-sonnet-5-5'))).toHaveLength(3);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^\d\d:\d\d:\d\d {2}c0c0c0c0 {2}newcomer {2}tool search_docs {2}800 ms {2}FAILED timeout$/,
      ),
    );
    expect(lines.at(-1)).toContain('run ended ok');
  });

  it('prints nothing that was there before, however much that is', async () => {
    const now = Date.now();
    const busy: EventRecord[] = Array.from({ length: 20_400 }, (_, index) => ({
      timestamp: now,
      'event.name': 'agent.note',
      'agent.run_id': 'd'.repeat(32),
      'gen_ai.agent.name': 'busy',
      'service.name': 'busy',
      'tallyspan.process_id': 'f'.repeat(32),
      'tallyspan.seq': index,
      'agent.note.kind': 'progress',
      'agent.note.message': `note ${index}`,
    }));
    for (let at = 0; at < busy.length; at += 1_700) await sendEvents(server, busy.slice(at, at + 1_700));
    const stop = new AbortController();
    const lines: string[] = [];
    const following = runCommand(['tail', '--agent', 'busy', '--url', server.uiUrl], {
      signal: stop.signal,
      onStdout: (text) => {
        lines.push(...text.trimEnd().split('\n'));
        stop.abort();
      },
    });
    // Until one of them comes after what tail found at its start.
    for (let run = 0xc2; !stop.signal.aborted; run++) {
      await sendEvents(server, toldRun({ mark: run.toString(16), endMs: Date.now(), agent: 'busy' }));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await following;
    expect(lines[0]).toContain('run began');
    expect(lines.filter((line) => line.includes('note'))).toEqual([]);
  });

  it('says that nothing happens where no server writes', async () => {
    const { exitCode, stderr } = await runCommand(['tail', '--data', path.join(server.dataDir, 'none')]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('tallyspan: ')]);
  });
});
