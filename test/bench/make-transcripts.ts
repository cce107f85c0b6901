// Makes a folder of transcripts as Claude Code writes them: sessions with prompts, answers of several lines, tools with
// results, and sub-agents. The same seed makes the same folder.

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { Random } from '../../server/example/history/random.ts';

export interface TranscriptsSize {
  /** User and assistant lines, about. */
  readonly messages: number;
  /** Bytes of all files, about. */
  readonly bytes: number;
}

const MESSAGES_PER_SESSION = 400;
const MODELS = ['claude-opus-4-7', 'claude-sonnet-4-6', 'claude-haiku-4-5-20251001'] as const;
const TOOLS = ['Bash', 'Read', 'Edit', 'Grep', 'mcp__github__search'] as const;
const WORDS = 'the value of this file is read by a test that waits for \\"nothing\\" at all\\n'.repeat(4_000);
const FIRST_MS = Date.parse('2026-08-01T00:00:00Z');

export async function makeTranscripts(folder: string, size: TranscriptsSize): Promise<void> {
  const source = new Random(7);
  const random = (): number => source.next();
  const sessions = Math.ceil(size.messages / MESSAGES_PER_SESSION);
  // Of a session's lines this much is the frame; texts fill up to the size.
  const textPerTurn = Math.max(100, Math.floor(size.bytes / (size.messages / 3)) - 3_200);
  let atMs = FIRST_MS;
  const id = (prefix: string): string =>
    prefix +
    Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
  const uuid = (): string =>
    `${id('')}${id('')}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-') + id('');
  for (let index = 0; index < sessions; index++) {
    const session = uuid();
    const project = path.join(folder, 'projects', `-home-dev-project-${String(index % 12)}`);
    await mkdir(path.join(project, session, 'subagents'), { recursive: true });
    const file = createWriteStream(path.join(project, `${session}.jsonl`));
    const write = async (line: string): Promise<void> => {
      if (!file.write(`${line}\n`)) await once(file, 'drain');
    };
    const common = (): string =>
      `"userType":"external","entrypoint":"cli","cwd":"/home/dev/project-${String(index % 12)}","sessionId":"${session}","version":"2.1.332","gitBranch":"main"`;
    let parent = 'null';
    let prompt = '';
    for (let turn = 0; turn < MESSAGES_PER_SESSION / 3; turn++) {
      atMs += 1_000 + Math.floor(random() * 20_000);
      const time = (): string => new Date(atMs).toISOString();
      const next = uuid();
      if (turn % 12 === 0) {
        prompt = uuid();
        await write(
          `{"parentUuid":${parent},"isSidechain":false,"promptId":"${prompt}","type":"user","message":{"role":"user","content":"${WORDS.slice(0, 90)}"},"uuid":"${next}","timestamp":"${time()}",${common()}}`,
        );
        parent = `"${next}"`;
      }
      const message = id('msg_01');
      const request = id('req_01');
      const tool = id('toolu_01');
      const model = MODELS[turn % 7 === 0 ? 1 : index % 9 === 0 ? 2 : 0];
      const output = 50 + Math.floor(random() * 900);
      await write(
        `{"type":"api-request","sessionId":"${session}","id":"${uuid()}","timestamp":"${time()}","version":"2.1.332","params":{"model":"${model}"},"tail":["${WORDS.slice(0, 70)}"]}`,
      );
      for (const [block, tokens] of [
        [`{"type":"text","text":"${WORDS.slice(0, 300)}"}`, 1],
        [
          `{"type":"tool_use","id":"${tool}","name":"${TOOLS[turn % TOOLS.length] as string}","input":{"command":"${WORDS.slice(0, 120)}"}}`,
          output,
        ],
      ] as const) {
        const line = uuid();
        atMs += 500 + Math.floor(random() * 3_000);
        await write(
          `{"parentUuid":${parent},"isSidechain":false,"message":{"id":"${message}","type":"message","role":"assistant","model":"${model}","content":[${block}],"stop_reason":${tokens === 1 ? 'null' : '"tool_use"'},"stop_sequence":null,"usage":{"input_tokens":${String(3 + (turn % 5))},"cache_creation_input_tokens":${String(400 + turn)},"cache_read_input_tokens":${String(20_000 + turn * 800)},"output_tokens":${String(tokens)},"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0},"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":${String(400 + turn)}},"inference_geo":"","iterations":[],"speed":"standard"}},"requestId":"${request}","requestedModel":"${model}","type":"assistant","uuid":"${line}","timestamp":"${time()}",${common()}}`,
        );
        parent = `"${line}"`;
      }
      const line = uuid();
      atMs += 100 + Math.floor(random() * 4_000);
      const start = Math.floor(random() * 1_000) * 2;
      const text = WORDS.slice(start, start + textPerTurn)
        .replace(/\\$/, '')
        .replace(/^[n"]/, '');
      await write(
        `{"parentUuid":${parent},"isSidechain":false,"promptId":"${prompt}","type":"user","message":{"role":"user","content":[{"tool_use_id":"${tool}","type":"tool_result","content":"${text}","is_error":${String(turn % 23 === 0)}}]},"uuid":"${line}","timestamp":"${time()}","toolUseResult":{"stdout":"","stderr":"","interrupted":false},${common()}}`,
      );
      parent = `"${line}"`;
    }
    file.end();
    await once(file, 'finish');
  }
}
