// Loki and Tempo are looked for in a stated order, of the versions that the compose stack runs, and never built here.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse } from 'yaml';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { findBinary, findRunning, imageOf, LOKI_VERSION } from '../stack/found-server.ts';
import { isolateLoki, whyUnfit } from '../stack/loki-elsewhere.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

function makeBinary(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

describe('where a Loki is found', () => {
  const before = { ...process.env };
  let cache: string;

  beforeEach(() => {
    cache = makeTemporaryFolder('cache');
    process.env['XDG_CACHE_HOME'] = cache;
    delete process.env['LOKI_URL'];
    delete process.env['LOKI_BINARY'];
  });
  afterEach(() => {
    process.env = { ...before };
  });

  it('nowhere', () => {
    expect(findRunning('loki')).toBeUndefined();
    expect(findBinary('loki')).toBeUndefined();
  });

  it('LOKI_URL, without a slash at its end', () => {
    process.env['LOKI_URL'] = 'http://loki.example.com:3100/';
    expect(findRunning('loki')).toEqual({ kind: 'url', url: 'http://loki.example.com:3100' });
  });

  it('LOKI_BINARY before the cache folder', () => {
    const cached = makeBinary(path.join(cache, `tallyspan/loki-${LOKI_VERSION}/loki`));
    expect(findBinary('loki')).toMatchObject({ path: cached });
    const named = makeBinary(path.join(cache, 'elsewhere/loki'));
    process.env['LOKI_BINARY'] = named;
    expect(findBinary('loki')).toEqual({ path: named, from: 'binary of LOKI_BINARY' });
  });

  it('a variable with a wrong path is said, not passed over', () => {
    makeBinary(path.join(cache, `tallyspan/loki-${LOKI_VERSION}/loki`));
    process.env['LOKI_BINARY'] = path.join(cache, 'nothing');
    expect(findBinary('loki')?.why).toContain('LOKI_BINARY names no file that can be executed');
  });
});

describe('a Loki that runs elsewhere', () => {
  it.each([
    ['with tenants, each caller gets one of its own', 401, [], undefined],
    ['without tenants and empty', 200, [], undefined],
    [
      'without tenants and with events',
      200,
      ['service_name'],
      expect.stringContaining('holds events already'),
    ],
  ])('%s', async (_, status, labels, why) => {
    const tenants: unknown[] = [];
    const server = createServer((request, response) => {
      const tenant = request.headers['x-scope-orgid'];
      if (tenant !== undefined) tenants.push(tenant);
      response.statusCode = tenant === undefined ? status : 200;
      response.end(JSON.stringify({ status: 'success', data: labels }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    try {
      expect(await whyUnfit(url)).toEqual(why);
      const [one, other] = [await isolateLoki(url), await isolateLoki(url)];
      for (const { url: address } of [one, other])
        expect((await fetch(`${address}/loki/api/v1/labels`)).status).toBe(200);
      expect(new Set(tenants).size).toBe(status === 401 ? 2 : 0);
      await Promise.all([one.close(), other.close()]);
    } finally {
      server.close();
    }
  });
});

it('has the versions of the compose stack', () => {
  const { services } = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), {
    merge: true,
  }) as {
    services: Record<string, { image: string }>;
  };
  expect(services['loki']?.image.split('@')[0]).toBe(imageOf('loki'));
  expect(services['tempo']?.image.split('@')[0]).toBe(imageOf('tempo'));
});

it('no module of ours requires them', () => {
  const files = execFileSync('git', ['ls-files', '*go.mod', '*go.sum'], { cwd: ROOT, encoding: 'utf8' });
  const names = files.trim().split('\n');
  expect(names.length).toBeGreaterThan(0);
  for (const file of names)
    expect(readFileSync(path.join(ROOT, file), 'utf8')).not.toMatch(/grafana\/(?:loki|tempo|mimir)/);
});
