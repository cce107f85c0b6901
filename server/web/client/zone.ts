// The zone of the browser is offered by the time picker.

function offerZone(): void {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const select of document.querySelectorAll<HTMLSelectElement>('select[data-zones]')) {
    if ([...select.options].some(({ value }) => value === own)) continue;
    select.add(new Option(`${own} (this device)`, own));
  }
}

offerZone();
document.addEventListener('htmx:after:swap', offerZone);
