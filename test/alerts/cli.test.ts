// `tallyspan alerts`: the states on a terminal, and a test notice to a channel.

import { afterEach, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { CliError } from '../../cli/terminal/cli-error.ts';
import { registerAlerts, renderOverview } from '../../cli/commands/alerts.ts';
import { overviewOf } from '../../server/alerting/alert-overview.ts';
import { jsonOf } from '../fakes/recording-service.ts';
import { BOT_TOKEN, CHAT_ID, refusal, startTelegram } from '../fakes/telegram.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  let out = '';
  const sink = { write: (text: string) => (out += text) };
  const program = new Command('tallyspan').exitOverride();
  registerAlerts(program, {
    stdin: process.stdin,
    stdout: sink,
    stderr: sink,
    env,
    now: () => 1_700_000_000_000,
    signal: new AbortController().signal,
  });
  await program.parseAsync([...args], { from: 'user' });
  return out;
}

describe('alerts test', () => {
  it('sends one notice and says where to', async () => {
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    const env = { TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_CHAT_ID: CHAT_ID, TELEGRAM_API_URL: telegram.url };
    expect(await run(['alerts', 'test', 'telegram'], env)).toBe(
      'sent to telegram (chat 4242): look whether it came\n',
    );
    const [request] = telegram.accepted();
    expect(request && jsonOf(request)?.['text']).toContain('Test notice from tallyspan: this channel works');
  });

  it('that the service refuses fails with what it said', async () => {
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    telegram.trouble({ kind: 'answer', answer: refusal(403, 'Forbidden: bot was blocked by the user') });
    const env = { TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_CHAT_ID: CHAT_ID, TELEGRAM_API_URL: telegram.url };
    await expect(run(['alerts', 'test', 'telegram'], env)).rejects.toThrow(
      'telegram (chat 4242): Telegram answered 403: Forbidden: bot was blocked by the user',
    );
  });

  it.each([
    [
      {},
      /the channel telegram is not configured in this shell. Set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID./,
    ],
    [{ TELEGRAM_BOT_TOKEN: BOT_TOKEN }, /TELEGRAM_BOT_TOKEN is set but TELEGRAM_CHAT_ID is not/],
  ])('with %j is wrong usage', async (env, message) => {
    const error = await run(['alerts', 'test', 'telegram'], env).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CliError);
    expect((error as CliError).exitCode).toBe(2);
    expect((error as CliError).message).toMatch(message);
  });
});

describe('alerts', () => {
  it('shows every rule with its state, value and limit, and why a rule says nothing', () => {
    const state = { sinceMs: 0, judgedMs: 0, shown: null, threshold: 5e9 };
    const text = renderOverview(
      overviewOf({
        config: readAlertConfig({}, RULE_IDS),
        states: [
          { ...state, ruleId: 'user-day-cost', key: 'user-88', phase: 'firing', status: 'met', value: 6.2e9 },
          { ...state, ruleId: 'run-failures', key: '', phase: 'quiet', status: 'low_volume', value: 1 },
        ],
        notices: [],
        health: [],
        faults: new Map([['turns', 'the store does not answer']]),
      }),
      { nowMs: Date.now(), timezone: 'UTC' },
      { write: () => undefined },
    );
    expect(text).toMatch(/user-day-cost +firing +\$6\.20 +> \$5\.00 +user-88/);
    expect(text).toMatch(/run-failures +quiet \(too little volume\) +100\.0 % +> 20\.0 %/);
    expect(text).toMatch(/turns +not checked +> 15 +the store does not answer/);
    for (const id of RULE_IDS) expect(text).toContain(id);
    expect(text).toContain('channels: none known; notices are only on the page');
  });
});
