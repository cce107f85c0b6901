// Settings by which Claude Code sends its logs here: variables of its environment, which its settings file may hold.

import { makePrivateFolder } from '../../server/store/file/private-files.ts';
import { access, chmod, constants, readFile, rename, writeFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { CliError } from '../terminal/cli-error.ts';

export type Variables = Readonly<Record<string, string>>;
type Settings = Readonly<Record<string, unknown>>;

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';

/** The five lines. Metrics are switched off: every number is computed from the logs. */
export function telemetryVariables(endpoint: string): Variables {
  return {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  };
}

/** Variables for logs alone, which Claude Code takes before those that hold for all signals. */
const BEFORE_OURS: readonly string[] = [
  'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL',
  'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
];

/** Those of the variables that send logs elsewhere, or in another way, than {@link telemetryVariables} says. */
export function overridesIn(present: Variables): readonly string[] {
  return BEFORE_OURS.filter((name) => present[name] !== undefined);
}

/** Settings file of the user of Claude Code. */
export function settingsFile(env: NodeJS.ProcessEnv): string {
  const [named = ''] = (env['CLAUDE_CONFIG_DIR'] ?? '').split(',');
  const folder = named.trim() || path.join(env['HOME'] || homedir(), '.claude');
  return path.join(folder, 'settings.json');
}

/** @returns the settings; empty where there is no file. @throws CliError when they cannot be read */
export async function readClaudeSettings(file: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    // Editors of Windows write a mark of the byte order before it.
    const written = text.replace(/^\uFEFF/, '').trim();
    const value: unknown = written === '' ? {} : JSON.parse(written);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new CliError(
    `${file} is no JSON object (comments and commas at the end are no JSON). Correct it first; nothing was changed.`,
  );
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The variables that settings hold. */
export function variablesOf(settings: Settings): Variables {
  const env = settings['env'];
  if (!isObject(env)) return {};
  // Claude Code takes numbers and switches, too, as their text.
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
    ),
  );
}

/**
 * Writes the settings with the variables in them, of which those that are undefined are taken out, with "env" where it has
 * no others; everything else stays, the rights of the file as well. It is replaced as a whole.
 * @throws CliError where "env" holds no variables, or the file cannot be written
 */
export async function writeVariables(
  file: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const settings = await readClaudeSettings(file);
  const old = settings['env'] ?? {};
  if (!isObject(old))
    throw new CliError(`"env" in ${file} is no object of variables. Correct it first; nothing was changed.`);
  const env = Object.fromEntries(
    Object.entries({ ...old, ...variables }).filter(([, value]) => value !== undefined),
  );
  const written: Settings = { ...settings, env: Object.keys(env).length === 0 ? undefined : env };
  try {
    makePrivateFolder(path.resolve(path.dirname(file)));
    // Where the file is a link, as people who keep their settings elsewhere have it, the link stays.
    const target = await realpath(file).catch(() => file);
    const mode = (await stat(target).catch(() => undefined))?.mode;
    // Whoever took the right to write it away did not mean it to be replaced.
    if (mode !== undefined) await access(target, constants.W_OK);
    const beside = `${target}.${String(process.pid)}.part`;
    await writeFile(beside, `${JSON.stringify(written, undefined, 2)}\n`, { mode: 0o600 });
    if (mode !== undefined) await chmod(beside, mode);
    await rename(beside, target);
  } catch (error) {
    throw new CliError(`${file} cannot be written: ${(error as Error).message}`);
  }
}
