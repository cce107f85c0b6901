// Frames of ours: what a method of the SDK throws at once was made below functions of ours. A stack has ten frames, so
// these would leave none of the program's own. It is made longer meanwhile, and ours are taken out of what is thrown.

import { types } from 'node:util';
import { guard } from '../process/guard.ts';

/** More than stand between a method and the SDK's. */
const MOST_OWN_FRAMES = 20;
const FRAME = /^\s+at /;
const PLACE = /\(?([^()]+):\d+:\d+\)?$/;
const OF_NODE = /[( ]node:/;

/** The file that holds all of the preload, as stacks name it. */
const ownFile = guard('own file', () =>
  PLACE.exec(new Error('here').stack?.split('\n')[1]?.replace(/^\s+at (async )?/, '') ?? '')?.[1]
    ?.split(' (')
    .at(-1),
);

/** Calls, and throws what it throws with the stack that it would have without us. */
export function withoutOwnFrames<T>(call: () => T): T {
  const limit = Error.stackTraceLimit;
  const longer = limit + MOST_OWN_FRAMES;
  const isLonger = Reflect.set(Error, 'stackTraceLimit', longer);
  try {
    return call();
  } catch (error) {
    guard('own frames', () => {
      dropOwnFrames(error, limit);
    });
    throw error;
  } finally {
    if (isLonger && Error.stackTraceLimit === longer) Error.stackTraceLimit = limit;
  }
}

function dropOwnFrames(error: unknown, limit: number): void {
  if (ownFile === undefined || !types.isNativeError(error)) return;
  const { stack } = error;
  if (typeof stack !== 'string' || !stack.includes(ownFile)) return;
  const lines = stack.split('\n');
  const begin = lines.findLastIndex((line) => !FRAME.test(line)) + 1;
  const frames = lines.slice(begin);
  const isOwn = frames.map((frame) => frame.includes(ownFile));
  const kept = frames.filter((frame, at) => {
    if (isOwn[at] === true) return false;
    // Node's own, between two of ours.
    return !(OF_NODE.test(frame) && isOwn[at - 1] === true && isOwn[at + 1] === true);
  });
  Reflect.set(error, 'stack', [...lines.slice(0, begin), ...kept.slice(0, limit)].join('\n'));
}
