// Keys that press what has their name in `data-key`: scores of a run, and the next one to review.

document.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  const { target } = event;
  if (
    target instanceof HTMLElement &&
    target.closest('input:not([type=checkbox]), select, textarea, dialog') !== null
  )
    return;
  const named = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`);
  if (named === null) return;
  event.preventDefault();
  if (named instanceof HTMLInputElement) named.focus();
  else named.click();
});
