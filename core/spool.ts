// The spool: folders in which unsent batches wait, one for each service and endpoint, a file for each batch. Here is
// where they are and how they are called, for who writes them and who drains them.

/** When it was written, by which process, how many records it holds, of which signal. */
export const SPOOL_NAME = /^(\d+)-\d+-\d+\.(\d+)\.(traces|logs)(\.claimed|\.draft)?$/;
/** A claimed file whose process did not finish is taken over after this time. */
export const SPOOL_CLAIM_MS = 60_000;
/** File in a folder of the spool that says where its batches are to go. */
export const SPOOL_TARGET_FILE = 'target.json';

/** Endpoints as host and port. */
export interface SpoolTarget {
  readonly logs: string;
  readonly traces: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of all spools of a user, as parts of its path. */
export function spoolFolderParts(
  environment: Environment,
  platform: string,
  home: string,
): readonly string[] {
  const { TALLYSPAN_SPOOL: named, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (named !== undefined && named.trim() !== '') return [named.trim()];
  const own = ['tallyspan', 'spool'];
  if (xdg !== undefined && xdg !== '') return [xdg, ...own];
  if (platform === 'win32' && local !== undefined && local !== '') return [local, ...own];
  return platform === 'darwin' ? [home, 'Library', 'Caches', ...own] : [home, '.cache', ...own];
}
