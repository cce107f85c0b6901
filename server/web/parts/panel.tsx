// Panels: the framed parts of a page, each named by its heading or, where it shows none, by a label; and
// what in them is wider than the page and scrolls sideways.

import type { ComponentChildren, VNode } from 'preact';

/** Name of a part for who does not see it, or the id of the heading that names it. */
export type PartLabel = string | { readonly headingId: string };

export type PanelProps = {
  /** Small text beside the title. */
  readonly sub?: string | undefined;
  /** What the marks in the panel mean, beside the title. */
  readonly legend?: ComponentChildren;
  readonly children: ComponentChildren;
} & ({ readonly id: string; readonly title: string } | { readonly label: string });

/** The row of the title is left out where there is nothing to say in it. */
export function Panel(props: PanelProps): VNode {
  const { sub, legend, children } = props;
  const heading = 'title' in props ? <h2 id={props.id}>{props.title}</h2> : undefined;
  const hasTitleRow = [heading, sub, legend].some((one) => one !== undefined);
  return (
    <section class="panel" {...nameOf('title' in props ? { headingId: props.id } : props.label)}>
      {hasTitleRow && (
        <div class="title">
          {heading}
          {sub !== undefined && <span class="sub">{sub}</span>}
          {legend !== undefined && <span class="legend">{legend}</span>}
        </div>
      )}
      {children}
    </section>
  );
}

/** What scrolls sideways has a name and takes the focus, so that it scrolls by the keyboard, too. */
export function Scroll({ label, children }: { label: PartLabel; children: ComponentChildren }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="region" {...nameOf(label)}>
      {children}
    </div>
  );
}

function nameOf(label: PartLabel): { 'aria-label': string } | { 'aria-labelledby': string } {
  return typeof label === 'string' ? { 'aria-label': label } : { 'aria-labelledby': label.headingId };
}
