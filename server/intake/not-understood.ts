// Not understood: what a sender sent and nothing was made of, or less than there should be, counted by sender, kind and
// name, so that it does not go unseen. The counts are of this process.

/** What of OTLP it was. */
export type ReceivedKind = 'log record' | 'span' | 'span in no run' | 'agent without calls' | 'metric';

export interface NotUnderstood {
  readonly kind: ReceivedKind;
  /** Service that sent it; empty where it names none. */
  readonly service: string;
  /** Instrumentation scope. */
  readonly scope: string;
  /** Name of the event, the span or the metric; empty where it has none. */
  readonly name: string;
  readonly count: number;
  /** Unix milliseconds. */
  readonly lastMs: number;
}

const ROWS_HELD = 500;
const NAME_CHARS = 120;
const OTHERS = '(others)';

const ADVICE: Readonly<Record<ReceivedKind, string>> = {
  'log record':
    'These records tell of no agent. Stop sending them here, or let the program send spans of the GenAI conventions.',
  span: 'Its attributes speak of a model, and no dialect knows them. It is kept with its trace and counts nowhere: set gen_ai.operation.name and the counts of the GenAI conventions.',
  'span in no run':
    'It counts, but hangs on no agent: each span of this emitter begins a trace of its own where none is around it. Put one around the agent: withWorkflow of Traceloop, or a span of your own, such as that of the request.',
  'agent without calls':
    'It counts the tokens of an agent and tells of none of its calls, so that its run has no cost. Start the program under the preload (tallyspan exec), or let Claude Code send its logs (tallyspan claude setup): each call is seen then.',
  metric:
    'tallyspan stores no metrics: set OTEL_METRICS_EXPORTER=none in the program, and send logs or traces.',
};

/** What is the matter with it, where it is understood in part. */
const HOW: Partial<Record<ReceivedKind, string>> = {
  'span in no run': 'which hangs on no agent',
  'agent without calls': 'of which no call was sent',
};

/** What to do about it. */
export function adviceFor(kind: ReceivedKind): string {
  return ADVICE[kind];
}

export class NotUnderstoodCounts {
  readonly #rows = new Map<
    string,
    { count: number; lastMs: number } & Omit<NotUnderstood, 'count' | 'lastMs'>
  >();
  readonly #senders = new Set<string>();
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void = () => undefined) {
    this.#log = log;
  }

  note(row: Omit<NotUnderstood, 'count' | 'lastMs'>, count: number, nowMs: number): void {
    if (count === 0) return;
    const cut = {
      kind: row.kind,
      service: row.service.slice(0, NAME_CHARS),
      scope: row.scope.slice(0, NAME_CHARS),
      name: row.name.slice(0, NAME_CHARS),
    };
    let key = JSON.stringify(cut);
    let kept = this.#rows.get(key);
    if (kept === undefined && this.#rows.size >= ROWS_HELD) {
      Object.assign(cut, { service: OTHERS, scope: OTHERS, name: OTHERS });
      key = JSON.stringify(cut);
      kept = this.#rows.get(key);
    }
    if (kept === undefined) this.#rows.set(key, (kept = { ...cut, count: 0, lastMs: nowMs }));
    kept.count += count;
    kept.lastMs = nowMs;
    this.#sayOnce(cut);
  }

  /** The most frequent first. */
  rows(): NotUnderstood[] {
    return [...this.#rows.values()].toSorted((a, b) => b.count - a.count);
  }

  #sayOnce({ kind, service, scope, name }: Omit<NotUnderstood, 'count' | 'lastMs'>): void {
    const sender = JSON.stringify([kind, service, scope]);
    if (this.#senders.has(sender) || this.#senders.size >= ROWS_HELD) return;
    this.#senders.add(sender);
    const what = [kind, name && JSON.stringify(name), scope && `of ${scope}`].filter(Boolean).join(' ');
    const how = HOW[kind] ?? 'which is not understood';
    this.#log(`from ${service || 'a sender without a name'} came a ${what}, ${how}: see /received`);
  }
}
