import { describe, expect, it } from '@jest/globals';
import { indented, painted } from '../../../cli/terminal/paragraph.ts';
import { runCommand } from '../run-command.ts';

describe('colours of the terminal', () => {
  it.each([
    [80, {}, true],
    [undefined, {}, false],
    [80, { NO_COLOR: '1' }, false],
    [80, { NO_COLOR: '' }, true],
    [80, { TERM: 'dumb' }, false],
    [80, { TERM: 'xterm' }, true],
    [undefined, { FORCE_COLOR: '1' }, true],
    [80, { TERM: 'dumb', FORCE_COLOR: '3' }, true],
    [80, { FORCE_COLOR: '0' }, false],
    [undefined, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('at %s columns with %j: %s', async (columns, env, expected) => {
    const { stdout } = await runCommand(['signals'], { env, ...(columns === undefined ? {} : { columns }) });
    expect(stdout.includes('\u001B[')).toBe(expected);
  });
});

describe('a paragraph', () => {
  const narrow = { write: () => true, isTTY: true, columns: 30, hasColours: false };
  const text = 'the tool list changed its order at 14:02, so nothing was read from the cache';

  it('goes on below its beginning, no wider than the terminal', () => {
    const lines = indented(text, '  +$3.92  ', '      ', narrow);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30);
    expect(lines[0]).toMatch(/^ {2}\+\$3\.92 {2}the tool/);
    expect(lines.map((line, index) => line.slice(index === 0 ? 10 : 6)).join(' ')).toBe(text);
  });

  it('is one line where a program reads it', () => {
    expect(indented(text, 'ok  ', '    ', { write: () => true })).toEqual([`ok  ${text}`]);
  });

  it('has colours only where they are wanted', () => {
    expect(painted('FAIL', 'bad', narrow)).toBe('FAIL');
    expect(painted('FAIL', 'bad', { ...narrow, hasColours: true })).toContain('\u001B[31m');
  });
});
