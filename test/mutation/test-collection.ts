// Stands in for `@jest/globals` while mutants are judged: it collects the tests of the imported files as data,
// so that the runner can run any of them again and again in one process.

export { expect } from 'expect';

type Action = () => unknown;

/** A describe block: what has to run before its tests. */
interface Block {
  readonly name: string;
  readonly parent: Block | undefined;
  readonly beforeAll: Action[];
  isPrepared: boolean;
}

/** One test, with the describe blocks that enclose it. */
export interface CollectedTest {
  readonly id: string;
  readonly block: Block;
  readonly run: Action;
}

let tests: CollectedTest[] = [];
let ids = new Set<string>();
let current: Block = newBlock('', undefined);
let endings: { readonly block: Block; readonly action: Action }[] = [];

/** Forgets every test, for a new import of the same files. */
export function resetCollection(): void {
  tests = [];
  ids = new Set();
  endings = [];
  current = newBlock('', undefined);
}

/** The tests since the last reset, in the order of the files. */
export function collectedTests(): readonly CollectedTest[] {
  return tests;
}

/** Runs what must come before a test, once for each block. */
export async function prepare({ block }: CollectedTest): Promise<void> {
  const blocks: Block[] = [];
  for (let at: Block | undefined = block; at !== undefined; at = at.parent) blocks.unshift(at);
  for (const one of blocks) {
    if (one.isPrepared) continue;
    one.isPrepared = true;
    for (const action of one.beforeAll) await action();
  }
}

/** Runs what the tests left for their end. */
export async function finish(): Promise<void> {
  for (const { block, action } of endings) if (block.isPrepared) await action();
}

function newBlock(name: string, parent: Block | undefined): Block {
  return { name, parent, beforeAll: [], isPrepared: false };
}

function describeBlock(name: string, body: Action): void {
  const outer = current;
  current = newBlock(outer.name === '' ? name : `${outer.name} ${name}`, outer);
  body();
  current = outer;
}

function addTest(name: string, run: Action): void {
  const full = `${current.name} ${name}`;
  let id = full;
  for (let count = 2; ids.has(id); count++) id = `${full} #${count}`;
  ids.add(id);
  tests.push({ id, block: current, run });
}

function withBigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** Adds one entry for each row; a row that is a list gives the arguments. */
function each(add: (name: string, run: Action) => void) {
  return (rows: readonly unknown[]) => (name: string, body: (...row: unknown[]) => unknown) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? (row as unknown[]) : [row];
      add(`${name} ${JSON.stringify(values[0], withBigints)?.slice(0, 60) ?? ''}`, () => body(...values));
    }
  };
}

export const describe = Object.assign(describeBlock, { each: each(describeBlock) });
export const it = Object.assign(addTest, { each: each(addTest) });
export const jest = { setTimeout: (): void => undefined };

export function beforeAll(action: Action): void {
  current.beforeAll.push(action);
}

export function afterAll(action: Action): void {
  endings.push({ block: current, action });
}
