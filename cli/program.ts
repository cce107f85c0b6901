// The tallyspan command line: one file per command, all registered here.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { ownProcess } from '../server/process/memory.ts';
import { RequestError } from '../server/questions/request-error.ts';
import { CliError } from './terminal/cli-error.ts';
import { CommandEnded } from './terminal/command-ended.ts';
import { withColours } from './terminal/colours.ts';
import { registerAlerts } from './commands/alerts.ts';
import { registerCheck } from './commands/quality/check.ts';
import { registerClaude } from './commands/claude/claude.ts';
import { registerCompare, registerVersions } from './commands/quality/compare.ts';
import { registerConversation } from './commands/read/conversation.ts';
import { registerCost } from './commands/read/cost.ts';
import { registerDataset } from './commands/quality/dataset.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDiagnose } from './commands/read/diagnose.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExec } from './commands/exec.ts';
import { registerJudge } from './commands/quality/judge.ts';
import { registerEval } from './commands/quality/eval.ts';
import { registerExport } from './commands/data/export.ts';
import { registerImport } from './commands/data/import.ts';
import { registerMcp } from './commands/claude/mcp.ts';
import { registerLimits } from './commands/limits.ts';
import { registerPrice } from './commands/data/price.ts';
import { registerPrices } from './commands/data/prices.ts';
import { registerRecost } from './commands/data/recost.ts';
import { registerFindings } from './commands/read/findings.ts';
import { registerReconcile } from './commands/read/reconcile.ts';
import { registerReplay } from './commands/quality/replay.ts';
import { registerRun } from './commands/read/run.ts';
import { registerTail } from './commands/read/tail.ts';
import { registerRuns } from './commands/read/runs.ts';
import { registerScore } from './commands/quality/score.ts';
import { registerSignal } from './commands/read/signal.ts';
import { registerSignals } from './commands/read/signals.ts';
import { registerStack } from './commands/stack.ts';
import { registerStatusLine } from './commands/claude/statusline.ts';
import { registerUp } from './commands/up.ts';
import { registerUsage } from './commands/read/usage.ts';
import { registerVerify } from './commands/data/verify.ts';
import { registerWhatIf } from './commands/read/what-if.ts';
import { Interruption, interruptedExitCode, type StopSignal } from './terminal/interruption.ts';
import type { CliIo, CliOutput } from './terminal/io.ts';
import { safeLines } from './terminal/safe-text.ts';
import { VERSION } from './version.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** They start a command that must not run on alone, observed by nobody. */
const RUN_A_COMMAND: ReadonlySet<string> = new Set(['check', 'eval', 'exec', 'doctor']);
const WRONG_USAGE = 2;
/** A signal that does not end us, such as one that is ignored here, is not waited for longer. */
const SIGNAL_LIMIT_MS = 1000;
const SERVERS: ReadonlySet<string> = new Set(['up', 'demo']);

/** The program with every command; `io` is all that a command touches. */
export function createProgram(io: CliIo): Command {
  const program = new Command('tallyspan')
    .description('See what every run of your Claude agents did, what it cost, and why the cost changed.')
    .version(VERSION)
    .option('--debug', 'print the stack trace of an error')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(safeLines(text)),
      outputError: (text, write) => write(text.replace(/^error: /, 'tallyspan: ')),
    })
    .showHelpAfterError('Run it with --help to see how it is used.');

  registerUp(program, io);
  registerExec(program, io);
  registerDemo(program, io);
  registerRuns(program, io);
  registerRun(program, io);
  registerConversation(program, io);
  registerTail(program, io);
  registerCost(program, io);
  registerUsage(program, io);
  registerStatusLine(program, io);
  registerFindings(program, io);
  registerReconcile(program, io);
  registerDiagnose(program, io);
  registerWhatIf(program, io);
  registerCompare(program, io);
  registerVersions(program, io);
  registerScore(program, io);
  registerJudge(program, io);
  registerCheck(program, io);
  registerDataset(program, io);
  registerEval(program, io);
  registerSignal(program, io);
  registerSignals(program, io);
  registerVerify(program, io);
  registerAlerts(program, io);
  registerLimits(program, io);
  registerPrice(program, io);
  registerPrices(program, io);
  registerRecost(program, io);
  registerReplay(program, io);
  registerExport(program, io);
  registerImport(program, io);
  registerMcp(program, io);
  registerClaude(program, io);
  registerStack(program, io);
  registerDoctor(program, io);
  return program;
}

/** Runs one command line (without node and script) and returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 or 143 interrupted. */
export async function runCli(args: readonly string[], outside: CliIo): Promise<number> {
  const io = { ...outside, stdout: withColours(outside.stdout, outside.env) };
  const program = createProgram(io);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    // What a command itself finds wrong with an argument was not reported by the parser.
    const isOwn = error instanceof InvalidArgumentError;
    if (error instanceof CommanderError && !isOwn) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    if (error instanceof CommandEnded) {
      if (error.signal !== undefined) io.endBy?.(error.signal);
      return error.exitCode;
    }
    const interrupted = interruptedExitCode(error, io.signal);
    if (interrupted !== undefined) return interrupted;
    const isUsage = isOwn || (error instanceof RequestError && error.statusCode === 400);
    const isDebug = program.opts<{ debug?: boolean }>().debug === true;
    const detail = error instanceof Error ? (isDebug ? error.stack : error.message) : String(error);
    io.stderr.write(safeLines(`tallyspan: ${detail}\n`));
    return error instanceof CliError ? error.exitCode : isUsage ? WRONG_USAGE : 1;
  }
}

/** Entry point of the installed program. */
export async function main(args: readonly string[]): Promise<number> {
  ownProcess();
  const stop = new AbortController();
  const isHeld = RUN_A_COMMAND.has(args[0] ?? '') && !isHangUpIgnored();
  const signals: readonly StopSignal[] = isHeld ? [...STOP_SIGNALS, 'SIGHUP'] : STOP_SIGNALS;
  const onSignal = (name: StopSignal): void => {
    // The next one ends the process at once.
    for (const each of signals) process.off(each, onSignal);
    stop.abort(new Interruption(name));
  };
  for (const name of signals) process.on(name, onSignal);
  const isServer = SERVERS.has(args[0] ?? '');
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') {
      process.stderr.write(`tallyspan: standard output could not be written: ${message}\n`);
      process.exit(1);
    }
    // A closed pipe (`tallyspan runs | head`) is an ordinary end of a question, and no end of a server.
    if (!isServer) process.exit(0);
  });
  // Nobody reads the messages: no reason to end, and nowhere to say so.
  process.stderr.on('error', () => undefined);
  let endedBy: NodeJS.Signals | undefined;
  const exitCode = await runCli(args, {
    stdin: process.stdin,
    stdout: outputOf(process.stdout),
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
    signal: stop.signal,
    endBy: (name) => (endedBy = name),
  });
  if (endedBy !== undefined) {
    // As the command was ended: whoever waits for us sees the same.
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, endedBy);
    await setTimeout(SIGNAL_LIMIT_MS);
  }
  // Input that nobody closed or a server that does not answer would hold an interrupted process.
  if (exitCode > WRONG_USAGE) process.exit(exitCode);
  return exitCode;
}

/** Under `nohup` a terminal that is gone is no reason to end; Linux says so. */
function isHangUpIgnored(): boolean {
  try {
    const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    return false;
  }
}

function outputOf(stream: NodeJS.WriteStream): CliOutput {
  return {
    write: (text) => stream.write(text),
    drained: (signal) => once(stream, 'drain', { signal }),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
  };
}
