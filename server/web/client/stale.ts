// A page that could not be refreshed shows since when what it shows is old, until it is refreshed again.

let answeredAt = new Date();

function showStale(isStale: boolean): void {
  const place = document.getElementById('stale');
  if (place === null) return;
  place.hidden = !isStale;
  place.textContent = isStale ? `not updated since ${timeOfDay(answeredAt, place.dataset['zone'])}` : '';
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
