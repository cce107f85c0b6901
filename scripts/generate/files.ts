// Every generated file of the repository: where it is and what is in it.

import { collectorFiles } from '../../collector/generated.ts';

export interface GeneratedFile {
  /** Path from the root of the repository. */
  readonly path: string;
  render(): string | Promise<string>;
}

export const generatedFiles: readonly GeneratedFile[] = [...collectorFiles];
