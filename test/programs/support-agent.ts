// The example agent as a child process under the preload, on a fake API of its own.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { startAnthropicApi } from '../../examples/fake-api/server.ts';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { ensureBuilt } from '../../scripts/ensure-built.ts';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Plays the support agent to its end, exporting to an OTLP gRPC address. `tag` goes into the ids of the
 * answers: two plays with the same tag are the same calls.
 */
export async function playSupportAgent(
  grpcAddress: string,
  tag: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }> {
  await ensureBuilt();
  const api = await startAnthropicApi(supportAgentScenario(tag, 0));
  try {
    const child = spawn(
      process.execPath,
      [
        '--import',
        path.join(root, 'instrumentation/dist/register.mjs'),
        path.join(root, 'examples/support-agent.mjs'),
      ],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          ANTHROPIC_BASE_URL: api.url,
          OTEL_SERVICE_NAME: 'support-agent',
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://${grpcAddress}`,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
          ...env,
        },
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    return { exitCode, stdout, stderr };
  } finally {
    await api.close();
  }
}
