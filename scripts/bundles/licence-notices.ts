// Licence notices of the packages that bundles contain, as their licences ask for.

import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root, type Bundle } from './bundle.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i;

/** Writes one file with the notice of every package that is in one of the bundles. */
export async function writeLicenceNotices(bundles: readonly Bundle[], outFile: string): Promise<void> {
  const notices = new Map<string, string>();
  for (const folder of packagesIn(bundles.flatMap(({ inputs }) => inputs))) {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
    notices.set(`${manifest.name} ${manifest.version}`, noticeOf(folder, manifest));
  }
  const parts = [...notices]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([title, text]) => `${title}\n${'='.repeat(title.length)}\n\n${text}\n`);
  await writeFile(outFile, `The files of this package contain these packages.\n\n${parts.join('\n\n')}`);
}

/** Folders of the packages that files belong to; files of our own belong to none. */
function packagesIn(inputs: readonly string[]): Set<string> {
  return new Set(
    inputs.flatMap((input) => {
      const file = path.resolve(root, input).replaceAll('\\', '/');
      return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [];
    }),
  );
}

/** The texts of its licence and notice; where it has no file for them, what its manifest and README say. */
function noticeOf(folder: string, { license, author }: Manifest): string {
  const files = readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  if (files.length > 0)
    return files.map((name) => readFileSync(path.join(folder, name), 'utf8').trim()).join('\n\n');
  const owner = typeof author === 'string' ? author : author?.name;
  const readme = readdirSync(folder).find((name) => /^readme/i.test(name));
  const text = readme === undefined ? '' : readFileSync(path.join(folder, readme), 'utf8');
  const section = /^#+\s*licen[cs]e\b[^\n]*\n([\s\S]*?)(?=^#|(?![\s\S]))/im.exec(text)?.[1]?.trim();
  return [
    `Licence: ${license ?? 'not stated'}`,
    ...(owner === undefined ? [] : [`Author: ${owner}`]),
    ...(section === undefined ? [] : [section]),
    ...(license === 'MIT' ? [MIT] : []),
  ].join('\n\n');
}
