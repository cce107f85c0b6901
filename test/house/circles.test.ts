import { describe, expect, it } from '@jest/globals';
import { importsOf, readSources, type SourceFile } from './sources.ts';

// No circle of imports, types included: each module can be understood after those that it imports.

/** Groups of modules that reach each other, each sorted; Tarjan's algorithm. */
function circlesOf(sources: readonly SourceFile[]): string[][] {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file) ?? 0);
    stack.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!imports.has(next)) continue;
      if (!index.has(next)) visit(next);
      else if (!stack.includes(next)) continue;
      low.set(file, Math.min(low.get(file) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** Rooms of the preload from the innermost out; a room imports only from itself and those before it. */
const ROOMS = [
  'process',
  'encode',
  'deliver',
  'otel',
  'follow',
  'record',
  'limits',
  'sdk',
  'wire',
  'frameworks',
  'claude-agent',
  'api',
];

function roomOf(file: string): number {
  const [top, room = '', more] = file.split('/');
  if (top !== 'instrumentation') return -1;
  return more === undefined ? ROOMS.length : ROOMS.indexOf(room);
}

/** A module that imports types of others beside it. */
function moduleOf(path: string, ...to: string[]): SourceFile {
  return { path, text: to.map((one) => `import type { X } from './${one}';`).join('\n') };
}

describe('imports', () => {
  const sources = readSources();

  it('make no circle', () => {
    expect(circlesOf(sources)).toEqual([]);
  });

  it('are found as circles, types included', () => {
    expect(
      circlesOf([
        moduleOf('core/a.ts', 'b.ts'),
        moduleOf('core/b.ts', 'c.ts'),
        moduleOf('core/c.ts', 'a.ts'),
      ]),
    ).toEqual([['core/a.ts', 'core/b.ts', 'core/c.ts']]);
  });

  it('go from the outer rooms of the preload to the inner ones', () => {
    const wrong = sources
      .filter(({ path }) => roomOf(path) >= 0)
      .flatMap((source) =>
        importsOf(source)
          .filter((to) => roomOf(to) > roomOf(source.path))
          .map((to) => `${source.path} → ${to}`),
      );
    expect(wrong).toEqual([]);
  });

  it('of commands and of their source of answers lead to no page', () => {
    const wrong = sources
      .filter(({ path }) => path.startsWith('cli/') || path === 'server/source.ts')
      .flatMap((source) => importsOf(source).filter((to) => to.startsWith('server/web/')));
    expect(wrong).toEqual([]);
  });
});
