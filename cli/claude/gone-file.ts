// A file that is gone: Claude Code sweeps old transcripts while they are read.

/** Whether the error says that there is no such file any more. */
export function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
