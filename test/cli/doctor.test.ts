import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkNode } from '../../cli/doctor/check-node.ts';
import { checkPackages, findPackages } from '../../cli/doctor/check-packages.ts';
import { checkPriceAge } from '../../cli/doctor/check-prices.ts';

let project: string;

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'tallyspan-doctor-'));
});
afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

function install(where: string, name: string, version: string): void {
  const dir = path.join(project, where, 'node_modules', name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ name, version }));
}

describe('doctor', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.20.2', 'fail'],
    ['22.14.9', 'fail'],
    ['22.15.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('judges Node %s: %s', (version, verdict) => {
    expect(checkNode(version).verdict).toBe(verdict);
  });

  it('is content with one SDK, the preload and one API', async () => {
    install('', '@anthropic-ai/sdk', '1.15.0');
    install('', '@tallyspan/node', '0.1.0');
    install('', '@opentelemetry/api', '1.10.0');
    const findings = checkPackages(await findPackages(project));
    expect(findings.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
    expect(findings[0]?.what).toContain('1.15.0 (native spans, enriched)');
  });

  it('finds nested copies, an SDK that is too old, and others that see the same calls', async () => {
    install('', '@anthropic-ai/sdk', '1.15.0');
    install('node_modules/some-agent', '@anthropic-ai/sdk', '0.18.2');
    install('', 'openlit', '1.15.0');
    const findings = checkPackages(await findPackages(project));
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['sdk', 'fail'],
      ['preload', 'fail'],
      ['other-instrumentation', 'warn'],
    ]);
    expect(findings[0]?.what).toContain('0.18.2 is older than 0.20.9');
    for (const finding of findings) expect(finding.advice).toBeTruthy();
  });

  it('warns of an old price table', () => {
    expect(checkPriceAge(Date.UTC(2026, 10, 22))).toMatchObject({ verdict: 'ok' });
    expect(checkPriceAge(Date.UTC(2027, 5, 1))).toMatchObject({ verdict: 'warn' });
    expect(checkPriceAge(Date.UTC(2020, 0, 1))).toMatchObject({ check: 'clock', verdict: 'warn' });
  });
});
