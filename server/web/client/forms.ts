// Forms of class `auto` act when a choice is changed; their button is for who has no JavaScript. What a form leaves empty
// does not stand in the address.

document.addEventListener('change', (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  event.target.closest<HTMLFormElement>('form.auto')?.requestSubmit();
});

document.addEventListener('formdata', (event) => {
  if (!(event.target instanceof HTMLFormElement) || event.target.method !== 'get') return;
  const empty = Array.from(event.formData).flatMap(([name, value]) => (value === '' ? [name] : []));
  for (const name of empty) event.formData.delete(name);
});

/** What somebody is about to fill in or has opened is not replaced by a refresh. */
document.addEventListener('htmx:before:request', (event) => {
  if (
    document.querySelector(
      'main details[open]:not(.fold), main form :is(input, select, textarea):focus, main dialog[open]',
    ) !== null
  )
    event.preventDefault();
});
