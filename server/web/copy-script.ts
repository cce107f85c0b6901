// The page's only script of our own: buttons that copy what an address of the API answers.
// Without JavaScript the buttons stay hidden and the link beside them does the same by hand.

export const COPY_SCRIPT = `
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  const label = button.textContent;
  try {
    const answer = await fetch(button.dataset.copy);
    await navigator.clipboard.writeText(await answer.text());
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Could not copy';
  }
  setTimeout(() => { button.textContent = label; }, 1500);
});
document.documentElement.classList.add('js');
`;
