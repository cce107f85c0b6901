// The switch between light and dark: kept in a cookie, so that the server sends the page in it.

const A_YEAR_SECONDS = 31_536_000;

document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || event.target.closest('[data-theme-switch]') === null) return;
  const root = document.documentElement;
  const isDark =
    root.dataset['theme'] === undefined
      ? matchMedia('(prefers-color-scheme: dark)').matches
      : root.dataset['theme'] === 'dark';
  const theme = isDark ? 'light' : 'dark';
  root.dataset['theme'] = theme;
  document.cookie = `tallyspan-theme=${theme}; path=/; max-age=${A_YEAR_SECONDS}; samesite=strict`;
});
