// The page of a run with a hand on it: a step opens in the pane without the page being loaded again, a stretch of the time
// line can be dragged, and keys lead from step to step. Every place is an address, so the back button leads back.

import type { Htmx } from './htmx.ts';

const NARROW = '(max-width: 1100px)';
/** Shorter than this a drag is a click. */
const LEAST_DRAG_PX = 6;

function htmx(): Htmx | undefined {
  return (window as unknown as { htmx?: Htmx }).htmx;
}

function pathOf(url: URL): string {
  return url.pathname + url.search;
}

let asked = '';

/** Shows another address of the page in place. */
async function show(href: string, isNew: boolean): Promise<void> {
  const url = new URL(href, location.href);
  const main = document.getElementById('main');
  const library = htmx();
  if (library === undefined || main === null) {
    location.assign(url);
    return;
  }
  asked = pathOf(url);
  if (isNew) history.pushState({ run: true }, '', asked);
  // Each request is of an element of its own: of one element a third would be dropped while the first two have no answer.
  const source = document.body.appendChild(document.createElement('i'));
  await library.ajax('GET', asked, { source, target: '#main', swap: 'outerMorph' });
  source.remove();
  if (pathOf(new URL(location.href)) !== asked) return;
  const pane = document.getElementById('pane');
  if (pane !== null && url.hash === '#pane') {
    pane.scrollTop = 0;
    if (matchMedia(NARROW).matches) pane.scrollIntoView({ block: 'start' });
    else document.querySelector('tr.chosen')?.scrollIntoView({ block: 'nearest' });
  }
}

/** An answer to an address that was left meanwhile would lead back to it. */
document.addEventListener('htmx:before:swap', (event) => {
  if (document.getElementById('run') === null) return;
  const { detail } = event as CustomEvent<{ ctx: { request: { action: string } } }>;
  const answered = pathOf(new URL(detail.ctx.request.action, location.href));
  if (answered !== pathOf(new URL(location.href))) event.preventDefault();
});

addEventListener('popstate', () => {
  if (document.getElementById('run') !== null) void show(location.href, false);
});

document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const keys = event.target.closest('[data-keys]');
  if (keys !== null) showKeys();
  const link = event.target.closest<HTMLAnchorElement>('#run a:is([data-step], [data-part], [data-pane])');
  if (link === null || event.defaultPrevented) return;
  event.preventDefault();
  void show(link.href, true);
});

document.addEventListener('submit', (event) => {
  if (!(event.target instanceof HTMLFormElement)) return;
  const { confirm: question } = event.target.dataset;
  if (question !== undefined && !confirm(question)) event.preventDefault();
});

// A stretch of the time line.

let dragFrom: { x: number; line: HTMLElement } | undefined;
let hasDragged = false;

function lineOf(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>('.timeline .stretches') : null;
}

document.addEventListener('pointerdown', (event) => {
  const line = lineOf(event);
  hasDragged = false;
  if (line !== null && event.button === 0) dragFrom = { x: event.clientX, line };
});
document.addEventListener('dragstart', (event) => {
  if (lineOf(event) !== null) event.preventDefault();
});
document.addEventListener('pointermove', (event) => {
  if (dragFrom === undefined) return;
  const { x, line } = dragFrom;
  if (Math.abs(event.clientX - x) < LEAST_DRAG_PX) return;
  hasDragged = true;
  const box = line.getBoundingClientRect();
  const mark =
    line.parentElement?.querySelector<HTMLElement>('.drag') ?? line.appendChild(document.createElement('i'));
  mark.className = 'drag';
  mark.style.left = `${Math.min(x, event.clientX) - box.left}px`;
  mark.style.width = `${Math.abs(event.clientX - x)}px`;
});
document.addEventListener('pointerup', (event) => {
  const drag = dragFrom;
  dragFrom = undefined;
  if (drag === undefined || !hasDragged) return;
  const box = drag.line.getBoundingClientRect();
  const lengthMs = Number(drag.line.parentElement?.dataset['length'] ?? 0);
  const at = (x: number): number => Math.min(1, Math.max(0, (x - box.left) / box.width)) * lengthMs;
  const [from, to] = [at(drag.x), at(event.clientX)].sort((a, b) => a - b) as [number, number];
  drag.line.querySelector('.drag')?.remove();
  const url = new URL(location.href);
  url.searchParams.set('from', String(Math.round(from)));
  url.searchParams.set('to', String(Math.round(to)));
  url.searchParams.delete('offset');
  void show(url.href, true);
});
document.addEventListener(
  'click',
  (event) => {
    if (hasDragged && lineOf(event) !== null) event.preventDefault();
  },
  { capture: true },
);

// Keys.

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>('table.steps tbody tr')].filter(
    (row) => linkOf(row) !== null,
  );
}

function linkOf(row: Element): HTMLAnchorElement | null {
  return row.querySelector<HTMLAnchorElement>('td.what a:is([data-step], [data-part])');
}

function move(by: 1 | -1, isWanted: (row: Element) => boolean): void {
  const all = rows();
  const focused = document.activeElement?.closest('tr');
  const isFocused = all.findIndex((row) => row === focused);
  const current = isFocused === -1 ? all.findIndex((row) => row.classList.contains('chosen')) : isFocused;
  const next =
    by === 1
      ? all.slice(current + 1).find(isWanted)
      : all.slice(0, current === -1 ? all.length : current).findLast(isWanted);
  const link = next === undefined ? null : linkOf(next);
  if (link === null) {
    if (by === 1) document.querySelector<HTMLAnchorElement>('.pager a[rel=next]')?.focus();
    return;
  }
  link.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
  if (link.dataset['step'] !== undefined) void show(link.href, true);
}

function showKeys(): void {
  document.querySelector<HTMLDialogElement>('dialog.keys')?.showModal();
}

function stepSearch(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>('.steps-filter input[type=search]');
}

const KEYS: Readonly<Record<string, () => void>> = {
  j: () => move(1, () => true),
  k: () => move(-1, () => true),
  n: () => move(1, (row) => row.classList.contains('failed')),
  '/': () => stepSearch()?.focus(),
  '?': showKeys,
  Escape: () => document.querySelector<HTMLAnchorElement>('#pane a[data-close]')?.click(),
};

document.addEventListener('keydown', (event) => {
  if (document.getElementById('run') === null) return;
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  const { target } = event;
  const isTyping =
    target instanceof HTMLElement &&
    target.closest('input:not([type=checkbox]), select, textarea, dialog') !== null;
  const act = isTyping ? undefined : KEYS[event.key];
  // A short run has no search of its own; then the key is that of all pages.
  if (act === undefined || (event.key === '/' && stepSearch() === null)) return;
  event.preventDefault();
  act();
});
