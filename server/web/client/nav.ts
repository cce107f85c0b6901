// On a narrow screen the navigation scrolls sideways: the page that is open is brought into view.

const current = document.querySelector('nav.main a[aria-current]');
const nav = current?.parentElement;
if (current instanceof HTMLElement && nav !== null && nav !== undefined)
  nav.scrollLeft = current.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
