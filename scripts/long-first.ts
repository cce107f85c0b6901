// The order of the suites: those that take longest first, so that the workers of jest end together. jest knows how long
// each took on this machine before; on a new one it goes by size, which puts some of these near the end.

import { createRequire } from 'node:module';

// Its types are those of its CommonJS form alone.
const { default: Sequencer } = createRequire(import.meta.url)(
  '@jest/test-sequencer',
) as typeof import('@jest/test-sequencer');

/** From the longest; `npm test` names the slowest at its end. */
const LONG = [
  'test/faults/killed-work.test.ts',
  'test/signals/agreement-loki.test.ts',
  'test/faults/delivery.test.ts',
  'test/server/intake/any-values.test.ts',
  'test/e2e/page-accessibility.test.ts',
  'test/claude-code/agent-sdk.test.ts',
  'test/contract/versions/sdk-matrix.test.ts',
  'test/contract/versions/node-versions.test.ts',
  'test/frameworks/frameworks.test.ts',
  'test/dashboards/embedded.test.ts',
  'test/signals/agreement-store.test.ts',
];

type Tests = Parameters<InstanceType<typeof Sequencer>['sort']>[0];

function rankOf(file: string): number {
  const rank = LONG.findIndex((long) => file.replaceAll('\\', '/').endsWith(long));
  return rank < 0 ? LONG.length : rank;
}

export default class LongFirst extends Sequencer {
  override async sort(tests: Tests): Promise<Tests> {
    const sorted = await super.sort(tests);
    return sorted.toSorted((a, b) => rankOf(a.path) - rankOf(b.path));
  }
}
