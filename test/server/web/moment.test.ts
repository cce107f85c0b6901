import { describe, expect, it } from '@jest/globals';
import { momentText } from '../../../core/text/moment-text.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

describe('a moment on a page', () => {
  it('is the time today, and has its date before', () => {
    expect(momentText(Date.parse('2026-11-28T09:05:07Z'), 'UTC', NOW)).toBe('09:05:07');
    expect(momentText(Date.parse('2026-09-03T09:05:07Z'), 'UTC', NOW)).toBe('3 Sep 09:05');
    expect(momentText(Date.parse('2025-11-28T09:05:07Z'), 'UTC', NOW)).toBe('28 Nov 09:05');
  });

  it('is what the clocks of the zone show', () => {
    expect(momentText(Date.parse('2026-11-27T23:30:00Z'), 'Europe/Berlin', NOW)).toBe('00:30:00');
    expect(momentText(Date.parse('2026-11-28T02:00:00Z'), 'America/New_York', NOW)).toBe('27 Nov 21:00');
  });
});
