// The address of a run's page says all that is chosen on it: the step in the pane, the nested runs that are open, which
// steps are listed, and the stretch of time that is looked at. So the back button, a copied link and a page without
// JavaScript work alike.

import { RequestError } from '../../../questions/request-error.ts';
import { offsetParam, textParam, type QueryText } from '../../../questions/query-params.ts';
import { linkTo } from '../../parts/cells.tsx';

/** What the pane shows of a model call: what is new since the previous call, all of it, or its JSON. */
export type ContentView = 'new' | 'whole' | 'json';

export interface RunAddress {
  /** Span id of the step in the pane; of a note, its place. */
  readonly step: string | undefined;
  readonly view: ContentView;
  /** Ids of nested runs whose steps are listed. */
  readonly open: readonly string[];
  /** Repeated steps whose rows are listed one by one: the key of the group, or `all`. */
  readonly expand: string | undefined;
  readonly only: 'errors' | 'slow' | undefined;
  readonly tool: string | undefined;
  readonly text: string | undefined;
  /** Milliseconds from the start of the run. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly offset: number | undefined;
}

const MOST_OPEN = 20;

/** @throws RequestError */
export function parseRunAddress(query: QueryText): RunAddress {
  const only = textParam(query, 'only');
  if (only !== undefined && only !== 'errors' && only !== 'slow')
    throw new RequestError(400, `only is errors or slow, not ${only}`);
  const view = textParam(query, 'view') ?? 'new';
  if (view !== 'new' && view !== 'whole' && view !== 'json')
    throw new RequestError(400, `view is new, whole or json, not ${view}`);
  return {
    step: textParam(query, 'step'),
    view,
    open: (textParam(query, 'open') ?? '')
      .split(',')
      .filter((id) => id !== '')
      .slice(0, MOST_OPEN),
    expand: textParam(query, 'expand'),
    only,
    tool: textParam(query, 'tool'),
    text: textParam(query, 'q'),
    from: millisParam(query, 'from'),
    to: millisParam(query, 'to'),
    offset: textParam(query, 'offset') === undefined ? undefined : offsetParam(query),
  };
}

function millisParam(query: QueryText, name: string): number | undefined {
  const text = textParam(query, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0)
    throw new RequestError(400, `${name} is milliseconds from the start of the run, not ${text}`);
  return value;
}

/** Address of the page with some of it changed. */
export function runLink(runId: string, address: RunAddress, changes: Partial<RunAddress> = {}): string {
  const { step, view, open, expand, only, tool, text, from, to, offset } = { ...address, ...changes };
  return linkTo(`/runs/${encodeURIComponent(runId)}`, {
    step,
    view: view === 'new' ? undefined : view,
    open: open.length === 0 ? undefined : open.join(','),
    expand,
    only,
    tool,
    q: text,
    from: from === undefined ? undefined : Math.round(from),
    to: to === undefined ? undefined : Math.round(to),
    offset: offset === 0 ? undefined : offset,
  });
}

/** Address of the page with the step in the pane; without JavaScript the browser goes to the pane. */
export function stepLink(runId: string, address: RunAddress, key: string): string {
  return `${runLink(runId, address, { step: key, offset: undefined })}#pane`;
}
