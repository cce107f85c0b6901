// Options that several commands have, and parsers of their values. Each throws a usage error that names the value.

import { UNIT_MS, durationMsOf } from '../core/time/duration.ts';
import { presentZoneName } from '../core/time/zone-names.ts';
import { InvalidArgumentError, Option } from 'commander';
import { SHORTEST_RUN_ID } from '../server/queries/runs/read-run.ts';

/** A hundred years: what is older has no events, and times of it are out of range. */
const LONGEST_DURATION_DAYS = 36_500;

/** `90s`, `30m`, `24h`, `7d`, `2w` as milliseconds. */
export function parseDurationMs(text: string): number {
  const durationMs = durationMsOf(text);
  if (durationMs === undefined)
    throw new InvalidArgumentError(`"${text}" is no duration; write 30m, 24h, 7d or the like.`);
  if (durationMs <= 0) throw new InvalidArgumentError('a duration is longer than nothing.');
  if (durationMs > LONGEST_DURATION_DAYS * UNIT_MS.d)
    throw new InvalidArgumentError(
      `"${text}" is too long a duration; the longest is ${String(LONGEST_DURATION_DAYS)}d.`,
    );
  return durationMs;
}

/** A duration as it is written: `24h`, `7d`, `90m`. */
export function durationText(durationMs: number): string {
  const { d, h, m, s } = UNIT_MS;
  if (durationMs % d === 0 && durationMs > d) return `${String(durationMs / d)}d`;
  if (durationMs % h === 0) return `${String(durationMs / h)}h`;
  if (durationMs % m === 0) return `${String(durationMs / m)}m`;
  return `${String(durationMs / s)}s`;
}

/** An option whose value is a duration; help shows the default as it is written. */
export function durationOption(flags: string, description: string, byDefault?: string): Option {
  const option = new Option(flags, description).argParser(parseDurationMs);
  return byDefault === undefined ? option : option.default(parseDurationMs(byDefault), byDefault);
}

const SIZE_UNITS_BYTES = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `500MB`, `2GB`, `1.5TB` as bytes. */
export function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?([MGT]B)$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError(`"${text}" is no size; write 500MB, 2GB or the like.`);
  return Number(match[1]) * SIZE_UNITS_BYTES[match[2]?.toUpperCase() as keyof typeof SIZE_UNITS_BYTES];
}

/** An address of a server, without a slash at its end. */
export function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '');
  const host = /^[\w.-]+(:\d+)?$/.test(text) ? text : '127.0.0.1:4319';
  throw new InvalidArgumentError(`"${text}" is no address of a server; write http://${host}.`);
}

/** A TCP port, 0 for any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError(`"${text}" is no port; write a number from 0 to 65535.`);
  }
  return port;
}

/** A whole number from 1 up. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1)
    throw new InvalidArgumentError(`"${text}" is no whole number above 0.`);
  return count;
}

/** A parser of whole numbers from 1 to `most`. */
export function parseCountUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = parseCount(text);
    if (count > most) throw new InvalidArgumentError(`"${text}" is too many; at most ${String(most)}.`);
    return count;
  };
}

/** The id of a run, or the beginning of it. */
export function parseRunId(text: string): string {
  if (text.length >= SHORTEST_RUN_ID) return text;
  throw new InvalidArgumentError(
    `"${text}" is too short; give at least ${String(SHORTEST_RUN_ID)} characters of the id.`,
  );
}

/** An IANA time zone that this Node knows. */
export function parseTimeZone(text: string): string {
  const zone = presentZoneName(text);
  if (zone === undefined)
    throw new InvalidArgumentError(`"${text}" is no time zone; write UTC, Europe/Berlin or the like.`);
  return zone;
}
