// What has to be cleared away when a test file ends, or the program where no test runs. A test
// framework gives its tests a `process` whose `exit` they never see, so its own hook is used there.

/** Runs `clear` after the last test of the file that imports the caller, or when the process exits. */
export function atEnd(clear: () => void): void {
  const { afterAll } = globalThis as { afterAll?: (hook: () => void) => void };
  if (afterAll === undefined) process.on('exit', clear);
  else afterAll(clear);
}
