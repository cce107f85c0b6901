// Claude Code on this machine: whether it sends its logs to a server that takes them.

import { statSync } from 'node:fs';
import path from 'node:path';
import {
  readClaudeSettings,
  settingsFile,
  telemetryVariables,
  variablesOf,
  type Variables,
} from '../claude/telemetry-settings.ts';
import { messageOf } from '../../server/process/server-error.ts';
import type { DoctorFinding } from './finding.ts';

const SETUP = 'Run `tallyspan claude setup`.';
const ANSWER_LIMIT_MS = 2_000;
const OTLP_PROTOCOLS: ReadonlySet<string> = new Set(['http/protobuf', 'http/json', 'grpc']);

/** Findings about its settings; none where there is no Claude Code. */
export async function checkClaude(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DoctorFinding[]> {
  const file = settingsFile(env);
  if (statSync(path.dirname(file), { throwIfNoEntry: false }) === undefined) return [];
  let variables: Variables;
  try {
    // Its settings win over the shell it is started from.
    const shell = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    variables = { ...Object.fromEntries(shell), ...variablesOf(await readClaudeSettings(file)) };
  } catch (error) {
    return [{ check: 'claude-code', verdict: 'fail', what: messageOf(error) }];
  }
  if (!isOn(variables['CLAUDE_CODE_ENABLE_TELEMETRY']) || variables['OTEL_LOGS_EXPORTER'] !== 'otlp')
    return [
      {
        check: 'claude-code',
        verdict: 'warn',
        what: 'Claude Code is here and sends no logs: what it does shows only when its transcripts are imported',
        advice: SETUP,
      },
    ];
  const metrics = variables['OTEL_METRICS_EXPORTER'];
  const details =
    metrics === undefined || metrics === 'none'
      ? []
      : ['its metrics are refused here: set OTEL_METRICS_EXPORTER=none to stop sending them'];
  return [{ ...(await checkEndpoint(variables, signal)), details }];
}

async function checkEndpoint(variables: Variables, signal: AbortSignal): Promise<DoctorFinding> {
  const check = 'claude-code';
  const protocol =
    variables['OTEL_EXPORTER_OTLP_LOGS_PROTOCOL'] ?? variables['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  if (!OTLP_PROTOCOLS.has(protocol)) {
    const wanted = telemetryVariables('')['OTEL_EXPORTER_OTLP_PROTOCOL'];
    const what = 'Claude Code sends no logs while OTEL_EXPORTER_OTLP_PROTOCOL is not set';
    return { check, verdict: 'fail', what, advice: `Set it to ${wanted ?? ''}. ${SETUP}` };
  }
  const base = variables['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const url =
    variables['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'] ??
    (base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/logs`);
  if (url === undefined)
    return {
      check,
      verdict: 'fail',
      what: 'Claude Code has no address to send its logs to: OTEL_EXPORTER_OTLP_ENDPOINT is not set',
      advice: SETUP,
    };
  if (protocol === 'grpc')
    return { check, verdict: 'ok', what: `Claude Code sends its logs over gRPC to ${base ?? url}` };
  try {
    const { status, headers } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headersOf(variables) },
      body: '{}',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
    });
    const isPage = headers.get('content-type')?.toLowerCase().startsWith('text/html') === true;
    if (status === 200 && !isPage)
      return { check, verdict: 'ok', what: `Claude Code sends its logs to ${url}, which takes them` };
    return {
      check,
      verdict: 'fail',
      what: `Claude Code sends its logs to ${url}, which answers with ${isPage ? 'a web page' : String(status)}`,
      advice:
        status === 401
          ? 'Put the token into OTEL_EXPORTER_OTLP_HEADERS, as Authorization=Bearer%20TOKEN.'
          : 'Is it a tallyspan server?',
    };
  } catch {
    return {
      check,
      verdict: 'warn',
      what: `Claude Code sends its logs to ${url}, where nothing answers`,
      advice:
        'Start `tallyspan up`, or name the address where it runs: `tallyspan claude setup --endpoint URL`.',
    };
  }
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true';
}

/** As OpenTelemetry writes them: name=value, with commas between, values percent-encoded. */
function headersOf(variables: Variables): Record<string, string> {
  const text = variables['OTEL_EXPORTER_OTLP_LOGS_HEADERS'] ?? variables['OTEL_EXPORTER_OTLP_HEADERS'] ?? '';
  return Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 1 ? [] : [[pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())]];
    }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
