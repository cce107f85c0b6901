// Starts the real Prometheus with the configuration that is shipped, its targets replaced by those of a test.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { buildPrometheus } from './build-servers.ts';
import { makeTemporaryFolder } from './folders.ts';
import { answersOk, findFreePorts, startProcess, waitUntil } from './process.ts';

const CONFIG = join(import.meta.dirname, '../../stack/prometheus.yaml');

/** One series of an answer: its labels, and its values in order of time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

export interface PrometheusServer {
  readonly url: string;
  /** The series that an expression gives from some seconds ago until now, a point each second. */
  queryRange(expr: string, backSeconds: number): Promise<Series[]>;
  /** The sum of an expression over its series now; undefined when there is none. */
  queryNumber(expr: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

interface ShippedConfig {
  global: Record<string, string>;
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
}

/** Starts Prometheus over these targets (`host:port` by job) and waits until it is ready. It reads them each second. */
export async function startPrometheus(targets: Readonly<Record<string, string>>): Promise<PrometheusServer> {
  const binary = await buildPrometheus();
  const dir = makeTemporaryFolder('prometheus');
  const [port = 0] = await findFreePorts(1);
  const config = parse(readFileSync(CONFIG, 'utf8')) as ShippedConfig;
  config.global = { scrape_interval: '1s', scrape_timeout: '1s' };
  for (const job of config.scrape_configs)
    job.static_configs = [{ targets: [targets[job.job_name] ?? '127.0.0.1:9'] }];
  const file = join(dir, 'prometheus.yaml');
  writeFileSync(file, stringify(config));
  const process = startProcess(
    binary,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { env: {} },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(
    async () => {
      if (!process.isRunning()) throw new Error(`prometheus ended at its start:\n${process.output()}`);
      return answersOk(`${url}/-/ready`);
    },
    { what: () => `prometheus to be ready:\n${process.output().slice(-4000)}`, timeoutMs: 60_000 },
  );
  return {
    url,
    queryRange: async (expr, backSeconds) => {
      const now = Date.now() / 1000;
      const params = { query: expr, start: String(now - backSeconds), end: String(now), step: '1' };
      const series = await ask<{ metric: Record<string, string>; values: [number, string][] }>(
        `${url}/api/v1/query_range`,
        params,
      );
      return series.map(({ metric, values }) => ({
        labels: metric,
        values: values.map(([, value]) => Number(value)),
      }));
    },
    queryNumber: async (expr) => {
      const series = await ask<{ value: [number, string] }>(`${url}/api/v1/query`, { query: expr });
      return series.length === 0
        ? undefined
        : series.reduce((sum, { value: [, text] }) => sum + Number(text), 0);
    },
    stop: async () => {
      await process.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ask<T>(url: string, params: Record<string, string>): Promise<T[]> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(params) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Prometheus refused ${params['query']}: ${text}`);
  return (JSON.parse(text) as { data: { result: T[] } }).data.result;
}
