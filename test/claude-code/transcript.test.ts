// What the real Claude Code writes of itself, imported, is what the API was asked for: to the nano-dollar.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunSummary } from '../../server/source.ts';
import { errorExchange } from '../fakes/anthropic-api.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { readCommand } from '../cli/read-command.ts';
import {
  CLAUDE_CODE_VERSIONS,
  installClaudeCode,
  makeClaudeHome,
  runClaudeCode,
  type ClaudeHome,
} from './claude-code.ts';
import { costOfLog } from './log-cost.ts';
import { startScriptedApi, turnsOf, type ScriptedApi, type Turn } from './scripted-api.ts';

const SKIP_PERMISSIONS = ['--dangerously-skip-permissions'];
const SECRET = 'zanzibar';

function useBash(id: string): Turn['blocks'] {
  return [
    { type: 'text', text: `${SECRET} says` },
    { type: 'tool_use', id, name: 'Bash', input: { command: `echo ${SECRET}`, description: 'x' } },
  ];
}

function useAgent(id: string, prompt: string): Turn['blocks'][number] {
  return {
    type: 'tool_use',
    id,
    name: 'Agent',
    input: { description: 'x', prompt, subagent_type: 'general-purpose', run_in_background: false },
  };
}

const DONE: Turn = { blocks: [{ type: 'text', text: 'Done.' }], usage: { output_tokens: 40 } };

/** As an answer of a compaction looks; of others it may, too. */
const SUMMARY: Turn = { blocks: [{ type: 'text', text: '<summary>Done.</summary>' }] };

describe.each(CLAUDE_CODE_VERSIONS)('Claude Code %s', (version) => {
  let binary: string | undefined;
  let home: ClaudeHome;
  let api: ScriptedApi;
  let dataDir: string | undefined;
  let serial = 0;

  beforeAll(async () => {
    binary = await installClaudeCode(version);
    home = await makeClaudeHome();
    // Three sub-agents, each within the other, beside a fourth; writes of both lifetimes, and reads.
    api = await startScriptedApi((request) => {
      const task = /TASK-(\d)/.exec(JSON.stringify(request.messages[0]))?.[1];
      const id = `toolu_${version}_${String((serial += 1))}`;
      const caching = {
        cache_creation_input_tokens: 1_300,
        cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 300 },
      };
      const turn = turnsOf(request);
      if (turn >= (task === undefined ? 2 : 1))
        return { ...DONE, usage: { ...DONE.usage, cache_read_input_tokens: 2_300 } };
      if (task === '3' || task === '9') return { blocks: useBash(id), usage: { input_tokens: 17 } };
      if (task !== undefined)
        return { blocks: [useAgent(id, `TASK-${String(Number(task) + 1)}`)], usage: { input_tokens: 23 } };
      if (turn === 0) return { blocks: useBash(id), usage: { ...caching, output_tokens: 260 } };
      return { blocks: [useAgent(id, 'TASK-1'), useAgent(`${id}_b`, 'TASK-9')], usage: caching };
    });
  });

  afterAll(async () => {
    await api.close();
    await home.remove();
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });

  test('tools, nested sub-agents, a resumed and a forked session come to what the API answered', async () => {
    if (binary === undefined) return;
    const run = async (prompt: string, args: readonly string[] = []): Promise<void> => {
      const { exitCode, stderr } = await runClaudeCode(binary as string, home, {
        apiUrl: api.url,
        prompt,
        args: [...SKIP_PERMISSIONS, ...args],
      });
      if (exitCode !== 0) throw new Error(`claude exited ${String(exitCode)}: ${stderr}`);
    };
    await run(`${SECRET} please`);
    const [project = ''] = await readdir(home.projects);
    const [session = ''] = (await readdir(path.join(home.projects, project)))
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => name.slice(0, -'.jsonl'.length));
    await run('again', ['--resume', session]);
    await run('elsewhere', ['--resume', session, '--fork-session']);

    dataDir = await makeDataDir();
    const answer = await readCommand<Readonly<Record<string, unknown>>>([
      'import',
      'claude',
      home.projects,
      '--data',
      dataDir,
    ]);
    expect(answer).toMatchObject({
      sessions: 2,
      model_calls: api.log.length,
      cost_nano_usd: costOfLog(api.log),
      not_in_transcript_nano_usd: 0,
      more_than_counted: [],
      malformed_lines: 0,
      unknown_lines: {},
    });
    const cost = await readCommand<{ readonly total: { readonly cost_nano_usd: number } }>([
      'cost',
      '--data',
      dataDir,
    ]);
    expect(cost.total.cost_nano_usd).toBe(costOfLog(api.log));
    const runs = await readCommand<readonly RunSummary[]>(['runs', '--data', dataDir]);
    expect(runs.filter((each) => each['gen_ai.agent.name'] === 'general-purpose')).toHaveLength(4);
    expect(new Set(runs.map((each) => each['agent.status']))).toEqual(new Set(['ok']));
  });

  test('a compaction is in no transcript and in the remainder; a run that the API refuses ends in an error', async () => {
    if (binary === undefined) return;
    const other = await makeClaudeHome();
    let isFailing = false;
    const refusing = await startScriptedApi(() =>
      isFailing ? errorExchange(400, 'invalid_request_error', 'no') : SUMMARY,
    );
    const data = await makeDataDir();
    try {
      const run = (prompt: string, args: readonly string[] = []): Promise<unknown> =>
        runClaudeCode(binary as string, other, {
          apiUrl: refusing.url,
          prompt,
          args: [...SKIP_PERMISSIONS, ...args],
        });
      await run('hello');
      await run('/compact', ['--continue']);
      await run('and on', ['--continue']);
      isFailing = true;
      await run('fails', ['--continue']);
      const answer = await readCommand<Readonly<Record<string, unknown>>>([
        'import',
        'claude',
        other.projects,
        '--data',
        data,
      ]);
      const [, compaction] = refusing.log;
      if (compaction === undefined) throw new Error('nothing was compacted');
      expect(refusing.log).toHaveLength(3);
      expect(answer).toMatchObject({
        model_calls: 2,
        cost_nano_usd: costOfLog(refusing.log) - costOfLog([compaction]),
        not_in_transcript_nano_usd: costOfLog([compaction]),
        more_than_counted: [],
      });
      const cost = await readCommand<{ readonly total: { readonly cost_nano_usd: number } }>([
        'cost',
        '--data',
        data,
      ]);
      expect(cost.total.cost_nano_usd).toBe(costOfLog(refusing.log));
      const runs = await readCommand<readonly RunSummary[]>(['runs', '--data', data]);
      expect(runs.map((each) => each['agent.status'])).toEqual(['error', 'ok', 'ok']);
    } finally {
      await refusing.close();
      await other.remove();
      await rm(data, { recursive: true, force: true });
    }
  });
});
