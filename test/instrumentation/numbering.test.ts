// Numbering: numbers count within an id that no other process has, whatever it is told and however it was made.

import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const MODULE = path.resolve(import.meta.dirname, '../../instrumentation/process/numbering.ts');

/** What a process prints that moves its wall clock before it loads the module; each code is one process. */
function runNode(code: string, environment: Readonly<Record<string, string>> = {}): unknown {
  const script = `
    let jumpMs = 0;
    const { now } = Date;
    Date.now = () => now() + jumpMs;
    const { Numbering } = await import(${JSON.stringify(MODULE)});
    ${code}`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return JSON.parse(output);
}

describe('numbering', () => {
  it('counts from 1 within one random id, whatever the resource is called', () => {
    const environment = { OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=pod-1' };
    const code = `
      const numbering = new Numbering();
      const numbers = [numbering.next(), numbering.next()];
      console.log(JSON.stringify([numbering.processId, numbers]));`;
    const [first, second] = [runNode(code, environment), runNode(code, environment)] as [string, number[]][];
    expect([first?.[1], second?.[1]]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(first?.[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(first?.[0]).not.toBe(second?.[0]);
  });

  it('a process that wakes up at another time, as a clone of it may have, numbers by an id of its own', () => {
    const [before, after, numbers] = runNode(`
      const numbering = new Numbering();
      numbering.next();
      const before = numbering.processId;
      jumpMs = 60_000;
      const numbers = [numbering.next(), numbering.next()];
      console.log(JSON.stringify([before, numbering.processId, numbers]));`) as [string, string, number[]];
    expect(after).not.toBe(before);
    expect(numbers).toEqual([1, 2]);
  });

  it('an earlier process keeps its id and goes on with its numbers', () => {
    expect(
      runNode(`
        const numbering = new Numbering({ processId: undefined, sequence: 4 });
        jumpMs = 60_000;
        console.log(JSON.stringify([numbering.next(), numbering.processId ?? null]));`),
    ).toEqual([5, null]);
  });
});
