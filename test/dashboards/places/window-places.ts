// Places of the boards over many runs: cards of the overview, rows of the breakdowns, lists of runs.

import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimes,
  formatTokens,
  NO_DATA,
} from '../../../core/text/format.ts';
import { isPseudoTool, ownerName } from '../../../core/attribution/owner-names.ts';
import { HOUR_MS, offsetAt } from '../../../core/time/time.ts';
import { NO_GROUP } from '../../../dashboards/query.ts';
import { DAYS, type SignalSource } from '../../../dashboards/source.ts';
import { displayOf } from '../../../dashboards/unit.ts';
import { BREAKDOWNS, type BreakdownUnit } from '../../../server/web/pages/breakdown/breakdown-data.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { shownNumbers } from '../embedded.ts';
import { barsOf, cardOf, sumsOf, tableAfter, type PageRow } from './page-text.ts';
import {
  at,
  cost,
  count,
  differ,
  duration,
  labelsOf,
  numberIn,
  only,
  type Place,
  type Text,
} from './place.ts';

type Card = ReturnType<typeof cardOf>;

/** Values of a card of the overview against the texts of the panel's numbers, in order. */
export function card(
  label: string,
  read: (card: Card) => readonly (string | undefined)[],
  texts: readonly Text[],
  time?: 'today',
): Place {
  return at(`overview, card ${label}`, async (panel, server) => {
    const shown = read(cardOf(await server.page(`/?time=${time ?? `${panel.days}d`}`), label));
    return texts.flatMap((text, index) => differ(label, text(only(panel, index)), shown[index] ?? ''));
  });
}

export function timesTheMean(): Place {
  return at('overview, card Cost', async (panel, server) => {
    const { text } = cardOf(await server.page(`/?time=${panel.days}d`), 'Cost');
    const factor = only(panel);
    return differ(
      'factor',
      factor == null ? '' : formatTimes(factor),
      /today ([\d.,]+ ×) the 7-day average/.exec(text)?.[1] ?? '',
    );
  });
}

/** The bars of the overview; the first may begin within an hour. */
export function costByHour(): Place {
  return at('overview, Cost by hour', async (panel, server) => {
    const bars = barsOf(await server.page('/?time=1d')).slice(1);
    const points = [...(panel.answers[0]?.frames[0]?.points ?? [])].map(([time, value]) => {
      return [
        `${clockText(time - HOUR_MS, server.timezone)}–${clockText(time, server.timezone)}`,
        cost(value),
        time,
      ] as const;
    });
    const recent = points.filter(([, , time]) => time > panel.range.to - 23 * HOUR_MS);
    const withCost = bars.filter((bar) => bar.text !== NO_DATA);
    if (withCost.length < 5) return [`only ${withCost.length} bars`];
    return withCost.flatMap((bar) => {
      const found = recent.find(([span]) => bar.step.includes(span));
      return differ(bar.step, found?.[1] ?? 'nothing', bar.text);
    });
  });
}

/** The bars of the overview over so many days; a first day of which a part is in the time is not among them. */
export function costByDay(): Place {
  return at('overview, Cost by day', async (panel, server) => {
    const bars = barsOf(await server.page(`/?time=${DAYS}d`));
    const own = shownNumbers(panel.answers[0]?.frames ?? [], ['day']);
    const shown = bars.filter((bar) => bar.text !== NO_DATA);
    if (shown.length < 5) return [`only ${shown.length} bars`];
    const days = new Map([...own].map(([day, value]) => [dayName(day), value]));
    return shown.flatMap(({ step, text }) => differ(step, cost(days.get(step.replace(' so far', ''))), text));
  });
}

/** How many requests limits refused: the rows, where they are all there, are as many as the page says. */
export function refusals(): Place {
  return at('/limits, Refused and warned', async (panel, server) => {
    // This page counts back from the clock, the boards from the start of the test.
    const seconds = Math.ceil((Date.now() - panel.range.from) / 1000);
    const page = await server.page(`/limits?since=${seconds}s`);
    const part = page.slice(page.indexOf('id="limits-actions"'));
    const [, shown = '', rest] = /([\d,]+) refused in the last \w+; ([^<]*)/.exec(part) ?? [];
    const rows = tableAfter(part).filter((row) => /^(?:refused|stopped)$/.test(row.get('What')?.text ?? ''));
    const own = count(only(panel));
    return [
      ...(rows.length === 0 ? ['no row'] : differ('refused', own, shown)),
      ...(rest === 'newest first' ? differ('rows', own, count(rows.length)) : []),
    ];
  });
}

export function total(path: string): Place {
  return at(`${path}, total`, async (panel, server) => {
    const page = await server.page(`${path}?time=${panel.days}d`);
    return differ('total', cost(only(panel)), sumsOf(page)[1] ?? '');
  });
}

