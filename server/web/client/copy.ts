// Buttons that copy: what an address of the API answers (`data-copy`), an address of this server (`data-copy-link`), or
// the text of an element (`data-copy-text`, a selector). Without JavaScript they stay hidden.

const SHOWN_MS = 1500;

/** Browsers have a clipboard only on loopback and over https; elsewhere what is selected can be copied. */
async function copyText(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) return clipboard.writeText(text);
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
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error('the browser did not copy');
}

async function textOf({ copy, copyLink, copyText: selector }: DOMStringMap): Promise<string> {
  if (copyLink !== undefined) return new URL(copyLink, location.href).href;
  if (selector !== undefined) return document.querySelector(selector)?.textContent ?? '';
  const answer = await fetch(copy ?? '');
  if (!answer.ok) throw new Error('there is nothing to copy');
  return answer.text();
}

async function copyFrom(button: HTMLButtonElement): Promise<void> {
  const label = button.textContent;
  try {
    await copyText(await textOf(button.dataset));
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Could not copy';
  }
  setTimeout(() => {
    button.textContent = label;
  }, SHOWN_MS);
}

document.addEventListener('click', (event) => {
  const button =
    event.target instanceof Element
      ? event.target.closest<HTMLButtonElement>(
          'button[data-copy], button[data-copy-link], button[data-copy-text]',
        )
      : null;
  if (button !== null) void copyFrom(button);
});
