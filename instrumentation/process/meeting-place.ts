// The meeting place: where the preload leaves what there is once in a thread, and where the manual API finds it, whichever
// copy and format of this package it is. It is the global object, and a channel of Node's: test runners (Jest, the VM
// pools of vitest) give their files global objects of their own, which have nothing on them.

import { builtin } from './builtin.ts';

type Place = Record<symbol, unknown>;

/** The preload's side of the manual API. */
export const RECORDER = Symbol.for('tallyspan.node');
/** True once a preload has started. */
export const STARTED = Symbol.for('tallyspan.node.started');

const CHANNEL = 'tallyspan.node';
/** Channels that nobody holds are forgotten. */
const HELD = Symbol.for('tallyspan.node.channel');

export function leave(key: symbol, value: unknown): void {
  const own = globalThis as Place;
  own[key] = value;
  const shared = sharedPlace();
  if (shared === undefined) return;
  shared[key] = value;
  own[HELD] = shared;
}

/** What was left under the key; `undefined` where there is none. */
export function find(key: symbol): unknown {
  return (globalThis as Place)[key] ?? sharedPlace()?.[key];
}

function sharedPlace(): Place | undefined {
  return builtin('node:diagnostics_channel')?.channel(CHANNEL) as Place | undefined;
}
