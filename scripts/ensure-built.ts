// The built packages, made when they are wanted and not before: a build stands until a source of it changes, and of
// several processes that want it one makes it while the others wait.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildCli } from './bundles/build-cli.ts';
import { buildInstrumentation } from './bundles/build-instrumentation.ts';
import { root, type Bundle } from './bundles/bundle.ts';
import { withFileLock } from './file-lock.ts';

/** What the bundles are made from, from the root of the repository. */
const SOURCES = [
  'alerts',
  'cli',
  'collector',
  'core',
  'dashboards/dist',
  'examples',
  'instrumentation',
  'scripts',
  'server',
  'signals',
  'stack',
  '.env.example',
  'docker-compose.yml',
  'docker-compose.metrics.yml',
  'docker-compose.ruler.yml',
  'docker-compose.s3.yml',
  'package-lock.json',
  'tsconfig.base.json',
];
const OUTPUTS = ['cli/dist', 'instrumentation/dist'];

const record = path.join(root, 'build/bundles.json');

/** What was built from which sources. */
interface BuildRecord {
  readonly sources: string;
  readonly bundles: readonly Bundle[];
  /** Size of each file that was written, by path. */
  readonly written: Readonly<Record<string, number>>;
}

/** Builds what is stale; says what is in the bundles. */
export async function ensureBuilt(): Promise<readonly Bundle[]> {
  const ready = readFresh();
  if (ready !== undefined) return ready.bundles;
  return withFileLock(path.join(root, 'build/bundles.lock'), async () => {
    const madeMeanwhile = readFresh();
    if (madeMeanwhile !== undefined) return madeMeanwhile.bundles;
    const sources = digestSources();
    const bundles = (await Promise.all([buildInstrumentation(), buildCli()])).flat();
    const made: BuildRecord = { sources, bundles, written: sizesOfOutputs() };
    mkdirSync(path.dirname(record), { recursive: true });
    writeFileSync(record, JSON.stringify(made));
    return bundles;
  });
}

/** The record of a build that is whole and of the present sources. */
function readFresh(): BuildRecord | undefined {
  if (!existsSync(record)) return undefined;
  try {
    const made = JSON.parse(readFileSync(record, 'utf8')) as BuildRecord;
    const isWhole = JSON.stringify(made.written) === JSON.stringify(sizesOfOutputs());
    return isWhole && made.sources === digestSources() ? made : undefined;
  } catch {
    // Half written, or by another version of this file.
    return undefined;
  }
}

function digestSources(): string {
  const hash = createHash('sha256').update(process.versions.node);
  for (const file of SOURCES.flatMap((source) => listFiles(source))) {
    hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)));
  }
  return hash.digest('hex');
}

function sizesOfOutputs(): Record<string, number> {
  const files = OUTPUTS.flatMap((folder) => (existsSync(path.join(root, folder)) ? listFiles(folder) : []));
  return Object.fromEntries(files.map((file) => [file, statSync(path.join(root, file)).size]));
}

/** Files below a path in a fixed order, without what is built and what is installed. */
function listFiles(at: string): string[] {
  if (statSync(path.join(root, at)).isFile()) return [at];
  return readdirSync(path.join(root, at), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = `${at}/${entry.name}`;
      if (entry.isFile()) return [file];
      return entry.isDirectory() && entry.name !== 'node_modules' && !OUTPUTS.includes(file)
        ? listFiles(file)
        : [];
    });
}
