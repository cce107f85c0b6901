// The search in the head: the key `/` leads to it, and what it would find is listed while one types.

interface Hit {
  readonly kind: string;
  readonly text: string;
  readonly detail: string;
  readonly path?: string;
}

const WAIT_MS = 140;

const form = document.querySelector<HTMLFormElement>('[data-search]');
const input = form?.querySelector('input');

document.addEventListener('keydown', (event) => {
  const isTyping =
    event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
  // The page of a run has a search of its own.
  if (event.defaultPrevented) return;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  input?.focus();
  input?.select();
});

if (form !== null && input !== null && input !== undefined) {
  const list = form.appendChild(document.createElement('ul'));
  list.id = 'search-hits';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Found');
  list.hidden = true;
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-expanded', 'false');
  input.setAttribute('aria-autocomplete', 'list');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let chosen = -1;

  const show = (hits: readonly Hit[]): void => {
    chosen = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(
      ...hits.map((hit, index) => {
        const item = document.createElement('li');
        item.id = `search-hit-${index}`;
        item.setAttribute('role', 'option');
        item.dataset['path'] = hit.path;
        for (const [name, text] of [
          ['kind', hit.kind],
          ['text', hit.text],
          ['detail', hit.detail],
        ] as const) {
          const part = item.appendChild(document.createElement(name === 'text' ? 'bdi' : 'span'));
          part.className = name;
          part.textContent = text;
        }
        return item;
      }),
    );
    list.hidden = hits.length === 0;
    input.setAttribute('aria-expanded', String(hits.length > 0));
  };

  const ask = async (): Promise<void> => {
    const mine = ++asked;
    const text = input.value.trim();
    if (text === '') return show([]);
    const answer = await fetch(
      `/api/search?${new URLSearchParams({ q: text, limit: '10', in: 'names' }).toString()}`,
    ).catch(() => undefined);
    if (answer?.ok !== true || mine !== asked) return;
    const { hits } = (await answer.json()) as { hits: readonly Hit[] };
    show(hits.filter(({ path }) => path !== undefined && path !== null));
  };

  const choose = (index: number): void => {
    const items = [...list.children];
    items[chosen]?.removeAttribute('aria-selected');
    chosen = (index + items.length) % items.length;
    const item = items[chosen];
    item?.setAttribute('aria-selected', 'true');
    item?.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', item?.id ?? '');
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), WAIT_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return show([]);
    if (list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      choose(chosen + (event.key === 'ArrowDown' ? 1 : -1));
    }
    const path = list.children[chosen]?.getAttribute('data-path');
    if (event.key === 'Enter' && path !== null && path !== undefined) {
      event.preventDefault();
      location.assign(path);
    }
  });
  list.addEventListener('mousedown', (event) => {
    const path = event.target instanceof Element ? event.target.closest('li')?.dataset['path'] : undefined;
    if (path !== undefined) location.assign(path);
  });
  input.addEventListener('blur', () => show([]));
}
