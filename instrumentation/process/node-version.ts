// The version of Node, where what it does differs.

/** Versions before 22.17 and 24.2, of which 22.15 and 22.16 are supported. */
export function isOlderNode(version = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 22 || (major === 22 && minor < 17) || major === 23 || (major === 24 && minor < 2);
}
