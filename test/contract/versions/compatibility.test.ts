// What the documents promise is what the contract tests run on, to the version.

import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../harness.ts';
import {
  NODE_VERSIONS,
  PEERS,
  SDK_VERSIONS,
  UNSUPPORTED_NODE_VERSIONS,
  UNSUPPORTED_SDK_VERSION,
} from './tested-versions.ts';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const versions = SDK_VERSIONS.map(([version]) => version);
const [oldest = ''] = versions;
const newest = versions.at(-1) ?? '';
const [oldestNode] = NODE_VERSIONS;
const newestNode = NODE_VERSIONS.at(-1) ?? '';
const RANGE = `${oldest} to ${newest}`;

/** The versions in a row. */
function numbers(row: string): string[] {
  return row.match(/\d+\.\d+\.\d+/g) ?? [];
}

/** The row of a table that begins so. */
function rowOf(page: string, title: string): string {
  return page.split('\n').find((line) => line.startsWith(`| ${title}`)) ?? '';
}

describe('compatibility', () => {
  const page = read('docs/compatibility.md');

  it('the READMEs promise the tested range, and no more', () => {
    for (const file of ['README.md', 'instrumentation/README.md']) {
      const ranges = read(file).match(/\d+\.\d+\.\d+ to \d+\.\d+\.\d+/g) ?? [];
      expect(ranges.length).toBeGreaterThan(0);
      expect(new Set(ranges)).toEqual(new Set([RANGE]));
    }
    const [minor] = /^\d+\.\d+/.exec(oldestNode) ?? [''];
    expect(read('README.md')).toContain(`on Node ${minor} to ${newestNode.split('.')[0] ?? ''}`);
    const { engines } = JSON.parse(read('instrumentation/package.json')) as { engines: { node: string } };
    expect(engines.node).toBe(`>=${minor}`);
    expect(read('README.md')).toContain('](docs/compatibility.md)');
  });

  it('the page lists exactly the tested versions', () => {
    expect(numbers(rowOf(page, '`@anthropic-ai/sdk`'))).toEqual(versions);
    expect(numbers(rowOf(page, 'Node '))).toEqual([...NODE_VERSIONS]);
    expect(numbers(rowOf(page, 'Too old'))).toEqual([...UNSUPPORTED_NODE_VERSIONS, UNSUPPORTED_SDK_VERSION]);
    const besides = page.slice(page.indexOf('## Beside others'), page.indexOf('## What does not work'));
    for (const { packages } of PEERS) {
      const [[, version] = []] = Object.entries(packages);
      expect(besides).toContain(` ${String(version)} `);
      expect(besides).toContain(`SDK ${packages['@anthropic-ai/sdk'] ?? ''}`);
    }
  });

  it('the newest version is the one that is installed here', () => {
    const { version } = JSON.parse(read('node_modules/@anthropic-ai/sdk/package.json')) as {
      version: string;
    };
    expect(version).toBe(newest);
  });
});
