// Licence notices of the packages that a bundle contains, as their licences ask for.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

interface Notice {
  readonly title: string;
  readonly text: string;
}

/** Writes one file with the notice of every package among the inputs of a bundle. */
export async function writeLicenceNotices(
  root: string,
  inputs: readonly string[],
  outFile: string,
): Promise<void> {
  const folders = new Set(inputs.flatMap((input) => packageFolder(path.resolve(root, input)) ?? []));
  const notices = [...folders].map(readNotice).sort((a, b) => a.title.localeCompare(b.title));
  const unique = new Map(notices.map((notice) => [notice.title, notice.text]));
  const parts = [...unique].map(
    ([title, text]) => `${title}\n${'='.repeat(title.length)}\n\n${text.trim()}\n`,
  );
  await writeFile(outFile, `This bundle contains these packages.\n\n${parts.join('\n\n')}`);
}

/** The package under node_modules that a file belongs to; `undefined` for files of our own. */
function packageFolder(file: string): string | undefined {
  const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  return match?.[1];
}

function readNotice(folder: string): Notice {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text =
    file !== undefined && existsSync(path.join(folder, file))
      ? readFileSync(path.join(folder, file), 'utf8')
      : `Licence: ${manifest.license ?? 'not stated'}`;
  return { title: `${manifest.name} ${manifest.version}`, text };
}
