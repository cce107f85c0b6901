// A generated file: committed, written by `npm run generate`, and checked for being up to date.

export interface GeneratedFile {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}
