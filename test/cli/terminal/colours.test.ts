import { describe, expect, it } from '@jest/globals';
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
