// The search in the head: the key `/` leads to it, and what it would find is listed while one types. The line of filters above
// a list of runs has the suggestions for filters alone.

interface Hit {
  readonly kind: string;
  readonly text: string;
  readonly detail: string;
  readonly path?: string;
  /** Of a filter: the whole line with it. */
  readonly completes?: string;
}

const WAIT_MS = 140;

document.addEventListener('keydown', (event) => {
  const isTyping =
    event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
  // The page of a run has a search of its own.
  if (event.defaultPrevented) return;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const input = document.querySelector<HTMLInputElement>('[data-search] input');
  input?.focus();
  input?.select();
});

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-suggest]')) {
  const input = form.querySelector<HTMLInputElement>('input[name=q]');
  if (input !== null) suggest(form, input);
}

function suggest(form: HTMLFormElement, input: HTMLInputElement): void {
  const isOfFilters = form.dataset['suggest'] === 'filters';
  const list = document.createElement('ul');
  list.id = `hits-of-${form.dataset['suggest'] ?? ''}`;
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Found');
  list.hidden = true;
  const attach = (): void => {
    form.append(list);
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-controls', list.id);
    input.setAttribute('aria-expanded', String(!list.hidden));
    input.setAttribute('aria-autocomplete', 'list');
  };
  attach();
  // A refresh of the page takes away what it did not bring.
  document.addEventListener('htmx:after:swap', () => form.isConnected && attach());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let chosen = -1;

  const show = (hits: readonly Hit[]): void => {
    chosen = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(
      ...hits.map((hit, index) => {
        const item = document.createElement('li');
        item.id = `${list.id}-${index}`;
        item.setAttribute('role', 'option');
        item.dataset['path'] = hit.path;
        if (hit.completes !== undefined) item.dataset['completes'] = hit.completes;
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
    const text = input.value.trimStart();
    if (text.trim() === '') return show([]);
    const answer = await fetch(
      `/api/search?${new URLSearchParams({ q: text, limit: '10', in: 'names' }).toString()}`,
    ).catch(() => undefined);
    if (answer?.ok !== true || mine !== asked) return;
    const { hits } = (await answer.json()) as { hits: readonly Hit[] };
    show(
      hits.filter(
        ({ path, completes }) =>
          path !== undefined && path !== null && (!isOfFilters || completes !== undefined),
      ),
    );
  };

  /** A filter completes the line; anything else is a page. */
  const take = (item: Element | null | undefined): boolean => {
    if (!(item instanceof HTMLElement)) return false;
    const { path, completes } = item.dataset;
    if (completes !== undefined) {
      input.value = completes;
      show([]);
      input.focus();
    } else if (path !== undefined) location.assign(path);
    return true;
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
    const isTaken = event.key === 'Enter' || (event.key === 'Tab' && chosen >= 0);
    if (isTaken && take(list.children[chosen])) event.preventDefault();
  });
  list.addEventListener('mousedown', (event) => {
    // The field keeps the focus.
    event.preventDefault();
    take(event.target instanceof Element ? event.target.closest('li') : undefined);
  });
  input.addEventListener('blur', () => show([]));
}
