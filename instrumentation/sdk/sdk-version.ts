// Versions of the Anthropic SDK: what a copy can do.

const OLDEST = [0, 20, 9] as const;

export function isSupported(version: string): boolean {
  return isAtLeast(version, OLDEST);
}

function isAtLeast(version: string, least: readonly [number, number, number]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
