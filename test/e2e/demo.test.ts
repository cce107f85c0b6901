import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CostReport } from '../../server/source.ts';
import { readTallyspan, runTallyspan, type Finished } from '../programs/tallyspan.ts';

// What a newcomer runs first: the built program, the real SDK under the preload, the embedded server.
//
// Cost by hand, in micro-USD (tokens × USD per million tokens), from the usages of the scenario:
//   sonnet 5.5: input 2, 5m write 2.50, read 0.10, output 10
//     41×2 + 2130×2.5 + 78×10 = 6187     112×2 + 2130×0.1 + 141×10 = 1847
//     268×2 + 213 + 64×10     = 1389     391×2 + 213 + 52×10       = 1515      → 10 938
//   opus 5.5: input 4, 1h write 8, read 0.20, output 20
//     57×4 + 2044×8 + 83×20   = 18240    149×4 + 408.8 + 97×20     = 2944.8
//     277×4 + 408.8 + 118×20  = 3876.8   402×4 + 408.8 + 33×20     = 2676.8    → 27 738.4
//   haiku 5.5: input 0.10, output 0.50
//     201.9 + 30.5 = 232.4   216.7 + 29 = 245.7   228.8 + 13.5 = 242.3         →    720.4
const COST_NANO_USD_BY_MODEL = {
  'claude-sonnet-5-5': 10_938_000,
  'claude-opus-5-5': 27_738_400,
  'claude-haiku-5-5': 720_400,
};
const COST_NANO_USD = 39_396_800;

interface RunRow {
  'agent.run_id': string;
  'agent.status': string;
  'agent.cost_nano_usd': number;
  'agent.turns': number;
  'agent.tool_calls': number;
}

let dataDir: string;
let demo: Finished;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-demo-test-'));
  demo = await runTallyspan(['demo', '--once', '--data', dataDir]);
});

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

describe('demo --once', () => {
  it('prints a summary and exits 0', () => {
    expect(demo.stderr).toBe('');
    expect(demo.exitCode).toBe(0);
    expect(demo.stdout).toContain('runs     3');
    expect(demo.stdout).toContain('success  100.0 %');
    expect(demo.stdout).toMatch(/p95 {6}\d/);
    expect(demo.stdout).toContain('cost     $0.0394');
    expect(demo.stdout).toMatch(/search_docs +4/);
  });

  it('costs what the usages cost by hand, to the nano-dollar', async () => {
    const runs = await readTallyspan<RunRow[]>(['runs', '--data', dataDir]);
    expect(runs.map((run) => run['agent.cost_nano_usd']).sort((a, b) => a - b)).toEqual(
      Object.values(COST_NANO_USD_BY_MODEL).sort((a, b) => a - b),
    );
    const report = await readTallyspan<CostReport>(['cost', '--by', 'model', '--data', dataDir]);
    expect(Object.fromEntries(report.rows.map((row) => [row.name, row.cost_nano_usd]))).toEqual(
      COST_NANO_USD_BY_MODEL,
    );
    expect(report.total.cost_nano_usd).toBe(COST_NANO_USD);
  });

  it('shows the failed tool call, the call that read its result, and the retry', async () => {
    const runs = await readTallyspan<RunRow[]>(['runs', '--data', dataDir]);
    const refund = runs.find(
      (run) => run['agent.cost_nano_usd'] === COST_NANO_USD_BY_MODEL['claude-opus-5-5'],
    );
    const { stdout } = await runTallyspan(['run', refund?.['agent.run_id'] ?? '', '--data', dataDir]);
    const lines = stdout.split('\n');
    const failed = lines.findIndex((line) => line.includes('refund') && line.includes('FAILED'));
    expect(failed).toBeGreaterThan(0);
    expect(lines[failed + 1]).toContain('claude-opus-5-5');
    expect(lines.slice(failed + 1).some((line) => line.includes('refund') && line.includes('retry 1'))).toBe(
      true,
    );
    expect(stdout).toContain('529');
  });
});

describe('demo --once with history', () => {
  it('tells of the example alone, in all its numbers', async () => {
    const { stdout, stderr } = await runTallyspan(['demo', '--once', '--days', '1']);
    expect(stderr).toBe('');
    expect(stdout).toContain('runs     3');
    expect(stdout).toContain('cost     $0.0394');
    expect(stdout).toMatch(/^total \$0\.0394$/m);
  });
});

describe('demo beside a program that has its port', () => {
  it('says which port it is, and leaves nothing behind', async () => {
    const temporary = await mkdtemp(path.join(tmpdir(), 'tallyspan-demo-left-'));
    const other = createServer().listen(4319, '127.0.0.1');
    // Whoever has the port already does as well.
    await new Promise((done) => other.once('listening', done).once('error', done));
    try {
      const { exitCode, stderr } = await runTallyspan(['demo'], { env: { TMPDIR: temporary } });
      expect(exitCode).toBe(1);
      expect(stderr).toContain('port 4319 on 127.0.0.1 (the page) is already in use');
      expect(await readdir(temporary)).toEqual([]);
    } finally {
      other.close();
      await rm(temporary, { recursive: true, force: true });
    }
  });
});
