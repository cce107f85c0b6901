import { expect, it } from '@jest/globals';
import { exportedNames, readSources } from './sources.ts';

// One word has one meaning: a name that is exported has one home. A name that two modules export for good
// reason stands here with both and the reason.

const PUBLISHED =
  'the published declarations are copied with all that they import; those of the recorder need packages that a program has not';

const TWO_HOMES: Readonly<Record<string, { readonly files: readonly string[]; readonly why: string }>> = {
  Identity: { files: ['instrumentation/api/types.ts', 'instrumentation/record/identity.ts'], why: PUBLISHED },
  RunStatus: { files: ['instrumentation/api/types.ts', 'instrumentation/record/run.ts'], why: PUBLISHED },
};

function homesOfNames(): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  for (const source of readSources()) {
    for (const name of exportedNames(source.text)) homes.set(name, [...(homes.get(name) ?? []), source.path]);
  }
  return homes;
}

it('an exported name has one home', () => {
  const homes = homesOfNames();
  expect(homes.size).toBeGreaterThan(1000);
  const several = Object.fromEntries(
    [...homes].filter(([, files]) => files.length > 1).map(([name, files]) => [name, files.toSorted()]),
  );
  expect(several).toEqual(
    Object.fromEntries(Object.entries(TWO_HOMES).map(([name, { files }]) => [name, files])),
  );
});

it.each([
  ['export async function* readAll() {', 'readAll'],
  ['export abstract class Store {', 'Store'],
  ['export const LIMIT = 1;', 'LIMIT'],
  ['export let limit = 1;', 'limit'],
  ['export interface Row {', 'Row'],
  ['export type Row = string;', 'Row'],
  ['export enum Kind {', 'Kind'],
  ['export declare function main(): void;', 'main'],
])('%s', (text, name) => {
  expect(exportedNames(text)).toEqual([name]);
});
