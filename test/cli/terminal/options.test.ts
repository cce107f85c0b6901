import { describe, expect, it } from '@jest/globals';
import {
  durationText,
  parseCount,
  parseDurationMs,
  parsePort,
  parseSizeBytes,
  parseTimeZone,
} from '../../../cli/options.ts';

describe('values of options', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['1.5d', 129_600_000],
    ['2w', 1_209_600_000],
  ])('%s is %i ms', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  it.each(['24h', '7d', '90m', '36h', '45s', '0.5s', '14d'])('writes %s as it was read', (text) => {
    expect(durationText(parseDurationMs(text))).toBe(text);
  });

  it.each(['', '7', 'd', '-1h', '0h', '1y', '1h30m'])('refuses the duration %j and names it', (text) => {
    expect(() => parseDurationMs(text)).toThrow(/duration/);
  });

  it.each([
    ['500MB', 500_000_000],
    ['2gb', 2_000_000_000],
    ['1.5 TB', 1_500_000_000_000],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(['', '2', 'GB', '-1GB', '2GiB', '500kB'])('refuses the size %j and names it', (text) => {
    expect(() => parseSizeBytes(text)).toThrow(/size/);
  });

  it('takes ports from 0 to 65535', () => {
    expect([parsePort('0'), parsePort('65535')]).toEqual([0, 65_535]);
    for (const bad of ['-1', '65536', 'http', '4317.5', '']) expect(() => parsePort(bad)).toThrow(/port/);
  });

  it('takes counts from 1', () => {
    expect(parseCount('50')).toBe(50);
    for (const bad of ['0', '-3', '2.5', 'all']) expect(() => parseCount(bad)).toThrow(/whole number/);
  });

  it('takes the zones that Node knows', () => {
    expect(parseTimeZone('Europe/Berlin')).toBe('Europe/Berlin');
    expect(parseTimeZone('Asia/Kolkata')).toBe('Asia/Kolkata');
    expect(parseTimeZone('utc')).toBe('UTC');
    expect(() => parseTimeZone('Mars/Olympus')).toThrow('Mars/Olympus');
  });
});
