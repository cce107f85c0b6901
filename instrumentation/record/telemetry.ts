// Telemetry: what every recorder needs, made once per process.

import type { Context, SpanContext, Tracer } from '@opentelemetry/api';
import type { EndedSpan } from '../otel/ended-spans.ts';
import type { CostRows } from './tools/cost-rows.ts';
import type { EventLog } from './event-log.ts';
import type { FirstSights } from './seen/first-sights.ts';
import type { Journal } from './journal.ts';
import type { ScoreLog } from './scores.ts';
import type { Settings } from '../process/settings.ts';
import type { PeerSpans } from '../otel/peer-spans.ts';
import type { Sightings } from './seen/sightings.ts';
import type { SilentWatch } from './seen/silent-watch.ts';

export interface Telemetry {
  readonly tracer: Tracer;
  /** Writes a span that is over, below the active one of the context; gives its own context. */
  readonly writeEndedSpan: (parent: Context, span: EndedSpan) => SpanContext;
  readonly events: EventLog;
  readonly journal: Journal;
  readonly costRows: CostRows;
  readonly firstSights: FirstSights;
  readonly silentWatch: SilentWatch;
  readonly scores: ScoreLog;
  readonly sightings: Sightings;
  readonly peers: PeerSpans;
  readonly settings: Settings;
  /** Commit that the program was built from. */
  readonly revision: string | undefined;
  /** Agent name of inferred runs: the service, when something names it. */
  readonly defaultAgentName: string | undefined;
}
