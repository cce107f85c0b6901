// SDK models: the ids in the `Model` union of the Anthropic SDK that is installed.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface SdkModels {
  readonly version: string;
  readonly ids: readonly string[];
}

const UNION = /export type Model\s*=\s*([^;]+);/;
const ID = /'([^']+)'/g;

/**
 * Reads the union from the types of the SDK that `from` (a file or folder with a trailing slash) resolves.
 * `undefined` when there is none. Throws when its types hold no such union.
 */
export async function readSdkModels(from: string): Promise<SdkModels | undefined> {
  let root: string;
  try {
    root = path.dirname(createRequire(from).resolve('@anthropic-ai/sdk'));
  } catch {
    return undefined;
  }
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const file = path.join(root, 'resources', 'messages', 'messages.d.ts');
  const union = UNION.exec(await readFile(file, 'utf8'))?.[1];
  if (union === undefined)
    throw new Error(`${file} holds no union "Model": the SDK ${version} writes it otherwise.`);
  return { version, ids: [...union.matchAll(ID)].map((match) => match[1] ?? '') };
}
