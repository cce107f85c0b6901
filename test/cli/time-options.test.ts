import { describe, expect, it } from '@jest/globals';
import { browserCommand } from '../../cli/terminal/open-browser.ts';
import { stretchOfOptions } from '../../cli/time-options.ts';
import { parseStretch } from '../../server/questions/stretch.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const iso = (atMs: number | undefined): string | undefined =>
  atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 16);

describe('the time that a command is about', () => {
  it.each([
    [{ from: 'yesterday' }, 'UTC', '2026-11-27T00:00', '2026-11-28T00:00'],
    [{ from: 'today' }, 'Asia/Kolkata', '2026-11-27T18:30', '2026-11-28T12:00'],
    [{ from: 'week' }, 'UTC', '2026-11-23T00:00', '2026-11-28T12:00'],
    [{ from: '2h' }, 'UTC', '2026-11-28T10:00', '2026-11-28T12:00'],
    [{ from: '2026-11-20' }, 'UTC', '2026-11-20T00:00', '2026-11-21T00:00'],
    [{ from: '2026-11-20', to: 'yesterday' }, 'UTC', '2026-11-20T00:00', '2026-11-28T00:00'],
    [
      { from: '2026-11-20T10:00', to: '2026-11-20T11:00' },
      'Europe/Berlin',
      '2026-11-20T09:00',
      '2026-11-20T10:00',
    ],
  ])('%j in %s', (options, zone, from, to) => {
    const stretch = stretchOfOptions(options, NOW, zone);
    expect([iso(stretch?.from), iso(stretch?.to)]).toEqual([from, to]);
  });

  it.each([{ from: 'soon' }, { from: '2026-11-20T10:00', to: '2026-11-19T10:00' }, { from: '2026-02-45' }])(
    'is refused as %j',
    (options) => {
      expect(() => stretchOfOptions(options, NOW, 'UTC')).toThrow(/from|day/);
    },
  );
});

describe('the time of a page', () => {
  it('names the zone as it is called now', () => {
    const { timezone } = parseStretch({ zone: 'Asia/Calcutta' }, { now: NOW, timezone: 'UTC', time: '24h' });
    expect(timezone).toBe('Asia/Kolkata');
  });

  it('has all days of a week with a change of clocks', () => {
    const now = Date.parse('2026-10-28T12:00:00Z');
    const { from } = parseStretch({ time: 'week' }, { now, timezone: 'Europe/Berlin', time: '24h' });
    expect(iso(from)).toBe('2026-10-25T23:00');
    const day = parseStretch(
      { from: '2026-10-25', to: '2026-10-25' },
      { now, timezone: 'Europe/Berlin', time: '24h' },
    );
    expect(day.to - day.from).toBe(25 * 3_600_000);
  });
});

function io(isTTY: boolean, env: NodeJS.ProcessEnv): Parameters<typeof browserCommand>[0] {
  return { stdout: { write: () => true, isTTY }, env };
}

describe('the browser', () => {
  it.each([
    [true, { DISPLAY: ':0' }, 'linux', 'xdg-open'],
    [true, {}, 'linux', undefined],
    [false, { DISPLAY: ':0' }, 'linux', undefined],
    [true, { DISPLAY: ':0', SSH_CONNECTION: '1' }, 'linux', undefined],
    [true, { CI: 'true' }, 'darwin', undefined],
    [true, {}, 'darwin', 'open'],
  ] as const)('terminal %s, %j, %s: %s', (isTTY, env, platform, expected) => {
    expect(browserCommand(io(isTTY, env), platform)?.[0]).toBe(expected);
  });
});
