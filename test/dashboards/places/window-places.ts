// Places of the boards over many runs: cards of the overview, rows of the breakdowns, lists of runs.

import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimes,
  formatTokens,
} from '../../../core/format.ts';
import { HOUR_MS, offsetAt } from '../../../core/time.ts';
import { NO_GROUP } from '../../../dashboards/query.ts';
import type { SignalSource } from '../../../dashboards/source.ts';
import { displayOf } from '../../../dashboards/unit.ts';
import { BREAKDOWNS, type BreakdownUnit } from '../../../server/web/pages/breakdown/breakdown-data.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { shownNumbers } from '../embedded.ts';
import { barTitles, cardOf, tableAfter, type PageRow } from './page-text.ts';
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
): Place {
  return at(`overview, card ${label}`, async (panel, server) => {
    const shown = read(cardOf(await server.page(`/?window=${panel.days}d`), label));
    return texts.flatMap((text, index) => differ(label, text(only(panel, index)), shown[index] ?? ''));
  });
}

export function timesTheMean(): Place {
  return at('overview, card Cost today', async (panel, server) => {
    const { text } = cardOf(await server.page(`/?window=${panel.days}d`), 'Cost today');
    const factor = only(panel);
    return differ(
      'factor',
      factor == null ? '' : formatTimes(factor),
      /([\d.,]+ ×) the mean/.exec(text)?.[1] ?? '',
    );
  });
}

/** The bars of the overview; the first may begin within an hour. */
export function costByHour(): Place {
  return at('overview, Cost by hour', async (panel, server) => {
    const bars = barTitles(await server.page('/?window=1d')).slice(1);
    const points = [...(panel.answers[0]?.frames[0]?.points ?? [])].map(([time, value]) => {
      return [
        `${clockText(time - HOUR_MS, server.timezone)}–${clockText(time, server.timezone)}`,
        cost(value),
        time,
      ] as const;
    });
    const recent = points.filter(([, , time]) => time > panel.range.to - 23 * HOUR_MS);
    const withCost = bars.filter((bar) => !bar.endsWith('–'));
    if (withCost.length < 5) return [`only ${withCost.length} bars`];
    return withCost.flatMap((bar) => {
      const found = recent.find(([span]) => bar.includes(span));
      return differ(bar, found?.[1] ?? 'nothing', bar.split(' ').at(-1) ?? '');
    });
  });
}

export function total(path: string): Place {
  return at(`${path}, total`, async (panel, server) => {
    const page = await server.page(`${path}?window=${panel.days}d`);
    return differ('total', cost(only(panel)), /total (?:<[^>]*>)?(\S+?)</.exec(page)?.[1] ?? '');
  });
}

/** The number is the sum of a column. */
export function sumOf(path: string, head: string): Place {
  return at(`${path}, sum of ${head}`, async (panel, server) => {
    const rows = tableAfter(await server.page(`${path}?window=${panel.days}d`));
    const sum = rows.reduce((so, row) => so + (Number(row.get(head)?.text.replace(',', '')) || 0), 0);
    return rows.length === 0 ? ['no row'] : differ(head, count(only(panel) ?? 0), count(sum));
  });
}

/** The groups of the panel are rows of the page, its signals are columns there. */
export function breakdown(path: string): Place {
  return at(path, async (panel, server) => {
    const rows = tableAfter(await server.page(`${path}?window=${panel.days}d`));
    const byName = new Map([...rows].map((row) => [[...row.values()][0]?.text ?? '', row]));
    const columns = panel.answers.map(({ source }) => columnOf(path, source as SignalSource));
    if (columns.every((column) => column === undefined)) return [`${path} has none of the columns`];
    return panel.answers.flatMap(({ source, frames }, index) => {
      const column = columns[index];
      if (column === undefined || source.kind !== 'signal') return [];
      const { divideBy } = displayOf(signalOf(source.signal).unit);
      return [...shownNumbers(frames, labelsOf(source))].flatMap(([name, value]) => {
        const row: PageRow | undefined = byName.get(name === NO_GROUP ? '–' : name);
        const shown = row?.get(column.head)?.text ?? 'no row';
        return differ(`${column.head} of ${name}`, cellText(column.unit, value * divideBy), shown);
      });
    });
  });
}

/** The column of a page that shows the signal as the panel asks for it. */
function columnOf(
  path: string,
  { signal, period }: SignalSource,
): { head: string; unit: BreakdownUnit } | undefined {
  const kind = BREAKDOWNS.find((one) => one.path === path);
  if (kind === undefined) throw new Error(`no page ${path}`);
  if (signal === kind.cost && period !== 'change')
    return { head: period === 'before' ? 'Before' : 'Cost', unit: 'cost' };
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
    const page = await server.page(`/runs?${query}&since=${panel.days}d`);
    const shown = endedRows(page)
      .slice(0, answer.source.limit)
      .map((row) =>
        [
          row.get('Run')?.href,
          row.get('Time')?.text,
          costIn(row),
          ...['Turns', 'Tools', 'Agent', 'User'].map((head) => row.get(head)?.text),
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
    const [first] = endedRows(await server.page(`/runs?sort=most-expensive&since=${panel.days}d`));
    return differ('dearest', cost(only(panel)), first === undefined ? '' : costIn(first));
  });
}

/** Boards know a run when it has ended. */
function endedRows(page: string): PageRow[] {
  return tableAfter(page).filter((row) => row.get('Status')?.text !== 'running');
}

/** Without what the page says of it in words. */
function costIn(row: PageRow): string {
  return row.get('Cost')?.text.split(' ')[0] ?? '';
}

/** Hours and minutes of an instant in a zone. */
function clockText(atMs: number, timezone: string): string {
  return new Date(atMs + offsetAt(atMs, timezone)).toISOString().slice(11, 16);
}
