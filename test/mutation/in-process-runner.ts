// A test runner for Stryker that runs the tests in its own process: jest builds a new module graph for each
// mutant, which takes a second and here is nearly all of the time. Only what the tests of core and signals use of
// jest is understood. Modules that remember something between calls are imported anew for each mutant.

import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  toMutantRunResult,
  TestStatus,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
} from '@stryker-mutator/api/test-runner';
import * as fc from 'fast-check';
import { AREA_VARIABLE, areaOf, type Area } from './areas.ts';
import { collectedTests, finish, prepare, resetCollection, type CollectedTest } from './test-collection.ts';

type Context = { -readonly [K in keyof InstrumenterContext]: InstrumenterContext[K] | undefined };

/** What Stryker's instrumented code looks at. */
const context: Context = ((globalThis as Record<string, unknown> as Record<string, Context>)[
  INSTRUMENTER_CONSTANTS.NAMESPACE
] ??= {});

const COLLECTION = new URL('test-collection.ts', import.meta.url).href;

class InProcessRunner implements TestRunner {
  readonly #area: Area = areaOf(process.env[AREA_VARIABLE] ?? '');
  readonly #sandbox = pathToFileURL(`${process.cwd()}/`).href;
  /** How long each test took without a mutant: the fastest go first. */
  readonly #timeById = new Map<string, number>();
  #imports = 0;

  init(): Promise<void> {
    // Every mutant sees the same generated cases, and one that fails is enough.
    fc.configureGlobal({ seed: 20_261_121, endOnFailure: true });
    registerHooks({
      resolve: (specifier, parent, next) => {
        if (specifier === '@jest/globals') return { url: COLLECTION, shortCircuit: true };
        const found = next(specifier, parent);
        const isOwn = found.url.startsWith(this.#sandbox) && !found.url.includes('/node_modules/');
        return isOwn ? { ...found, url: `${found.url}?${this.#imports}` } : found;
      },
    });
    return Promise.resolve();
  }

  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: this.#area.remembers === true };
  }

  async dryRun(): Promise<DryRunResult> {
    const tests = await this.#load();
    const results: TestResult[] = [];
    for (const test of tests) {
      await prepare(test);
      context.currentTestId = test.id;
      const result = await runTest(test);
      context.currentTestId = undefined;
      this.#timeById.set(test.id, result.timeSpentMs);
      results.push(result);
    }
    const { mutantCoverage } = context;
    return {
      status: DryRunStatus.Complete,
      tests: results,
      ...(mutantCoverage === undefined ? {} : { mutantCoverage }),
    };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, testFilter, hitLimit } = options;
    const wanted = new Set(testFilter);
    if (options.mutantActivation === 'static') context.activeMutant = activeMutant.id;
    const tests = (await this.#load())
      .filter(({ id }) => testFilter === undefined || wanted.has(id))
      .toSorted((a, b) => (this.#timeById.get(a.id) ?? 0) - (this.#timeById.get(b.id) ?? 0));
    for (const test of tests) await prepare(test);
    context.hitLimit = hitLimit;
    context.hitCount = hitLimit === undefined ? undefined : 0;
    context.activeMutant = activeMutant.id;
    const results: TestResult[] = [];
    try {
      for (const test of tests) {
        const result = await runTest(test);
        results.push(result);
        if (result.status === TestStatus.Failed) break;
      }
    } finally {
      context.activeMutant = undefined;
    }
    const timeout = determineHitLimitReached(context.hitCount, hitLimit);
    context.hitLimit = undefined;
    return toMutantRunResult(timeout ?? { status: DryRunStatus.Complete, tests: results });
  }

  async dispose(): Promise<void> {
    await finish();
  }

  async #load(): Promise<readonly CollectedTest[]> {
    if (this.#imports === 0 || this.#area.remembers) {
      this.#imports++;
      resetCollection();
      for (const file of this.#area.tests)
        await import(`${pathToFileURL(resolve(file)).href}?${this.#imports}`);
    }
    return collectedTests();
  }
}

async function runTest({ id, run }: CollectedTest): Promise<TestResult> {
  const start = performance.now();
  const base = (): { id: string; name: string; timeSpentMs: number } => ({
    id,
    name: id,
    timeSpentMs: performance.now() - start,
  });
  try {
    await run();
    return { ...base(), status: TestStatus.Success };
  } catch (error) {
    return {
      ...base(),
      status: TestStatus.Failed,
      failureMessage: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
