// The run that a function gets when nothing records.

import type { RunHandle } from './types.ts';

export const PASSIVE_RUN: RunHandle = {
  id: '',
  setStatus: () => undefined,
  setOutput: () => undefined,
  identify: () => undefined,
  note: () => undefined,
  score: () => undefined,
};
