// A page that could not be refreshed says since when what it shows is old, until it is refreshed again.

export const STALE_SCRIPT = `
let answeredAt = new Date();
const tell = (isStale) => {
  const place = document.getElementById('stale');
  place.hidden = !isStale;
  place.textContent = isStale ? 'not updated since ' + answeredAt.toLocaleTimeString() : '';
};
document.addEventListener('htmx:after:request', (event) => {
  if (event.detail.ctx.response.status >= 400) return;
  answeredAt = new Date();
  tell(false);
});
document.addEventListener('htmx:response:error', () => tell(true));
document.addEventListener('htmx:error', () => tell(true));
`;
