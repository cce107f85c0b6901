// Transcripts of Claude Code on this machine: the files of each session, the conversation and its sub-agents, wherever
// below a root they lie. A root is a configuration folder, its `projects`, or any folder of transcripts.

import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { TranscriptFile } from '../../core/transcripts/facts.ts';
import { textOf } from '../../core/transcripts/json-value.ts';
import { isGone } from './gone-file.ts';
import { CliError } from '../terminal/cli-error.ts';

/** A file as it was found. */
export interface FoundFile extends TranscriptFile {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

export interface FoundSession {
  readonly session: string;
  /** Name of the folder in which its conversation lies. */
  readonly folder: string;
  /** The conversation first. */
  readonly files: readonly FoundFile[];
  /** When it began, as far as the file system tells: of two with the same calls the older one has them. */
  readonly bornMs: number;
  readonly changedMs: number;
}

const EXTENSION = '.jsonl';
const AGENT_NAME = /^agent-(.+)\.jsonl$/;
const AGENTS_FOLDER = 'subagents';
/** Folders of a session that hold no transcripts. */
const OTHER_FOLDERS: ReadonlySet<string> = new Set(['tool-results', 'memory', 'node_modules', '.git']);
/** Of a file that only its lines say the session of: so much is looked at, at most, and at once. */
const MOST_HEAD_BYTES = 16 << 20;
const HEAD_BYTES = 64 << 10;
const SESSION_ID_LENGTH = 128;
/** Within a text of a line the quotes are escaped. */
const SESSION_ID = /"sessionId"\s*:\s*"([^"\\]+)"/;

/** Folders where Claude Code keeps transcripts when none is named: those of them that are there. */
export function defaultRoots(env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] || homedir();
  const named = (env['CLAUDE_CONFIG_DIR'] ?? '')
    .split(',')
    .map((folder) => folder.trim().replace(/^~(?=$|[/\\])/, home))
    .filter((folder) => folder !== '');
  const candidates =
    named.length > 0
      ? named
      : [
          path.join(env['XDG_CONFIG_HOME'] || path.join(home, '.config'), 'claude'),
          path.join(home, '.claude'),
        ];
  return rootsOf(candidates.filter(isFolder));
}

/** Where it was looked, for when nothing is there. */
export function lookedIn(env: NodeJS.ProcessEnv): string {
  const named = (env['CLAUDE_CONFIG_DIR'] ?? '').trim();
  return named === '' ? '~/.config/claude and ~/.claude' : `CLAUDE_CONFIG_DIR (${named})`;
}

/**
 * The roots that the user named, each once.
 * @throws CliError when one is not there
 */
export function namedRoots(folders: readonly string[]): string[] {
  for (const folder of folders) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new CliError(`${folder} is not there. Name a folder of transcripts, such as ~/.claude.`);
    if (!stat.isDirectory() && !(stat.isFile() && folder.endsWith(EXTENSION)))
      throw new CliError(
        `${folder} is no transcript. Name a folder of them, such as ~/.claude, or a ${EXTENSION} file.`,
      );
  }
  return rootsOf(folders);
}

function rootsOf(folders: readonly string[]): string[] {
  const roots = folders.map((folder) => {
    const projects = path.join(folder, 'projects');
    return realpathSync(isFolder(projects) ? projects : folder);
  });
  return [...new Set(roots)].filter(
    (root, _, all) => !all.some((other) => other !== root && root.startsWith(`${other}${path.sep}`)),
  );
}

