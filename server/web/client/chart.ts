// Charts: what a step says is shown where it is pointed at or tapped, and a stretch that is drawn over a chart becomes the
// time of the page.

const SHORTEST_DRAG_PX = 8;

let tip: HTMLElement | undefined;
let shownStep: Element | undefined;

function stepAt(target: EventTarget | null): Element | undefined {
  return target instanceof Element ? (target.closest('[data-chart] .step') ?? undefined) : undefined;
}

function showTip(step: Element, x: number, y: number): void {
  tip ??= document.body.appendChild(document.createElement('div'));
  tip.className = 'tip';
  tip.replaceChildren(
    ...(step.getAttribute('data-tip') ?? '').split('\n').map((line) => {
      const row = document.createElement('div');
      for (const part of line.split('\t')) row.appendChild(document.createElement('span')).textContent = part;
      return row;
    }),
  );
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(x + 14, window.innerWidth - width - 8);
  const top = y - height - 12 < 8 ? y + 18 : y - height - 12;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${top}px`;
  shownStep = step;
}

function hideTip(): void {
  if (tip !== undefined) tip.hidden = true;
  shownStep = undefined;
}

let drag:
  { readonly plot: Element; readonly from: Element; readonly x: number; mark?: SVGRectElement } | undefined;
let wasDragged = false;

document.addEventListener('pointermove', (event) => {
  if (drag !== undefined) return drawOver(event);
  const step = stepAt(event.target);
  if (step === undefined) return event.pointerType === 'mouse' ? hideTip() : undefined;
  showTip(step, event.clientX, event.clientY);
});

document.addEventListener('pointerdown', (event) => {
  wasDragged = false;
  const step = stepAt(event.target);
  const plot = step?.closest('.plot');
  if (step === undefined || plot === null || plot === undefined || event.button !== 0) return;
  if (event.pointerType === 'mouse') drag = { plot, from: step, x: event.clientX };
});

function drawOver(event: PointerEvent): void {
  if (drag === undefined || Math.abs(event.clientX - drag.x) < SHORTEST_DRAG_PX) return;
  const bounds = drag.plot.getBoundingClientRect();
  if (drag.mark === undefined) {
    drag.mark = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    drag.mark.setAttribute('class', 'drawn');
    drag.mark.setAttribute('y', '0');
    drag.mark.setAttribute('height', String(bounds.height));
    drag.plot.append(drag.mark);
    hideTip();
  }
  const [left, right] = [drag.x, event.clientX].sort((a, b) => a - b) as [number, number];
  drag.mark.setAttribute('x', String(Math.max(0, left - bounds.left)));
  drag.mark.setAttribute('width', String(right - left));
}

document.addEventListener('pointerup', (event) => {
  const drawn = drag;
  drag = undefined;
  if (drawn?.mark === undefined) return;
  wasDragged = true;
  drawn.mark.remove();
  const steps = [...drawn.plot.querySelectorAll('.step')].filter((step) => {
    const { left, right } = (step.querySelector('.hit') ?? step).getBoundingClientRect();
    const [start, end] = [drawn.x, event.clientX].sort((a, b) => a - b) as [number, number];
    return right > start && left < end;
  });
  const [from, to] = [steps[0]?.getAttribute('data-from'), steps.at(-1)?.getAttribute('data-to')];
  if (from === null || from === undefined || to === null || to === undefined) return;
  const url = new URL(location.href);
  for (const name of ['time', 'window', 'since', 'until', 'at', 'offset']) url.searchParams.delete(name);
  url.searchParams.set('from', new Date(Number(from)).toISOString());
  url.searchParams.set('to', new Date(Math.min(Number(to), Date.now())).toISOString());
  location.assign(url);
});

/** The first tap shows what the step says, the second opens it. A drawn stretch is no click. */
document.addEventListener(
  'click',
  (event) => {
    const step = stepAt(event.target);
    if (step === undefined) return hideTip();
    const isTouch = event instanceof PointerEvent && event.pointerType === 'touch';
    if (wasDragged || (isTouch && shownStep !== step)) event.preventDefault();
    if (isTouch && shownStep !== step) showTip(step, event.clientX, event.clientY);
  },
  true,
);

/** Links would be dragged as links. */
document.addEventListener('dragstart', (event) => {
  if (stepAt(event.target) !== undefined) event.preventDefault();
});
