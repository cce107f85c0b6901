// The form of an alert rule: what a number cannot be grouped by is not offered, and the limit says its unit.

function adapt(select: HTMLSelectElement): void {
  const form = select.form;
  const { unit = '', dimensions = '' } = select.selectedOptions[0]?.dataset ?? {};
  const known = new Set(dimensions.split(' '));
  for (const choice of form?.querySelectorAll<HTMLSelectElement>('select[data-rule-dimension]') ?? []) {
    for (const option of choice.options) option.disabled = option.value !== '' && !known.has(option.value);
    if (choice.selectedOptions[0]?.disabled === true) choice.value = '';
  }
  const against = form?.querySelector<HTMLSelectElement>('select[name=against]')?.value ?? '';
  const label = form?.querySelector('[data-rule-unit]');
  if (label) label.textContent = against === '' ? unit : 'times';
}

function adaptForm(form: ParentNode): void {
  const select = form.querySelector<HTMLSelectElement>('select[data-rule-signal]');
  if (select !== null) adapt(select);
}

document.addEventListener('change', (event) => {
  const form = event.target instanceof HTMLElement ? event.target.closest('form.own-rule') : null;
  if (form !== null) adaptForm(form);
});

adaptForm(document);
document.addEventListener('htmx:after:swap', () => adaptForm(document));
