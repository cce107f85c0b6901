// The order of texts wherever people see a list: by code unit, as the stores sort, and without the runtime's tables.

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
