// Trace links: the same trace in other back ends (Tempo in Grafana, Jaeger, Honeycomb, …), by the address
// that each has for a trace.

import { ServerError } from '../process/server-error.ts';

const PLACE = '{trace_id}';

export interface TraceLink {
  /** Host of the back end. */
  readonly name: string;
  readonly url: string;
}

/**
 * Addresses separated by blanks, each with `{trace_id}` where the id goes.
 * @throws ServerError when one of them is no web address or has no place for the id
 */
export function parseTraceUrls(text: string): readonly string[] {
  const templates = text.split(/\s+/).filter((part) => part !== '');
  for (const template of templates) {
    const fault = faultOf(template);
    if (fault !== undefined)
      throw new ServerError(
        `TALLYSPAN_TRACE_URL: ${template} ${fault}. Write an address such as http://127.0.0.1:16686/trace/${PLACE}.`,
      );
  }
  return templates;
}

function faultOf(template: string): string | undefined {
  let url: URL;
  try {
    url = new URL(template);
  } catch {
    return 'is no address';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is no http or https address';
  return template.includes(PLACE) ? undefined : `has no ${PLACE} in it`;
}

/** The links of one trace; none without its id. */
export function traceLinksOf(templates: readonly string[], traceId: string | null): readonly TraceLink[] {
  if (traceId === null) return [];
  return templates.map((template) => ({
    name: new URL(template).host,
    url: template.replaceAll(PLACE, encodeURIComponent(traceId)),
  }));
}
