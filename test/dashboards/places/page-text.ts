// Page text: what someone reads on a page of the embedded server, taken out of its HTML.

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export interface Cell {
  readonly text: string;
  /** Where the first link of the cell leads. */
  readonly href: string | undefined;
}

/** A row of a table by the heads of its columns. */
export type PageRow = ReadonlyMap<string, Cell>;

/** The rows of the first table after the mark; none where there is no table. */
export function tableAfter(html: string, mark = ''): PageRow[] {
  const table = /<table[^>]*>(.*?)<\/table>/s.exec(html.slice(Math.max(0, html.indexOf(mark))))?.[1] ?? '';
  const heads = cellsOf(table, 'th').map(({ text }) => text);
  return [...table.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)]
    .map(([, row = '']) => cellsOf(row, 'td'))
    .filter((cells) => cells.length > 0)
    .map((cells) => new Map(cells.map((cell, index) => [heads[index] ?? '', cell])));
}

/** The large texts of the card with this label, and the text of the whole card. */
export function cardOf(html: string, label: string): { big: string[]; text: string } {
  const card = [...html.matchAll(/<a class="card".*?<\/a>/gs)].find(([one]) =>
    one.includes(`<span>${label}</span>`),
  )?.[0];
  if (card === undefined) throw new Error(`there is no card ${label}`);
  const big = [...card.matchAll(/<div class="big"[^>]*>(.*?)<\/div>/gs)].map(([, inner = '']) =>
    textOf(inner),
  );
  return { big, text: textOf(card.replaceAll('<', ' <')) };
}

/** The text of the fact with this name, without what is remarked on it. */
export function factOf(html: string, name: string): string {
  const fact = new RegExp(`<dt>${name}</dt><dd[^>]*>(.*?)</dd>`, 's').exec(html)?.[1];
  if (fact === undefined) throw new Error(`there is no fact ${name}`);
  return textOf(withoutRemarks(fact));
}

/** What a list sums to, as the line beside the title of the page says it: how many, their cost, and more. */
export function sumsOf(html: string): string[] {
  return textOf(/<p class="sums">(.*?)<\/p>/s.exec(html)?.[1] ?? '').split(' · ');
}

/** A step of a chart over time, and its number. */
export interface Bar {
  readonly step: string;
  readonly text: string;
}

/** The bars of the first chart of the page, by what is read out of them. */
export function barsOf(html: string): Bar[] {
  const drawing = /<svg class="plot".*?<\/svg>/s.exec(html)?.[0] ?? '';
  return [...drawing.matchAll(/<a class="step"[^>]* aria-label="([^"]*)"/g)].map(([, label = '']) => {
    const [, step = '', text = ''] = /^(.*): (.*?)$/s.exec(textOf(label)) ?? [];
    return { step, text };
  });
}

/** Text without tags and entities. */
export function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity)
    .trim();
}

/** Without what a cell or a fact says beside its value: small remarks, labels, and marks that are not read out. */
function withoutRemarks(html: string): string {
  return html
    .replaceAll(/<span class="(?:why|hint)">.*?<\/span>/gs, '')
    .replaceAll(/<span aria-hidden="true">.*?<\/span>/gs, '');
}

function cellsOf(html: string, tag: 'th' | 'td'): Cell[] {
  return [...html.matchAll(new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) => ({
    text: textOf(withoutRemarks(inner)),
    href: /<a[^>]* href="([^"]*)"/.exec(inner)?.[1],
  }));
}
