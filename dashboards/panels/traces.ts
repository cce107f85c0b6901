// Traces: what Tempo has of the run that the board shows.

import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { DataqueryBuilder, SearchTableType, TempoQueryType } from '@grafana/grafana-foundation-sdk/tempo';
import { tileOf, type Size, type Tile } from '../tile.ts';
import { plainTable } from './table.ts';
import { TEMPO } from '../variables.ts';

/** TraceQL that finds the spans of the run. In back quotes no quote and no backslash ends the text. */
export const RUN_SPANS = '{ span.agent.run_id = `$run` }';

/** The traces of the run; each opens in Tempo's own view. */
export function tracesTile(size: Size): Tile {
  const query = new DataqueryBuilder()
    .datasource(TEMPO)
    .queryType(TempoQueryType.Traceql)
    .query(RUN_SPANS)
    .tableType(SearchTableType.Traces)
    .limit(20)
    .filters([])
    .build();
  const built = plainTable(new PanelBuilder());
  return tileOf(
    {
      key: 'traces',
      title: 'Its traces in Tempo',
      description:
        'The traces that hold spans of this run. Open one to see what waited for what; from a span, “Logs for this span” leads back to its events.\n\n**A bad value:** no row, while the events above are there: the trace was sampled out, has expired, or Tempo refused it.\n\n**What to do:** trust the events, which are never sampled; see Stack health for refusals.',
    },
    size,
    built,
    [{ query, source: { kind: 'trace' } }],
    TEMPO,
  );
}