/** The number is the sum of a column. */
export function sumOf(path: string, head: string): Place {
  return at(`${path}, sum of ${head}`, async (panel, server) => {
    const rows = tableAfter(await server.page(`${path}?time=${panel.days}d`));
    const sum = rows.reduce((so, row) => so + (Number(row.get(head)?.text.replace(',', '')) || 0), 0);
    return rows.length === 0 ? ['no row'] : differ(head, count(only(panel) ?? 0), count(sum));
  });
}

/** The groups of the panel are rows of the page, its signals are columns there. */
export function breakdown(path: string): Place {
  return at(path, async (panel, server) => {
    const rows = tableAfter(await server.page(`${path}?time=${panel.days}d`));
    const byName = new Map([...rows].map((row) => [[...row.values()][0]?.text ?? '', row]));
    const columns = panel.answers.map(({ source }) => columnOf(path, source as SignalSource));
    if (columns.every((column) => column === undefined)) return [`${path} has none of the columns`];
    return panel.answers.flatMap(({ source, frames }, index) => {
      const column = columns[index];
      if (column === undefined || source.kind !== 'signal') return [];
      const { divideBy } = displayOf(signalOf(source.signal).unit);
      return [...shownNumbers(frames, labelsOf(source))].flatMap(([name, value]) => {
        const row: PageRow | undefined = byName.get(rowName(path, name));
        const shown = row?.get(column.head)?.text ?? 'no row';
        return differ(`${column.head} of ${name}`, cellText(column.unit, value * divideBy), shown);
      });
    });
  });
}

/** What the page calls a group. */
function rowName(path: string, name: string): string {
  if (name === NO_GROUP) return NO_DATA;
  return path === '/tools' && isPseudoTool(name) ? `${ownerName(name)} part of the prompt` : name;
}

/** The column of a page that shows the signal as the panel asks for it. */
function columnOf(
  path: string,
  { signal, period }: SignalSource,
): { head: string; unit: BreakdownUnit } | undefined {
  const kind = BREAKDOWNS.find((one) => one.path === path);
  if (kind === undefined) throw new Error(`no page ${path}`);
  if (signal === kind.cost && period !== 'change')
    return {
      head: period === 'before' ? 'Before' : kind.dimension === 'tool' ? 'Context cost' : 'Cost',
      unit: 'cost',
    };
  const column = period === undefined ? kind.columns.find((one) => one.signal === signal) : undefined;
  return column && { head: column.title, unit: column.unit };
}

function cellText(unit: BreakdownUnit, value: number): string {
  switch (unit) {
    case 'cost':
      return formatCost(value);
    case 'ms':
      return formatDuration(value);
    case 'ratio':
      return formatPercent(value);
    case 'chars':
      return formatTokens(Math.round(value));
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(1);
  }
}

/** The rows of the panel are the first rows of the list of runs. */
export function runs(query: string): Place {
  return at(`/runs?${query}`, async (panel, server) => {
    const [answer] = panel.answers;
    if (answer?.source.kind !== 'list') throw new Error('this panel is no list');
    const page = await server.page(`/runs?${query}&time=${panel.days}d`);
    const shown = endedRows(page)
      .slice(0, answer.source.limit)
      .map((row) =>
        [
          row.get('Run')?.href,
          ...['Time', 'Cost', 'Turns', 'Tools', 'Agent', 'User'].map((head) => row.get(head)?.text),
        ].join(' '),
      );
    const own = answer.frames.map(({ labels }) =>
      [
        `/runs/${labels['agent_run_id']}`,
        duration(numberIn(labels, 'duration_ms')),
        cost(numberIn(labels, 'agent_cost_usd')),
        count(numberIn(labels, 'agent_turns')),
        count(numberIn(labels, 'agent_tool_calls')),
        labels['gen_ai_agent_name'] ?? '–',
        labels['user_id'] ?? '–',
      ].join(' '),
    );
    return shown.length === 0 ? ['no row'] : differ('rows', own.sort().join('\n'), shown.sort().join('\n'));
  });
}

export function dearestRun(): Place {
  return at('/runs?sort=most-expensive, first row', async (panel, server) => {
    const [first] = endedRows(await server.page(`/runs?sort=most-expensive&time=${panel.days}d`));
    return differ('dearest', cost(only(panel)), first?.get('Cost')?.text ?? '');
  });
}

/** Boards know a run when it has ended. */
function endedRows(page: string): PageRow[] {
  return tableAfter(page).filter((row) => row.get('Status')?.text !== 'running');
}

/** A date such as 2026-11-28 as a chart writes it: 28 Nov. */
function dayName(day: string): string {
  const month = new Intl.DateTimeFormat('en-US', { month: 'short', timeZone: 'UTC' });
  return `${Number(day.slice(8))} ${month.format(Date.parse(`${day}T00:00:00Z`))}`;
}

/** Hours and minutes of an instant in a zone. */
function clockText(atMs: number, timezone: string): string {
  return new Date(atMs + offsetAt(atMs, timezone)).toISOString().slice(11, 16);
}