function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The sessions below the roots, the oldest first. Folders that may not be read are left out, and `onFault` is given them. */
export function findTranscripts(
  roots: readonly string[],
  onFault: (file: string, error: Error) => void,
): FoundSession[] {
  const bySession = new Map<string, { files: FoundFile[]; bornMs: number; folder: string }>();
  const visit = (file: string, parents: readonly string[]): void => {
    const found = readFound(file, parents);
    if (found === undefined) return;
    const { session, bornMs, ...rest } = found;
    const known = bySession.get(session);
    const isMain = rest.agentId === undefined;
    if (known === undefined)
      bySession.set(session, {
        files: [rest],
        bornMs,
        folder: parents[0] ?? path.basename(path.dirname(file)),
      });
    else {
      if (isMain) known.files.unshift(rest);
      else known.files.push(rest);
      if (bornMs < known.bornMs) known.bornMs = bornMs;
    }
  };
  const walked = new Set<string>();
  const walk = (folder: string, parents: readonly string[]): void => {
    // Links may lead back, or to what another has led to.
    const real = realpathSync(folder);
    if (walked.has(real)) return;
    walked.add(real);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      try {
        if (entry.isDirectory() || (entry.isSymbolicLink() && isFolder(file))) {
          if (!OTHER_FOLDERS.has(entry.name)) walk(file, [...parents, entry.name]);
        } else if (entry.name.endsWith(EXTENSION)) visit(file, parents);
      } catch (error) {
        // Claude Code sweeps old ones meanwhile.
        if (!isGone(error)) onFault(file, error as Error);
      }
    }
  };
  for (const root of roots) {
    try {
      if (isFolder(root)) walk(root, []);
      else visit(root, []);
    } catch (error) {
      onFault(root, error as Error);
    }
  }
  return [...bySession]
    .map(([session, { files, bornMs, folder }]) => ({
      session,
      folder,
      files,
      bornMs,
      changedMs: lastChangeOf(files),
    }))
    .toSorted((a, b) => a.bornMs - b.bornMs || (a.session < b.session ? -1 : 1));
}

/** The session with its files as they are now; new ones are not looked for. */
export function lookAgain(session: FoundSession): FoundSession {
  const files = session.files.flatMap((file): FoundFile[] => {
    const stat = statSync(file.path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size > 0
      ? [{ ...file, bytes: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs }]
      : [];
  });
  return { ...session, files, changedMs: lastChangeOf(files) };
}

function lastChangeOf(files: readonly FoundFile[]): number {
  return files.reduce((most, file) => Math.max(most, file.mtimeMs), 0);
}

function readFound(
  file: string,
  parents: readonly string[],
): (FoundFile & { readonly session: string; readonly bornMs: number }) | undefined {
  const stat = statSync(file);
  if (!stat.isFile() || stat.size === 0) return undefined;
  const name = path.basename(file);
  const agentId = AGENT_NAME.exec(name)?.[1];
  const agents = parents.lastIndexOf(AGENTS_FOLDER);
  const session =
    agentId === undefined
      ? name.slice(0, -EXTENSION.length)
      : agents > 0
        ? parents[agents - 1]
        : sessionInHead(file);
  if (session === undefined)
    throw new Error('it is the file of a sub-agent, and no line of it says of which session');
  const born = stat.birthtimeMs > 0 ? stat.birthtimeMs : stat.mtimeMs;
  return {
    session,
    path: file,
    bytes: stat.size,
    mtimeMs: stat.mtimeMs,
    ctimeMs: stat.ctimeMs,
    // A copied file is younger than what is in it.
    bornMs: Math.min(born, stat.mtimeMs),
    ...(agentId === undefined ? {} : { agentId, ...readAgentNote(file) }),
  };
}

/** What the note beside the file of a sub-agent says. */
function readAgentNote(file: string): TranscriptFile {
  try {
    const note = JSON.parse(readFileSync(`${file.slice(0, -EXTENSION.length)}.meta.json`, 'utf8')) as Record<
      string,
      unknown
    >;
    return { agentType: textOf(note['agentType']), toolUseId: textOf(note['toolUseId']) };
  } catch {
    // Older versions write none.
    return {};
  }
}

/** Older versions put the files of sub-agents beside those of sessions, and only their lines say of which. */
function sessionInHead(file: string): string | undefined {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    // What a chunk ends within is looked at again with the next.
    let before = '';
    for (let at = 0; at < MOST_HEAD_BYTES;) {
      const length = readSync(handle, bytes, 0, HEAD_BYTES, at);
      if (length === 0) return undefined;
      at += length;
      const text = before + bytes.toString('latin1', 0, length);
      const found = SESSION_ID.exec(text)?.[1];
      if (found !== undefined) return found;
      before = text.slice(-SESSION_ID_LENGTH);
    }
    return undefined;
  } finally {
    closeSync(handle);
  }
}
