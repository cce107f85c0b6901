// A page that could not be refreshed, or waits for who fills in a form, shows since when what it shows is old, until it
// is refreshed again.

/** Who fills in a form for less than this is not told that the page waits. */
const SHORT_WAIT_MS = 10_000;

let answeredAt = new Date();

function showStale(isStale: boolean, reason = ''): void {
  const place = document.getElementById('stale');
  if (place === null) return;
  const text = isStale ? `not updated since ${timeOfDay(answeredAt, place.dataset['zone'])}${reason}` : '';
  place.hidden = !isStale;
  // The same text again would be read out again.
  if (place.textContent !== text) place.textContent = text;
}

export function showWaiting(): void {
  if (Date.now() - answeredAt.getTime() >= SHORT_WAIT_MS) showStale(true, ': a form is open');
}

/** As all times of the page: of 24 hours, in its zone. */
function timeOfDay(time: Date, zone: string | undefined): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: zone }).format(time);
}

document.addEventListener('htmx:after:request', (event) => {
  const { detail } = event as CustomEvent<{ ctx: { response: { status: number } } }>;
  if (detail.ctx.response.status >= 400) return;
  answeredAt = new Date();
  showStale(false);
});
document.addEventListener('htmx:response:error', () => showStale(true));
document.addEventListener('htmx:error', () => showStale(true));
