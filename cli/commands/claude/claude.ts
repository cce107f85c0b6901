// `tallyspan claude setup`: the settings by which Claude Code sends its logs here, printed, or written after asking.

import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import {
  DEFAULT_ENDPOINT,
  overridesIn,
  readClaudeSettings,
  settingsFile,
  telemetryVariables,
  variablesOf,
  writeVariables,
  type Variables,
} from '../../claude/telemetry-settings.ts';
import {
  forgetReplaced,
  keepReplaced,
  readReplaced,
  variablesBefore,
} from '../../claude/replaced-variables.ts';
import { registerClaudeGuard } from './claude-guard.ts';
import { writeJson } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import { untilInterrupted } from '../../terminal/interruption.ts';
import type { CliIo } from '../../terminal/io.ts';
import { safeText } from '../../../core/text/safe-text.ts';

interface SetupOptions {
  readonly endpoint: string;
  readonly settings?: string;
  readonly yes?: boolean;
  readonly print?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

/** It is Claude Code that writes this setting: its own command knows where. */
const MCP_OFFER =
  '\nTo let Claude Code ask what runs did and cost:\n\n  claude mcp add tallyspan -- npx tallyspan mcp\n';

export function registerClaude(program: Command, io: CliIo): void {
  const claude = program
    .command('claude')
    .description('Claude Code: send its telemetry here, and stop it at a limit');
  registerClaudeGuard(claude, io);
  claude
    .command('setup')
    .description('the settings of Claude Code that send its logs here: shown, and written after asking')
    .option('--endpoint <url>', 'where this server takes OTLP over HTTP', DEFAULT_ENDPOINT)
    .option('--settings <file>', 'settings file of Claude Code; ~/.claude/settings.json unless said')
    .option('--yes', 'write without asking')
    .option('--print', 'only print what to set')
    .option('--undo', 'give the settings file back what setup replaced, and take out what it added')
    .option('--json', 'print one JSON value; nothing is asked')
    .action(async (options: SetupOptions) => {
      if (options.yes === true && options.print === true)
        throw usageError('--yes writes and --print does not: give one of them');
      const endpoint = parseEndpoint(options.endpoint);
      const variables = telemetryVariables(endpoint);
      const file = options.settings ?? settingsFile(io.env);
      if (options.undo === true) return undoSetup(file, variables, options, io);
      const present = options.print === true ? {} : variablesOf(await readClaudeSettings(file));
      const missing = changesOf(variables, present);
      const isComplete = Object.keys(missing).length === 0;
      if (options.json !== true) io.stdout.write(textOf(variables, missing, present, file, options));
      const isWanted =
        options.print !== true &&
        !isComplete &&
        (options.yes === true || (options.json !== true && (await ask(file, io))));
      if (isWanted) {
        await writeVariables(file, missing);
        await keepReplaced(file, missing, present);
      }
      const overrides = overridesIn(present);
      if (options.json === true) writeJson(io, { file, variables, missing, overrides, written: isWanted });
      else {
        if (isWanted) io.stdout.write(`Written. Claude Code sends its logs from its next start on.\n`);
        if (overrides.length > 0) io.stdout.write(overridesText(overrides, present, file));
        io.stdout.write(MCP_OFFER);
      }
    });
}

/** Gives back what setup replaced, and takes out what it added. */
async function undoSetup(
  file: string,
  variables: Variables,
  { print, json }: SetupOptions,
  io: CliIo,
): Promise<void> {
  if (print === true) throw usageError('--undo writes and --print does not: give one of them');
  const present = variablesOf(await readClaudeSettings(file));
  const before = variablesBefore(await readReplaced(file), present, variables);
  const names = Object.keys(before);
  if (names.length > 0) await writeVariables(file, before);
  await forgetReplaced(file);
  const removed = names.filter((name) => before[name] === undefined);
  const restored = names.filter((name) => before[name] !== undefined);
  if (json === true) {
    writeJson(io, { file, removed, restored });
    return;
  }
  const shown = safeText(file);
  if (names.length === 0) io.stdout.write(`${shown} has nothing of it in "env".\n`);
  if (removed.length > 0) io.stdout.write(`Taken out of "env" of ${shown}: ${removed.join(', ')}.\n`);
  if (restored.length > 0)
    io.stdout.write(`As it was before in "env" of ${shown}: ${restored.join(', ')}.\n`);
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw usageError(`--endpoint ${text} is no http or https address, such as ${DEFAULT_ENDPOINT}`);
  // Claude Code adds the path of the signal itself.
  return text.replace(/\/+$/, '').replace(/\/v1\/(?:logs|traces|metrics)$/, '');
}

function changesOf(variables: Variables, present: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name, value]) => present[name] !== value));
}

function textOf(
  variables: Variables,
  missing: Variables,
  present: Variables,
  file: string,
  { print }: SetupOptions,
): string {
  const exports = Object.entries(variables).map(([name, value]) => `  export ${name}=${value}\n`);
  const head = `For one shell:\n\n${exports.join('')}\n`;
  if (print === true) return head;
  const changes = Object.entries(missing).map(([name, value]) => {
    const was = present[name] === undefined ? '' : `   (is ${safeText(present[name])})`;
    return `  "${name}": "${value}"${was}\n`;
  });
  const shown = safeText(file);
  return changes.length === 0
    ? `${head}${shown} has all of it in "env".\n`
    : `${head}For every start, in "env" of ${shown}:\n\n${changes.join('')}\n`;
}

function overridesText(overrides: readonly string[], present: Variables, file: string): string {
  const lines = overrides.map((name) => `  "${name}": "${safeText(present[name] ?? '')}"\n`);
  return `\nIn "env" of ${safeText(file)} this goes before what is set above. Take it out, or the logs do not come here:\n\n${lines.join('')}`;
}

/** Whether the user says yes; no where nobody can be asked. */
async function ask(file: string, io: CliIo): Promise<boolean> {
  if (io.stdout.isTTY !== true || (io.stdin as { isTTY?: boolean }).isTTY !== true) {
    io.stdout.write('Nothing was written. Write it with --yes.\n');
    return false;
  }
  io.stdout.write(`Write it into ${safeText(file)}? [y/N] `);
  const lines = createInterface({ input: io.stdin });
  try {
    const answer = await untilInterrupted(io.signal, async () => {
      for await (const line of lines) return line;
      return '';
    });
    const isYes = /^y(es)?$/i.test(answer.trim());
    if (!isYes) io.stdout.write('Nothing was written.\n');
    return isYes;
  } finally {
    lines.close();
  }
}
