// What a page shows, read from its HTML as a browser understands it: numbers by the signal that they claim
// to be, and tables as their texts.

import type { Page } from 'playwright-core';

export interface ShownNumber {
  /** Id of the signal. */
  readonly signal: string;
  /** Null where the page has no data. */
  readonly value: number | null;
  /** As people read it. */
  readonly text: string;
}

export interface ShownRow {
  /** What the row says that it is about: a run id, a group; empty where it says nothing. */
  readonly about: string;
  readonly cells: readonly string[];
  readonly numbers: readonly ShownNumber[];
  /** Names of small pictures, such as trends. */
  readonly pictures: readonly string[];
}

export interface ShownPage {
  readonly title: string;
  /** Numbers outside of tables. */
  readonly numbers: readonly ShownNumber[];
  /** Rows of tables by the name of the table's section. */
  readonly tables: Readonly<Record<string, readonly ShownRow[]>>;
  /** Facts: names and values of description lists. */
  readonly facts: Readonly<Record<string, string>>;
  /** What bars and lines outside of tables say. */
  readonly pictures: readonly string[];
  readonly texts: readonly string[];
  /** Addresses on this server that the page leads to. */
  readonly links: readonly string[];
}

/** Opens a page and reads it; runs in the browser, so it may use nothing from around it. */
export async function showPage(page: Page, url: string): Promise<ShownPage> {
  const answer = await page.goto(url);
  if (answer?.status() !== 200) throw new Error(`${url} was answered with ${answer?.status()}`);
  return page.evaluate<ShownPage>(READ);
}

const READ = `(() => {
  const text = (node) => node.textContent.replace(/\\s+/g, ' ').trim();
  const numbers = (nodes) => [...nodes].map((node) => ({
    signal: node.dataset.signal,
    value: node.dataset.value === '' ? null : Number(node.dataset.value),
    text: text(node),
  }));
  const main = document.querySelector('main');
  const tables = {};
  for (const table of main.querySelectorAll('table')) {
    const section = table.closest('section');
    const heading = section.getAttribute('aria-labelledby');
    const name = heading === null ? section.getAttribute('aria-label') : text(document.getElementById(heading));
    tables[name] = [...table.querySelectorAll('tbody tr')].map((row) => ({
      about: row.dataset.row ?? row.dataset.run ?? row.parentElement.dataset.run ?? '',
      cells: [...row.children].map(text),
      numbers: numbers(row.querySelectorAll('[data-signal]')),
      pictures: [...row.querySelectorAll('svg[role=img] > title')].map(text),
    }));
  }
  return {
    title: text(main.querySelector('h1')),
    numbers: numbers([...main.querySelectorAll('[data-signal]')].filter((node) => node.closest('table') === null)),
    tables,
    facts: Object.fromEntries([...main.querySelectorAll('dt')].map((node) => [text(node), text(node.nextElementSibling)])),
    pictures: [...main.querySelectorAll('svg.plot a')].map((node) => node.getAttribute('aria-label')),
    texts: [...main.querySelectorAll('.card')].map(text),
    links: [...document.querySelectorAll('a[href]')].map((node) => new URL(node.getAttribute('href'), location.href)).filter((url) => url.origin === location.origin).map((url) => url.pathname + url.search),
  };
})()`;
