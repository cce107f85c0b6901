// Forms of class `auto` act when a choice is changed; their button is for who has no JavaScript. What a form leaves empty
// does not stand in the address.

import { showWaiting } from './stale.ts';

document.addEventListener('change', (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  event.target.closest<HTMLFormElement>('form.auto')?.requestSubmit();
});

document.addEventListener('formdata', (event) => {
  if (!(event.target instanceof HTMLFormElement) || event.target.method !== 'get') return;
  const empty = Array.from(event.formData).flatMap(([name, value]) => (value === '' ? [name] : []));
  for (const name of empty) event.formData.delete(name);
});

const FILLED_IN =
  'main details[open]:has(form), main form :is(input, select, textarea):focus, main dialog[open]';

/** What somebody is about to fill in is not replaced by a refresh. What they ask for themselves is not held back. */
document.addEventListener('htmx:before:request', (event) => {
  const { detail } = event as CustomEvent<{ ctx: { sourceElement: Element } }>;
  if (detail.ctx.sourceElement.id !== 'main' || document.querySelector(FILLED_IN) === null) return;
  event.preventDefault();
  showWaiting();
});
