// Whether something listens where the preload will send its telemetry.

import { connect } from 'node:net';
import type { Finding } from './finding.ts';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4317';
const CONNECT_TIMEOUT_MS = 2_000;

export async function checkEndpoint(env: NodeJS.ProcessEnv): Promise<Finding> {
  const setting = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || DEFAULT_ENDPOINT;
  let url: URL;
  try {
    url = new URL(setting.includes('://') ? setting : `http://${setting}`);
  } catch {
    return {
      check: 'endpoint',
      verdict: 'fail',
      what: `OTEL_EXPORTER_OTLP_ENDPOINT is "${setting}", which is no URL`,
      advice: `Write it like ${DEFAULT_ENDPOINT}.`,
    };
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = `${url.hostname}:${String(port)}`;
  return (await canConnect(host, port))
    ? { check: 'endpoint', verdict: 'ok', what: `${address} answers` }
    : {
        check: 'endpoint',
        verdict: 'fail',
        what: `nothing listens on ${address}`,
        advice: 'Start `tallyspan up`, or set OTEL_EXPORTER_OTLP_ENDPOINT.',
      };
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const finish = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => finish(true));
    socket.once('timeout', () => finish(false));
    socket.once('error', () => finish(false));
  });
}
