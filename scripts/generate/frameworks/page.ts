// docs/frameworks.md: made from its sections and from the rows of the matrix, so that what it says was seen was seen.

import type { GeneratedFile } from '../../../core/generated-file.ts';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ROWS } from './rows.ts';
import { SECTIONS, type Section } from './sections.ts';

const PROJECTS = path.resolve(import.meta.dirname, '../../../test/frameworks/projects');
/** Packages of a project that are not what a row is about. */
const ASIDE = /^(@opentelemetry\/|opentelemetry-(sdk|exporter)|@types\/|zod$|react)/;

export const frameworksDoc: GeneratedFile = { path: 'docs/frameworks.md', render: renderFrameworksPage };

async function renderFrameworksPage(): Promise<string> {
  const sections = await Promise.all(SECTIONS.map(renderSection));
  const page = `# Frameworks

Two or three lines for each way to run agents on Claude, what is seen of it and what is not. Nothing has to be changed in an agent: the preload watches the Anthropic SDK, and below it the requests themselves, whoever sends them. \`npx tallyspan exec -- CMD\` puts the preload into a command and all that it starts, and shows at its end what was observed; \`tallyspan doctor -- CMD\` says what is missing.

Each row of the matrix behind this page runs real packages against a fake API, with and without the preload: runs, calls, tools, tokens and cost equal what the API was asked, to the nano-dollar; what the program prints stays the same; and no prompt, argument, result or answer leaves the process.

${sections.join('\n\n')}
`;
  // The lines to paste are in the form of the repository, too.
  return format(page, { ...(await resolveConfig(import.meta.filename)), parser: 'markdown' });
}

async function renderSection({
  title,
  paste,
  language,
  seen,
  notSeen,
  rows,
  testedBy,
}: Section): Promise<string> {
  const tested = rows === undefined ? testedBy : await versionsOf(title, rows);
  return [
    `## ${title}`,
    `\`\`\`${language}\n${paste}\n\`\`\``,
    `**Seen:** ${seen}`,
    ...(notSeen === undefined ? [] : [`**Not seen:** ${notSeen}`]),
    tested === undefined ? '**Tested:** not by us yet.' : `**Tested:** ${tested}.`,
  ].join('\n\n');
}

/** The packages that the rows of a section are tested with. */
async function versionsOf(title: string, beginnings: readonly string[]): Promise<string> {
  const rows = ROWS.filter((row) => beginnings.some((begin) => row.title.startsWith(begin)));
  if (rows.length === 0) throw new Error(`no row of the matrix is about ${title}`);
  const versions = new Set<string>();
  for (const project of new Set(rows.map((row) => row.project))) {
    const dependencies = await dependenciesOf(path.join(PROJECTS, project));
    for (const [name, version] of Object.entries(dependencies)) {
      if (!ASIDE.test(name))
        versions.add(version.startsWith('npm:') ? version.slice(4) : `${name} ${version}`);
    }
  }
  return `${rows.length === 1 ? '1 row' : `${String(rows.length)} rows`} with ${[...versions].sort().join(', ')}`;
}

/** Packages of a project by name, of Node or of Python. */
async function dependenciesOf(project: string): Promise<Readonly<Record<string, string>>> {
  const requirements = await readFile(path.join(project, 'requirements.txt'), 'utf8').catch(() => undefined);
  if (requirements !== undefined) {
    return Object.fromEntries(
      requirements
        .trim()
        .split('\n')
        .map((line) => line.split('==') as [string, string]),
    );
  }
  const text = await readFile(path.join(project, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly dependencies: Readonly<Record<string, string>> }).dependencies;
}
