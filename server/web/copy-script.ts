// The script of the buttons that copy what an address of the API answers.
// Without JavaScript the buttons stay hidden and the link beside them does the same by hand.

export const COPY_SCRIPT = `
const copyText = async (text) => {
  // Browsers have a clipboard only on loopback and over https; elsewhere what is selected can be copied.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  focused?.focus();
  if (!isCopied) throw new Error('the browser did not copy');
};
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  const label = button.textContent;
  try {
    const answer = await fetch(button.dataset.copy);
    if (!answer.ok) throw new Error('there is nothing to copy');
    await copyText(await answer.text());
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Could not copy';
  }
  setTimeout(() => { button.textContent = label; }, 1500);
});
document.documentElement.classList.add('js');
`;
