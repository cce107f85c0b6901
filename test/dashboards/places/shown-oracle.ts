// The oracle of what is seen: from plain events, what a panel must draw, compared with what it draws.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { NO_DATA } from '../../../core/text/format.ts';
import { headOf } from '../../../dashboards/panels/table-columns.ts';
import type { ListSource, SignalSource } from '../../../dashboards/source.ts';
import type { Tile } from '../../../dashboards/tile.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { seriesOf, tableOf, valuesOf, type Answer, type ShownTable } from '../browser.ts';
import type { GrafanaData } from '../grafana-data.ts';
import { expectedList, listRowText } from './list-oracle.ts';
import { compareToOracle, expectedValues, type Asked, type Values } from './oracle.ts';

export interface ShownPanelInput {
  readonly library: GrafanaData;
  readonly tile: Tile;
  readonly panel: Panel;
  readonly answers: readonly Answer[];
  readonly asked: Asked;
}

/** What a person would see otherwise than it should be; empty when all is right. */
export function shownFaults(input: ShownPanelInput): string[] {
  switch (input.panel.type) {
    case 'stat':
      return statFaults(input);
    case 'bargauge':
      return barFaults(input);
    case 'barchart':
      return dayFaults(input);
    case 'table':
      return tableFaults(input);
    case 'timeseries':
      return seriesFaults(input);
    case 'logs':
      return [];
    default:
      return [`${input.panel.type} has no oracle`];
  }
}

function signalsOf({ tile }: ShownPanelInput): SignalSource[] {
  return Object.values(tile.sources).filter((source) => source.kind === 'signal');
}

function statFaults(input: ShownPanelInput): string[] {
  const shown = valuesOf(input.library, input.panel, input.answers);
  const sources = Object.values(input.tile.sources);
  if (sources[0]?.kind === 'month') {
    const own = [...(input.answers[0]?.series[0]?.points.values() ?? [])];
    return sameTexts(
      'month',
      shown.map(({ value }) => String(value)),
      own.map(String),
    );
  }
  const expected = signalsOf(input).map((source) => ({
    ...(sources.length > 1 ? { name: source.name ?? signalOf(source.signal).title } : {}),
    value: expectedValues(source, input.panel, input.asked).get('') ?? null,
  }));
  // A stat leaves out a query without an answer; with none at all it says so.
  const present = expected.filter(({ value }) => value !== null);
  const wanted = present.length === 0 ? [{ value: null }] : present;
  const names = sameTexts(
    'names',
    shown.map(({ name }) => name ?? ''),
    wanted.map((one) => ('name' in one ? one.name : '')),
  );
  return [
    ...names,
    ...wanted.flatMap(({ value }, index) =>
      isNear(shown[index]?.value, value)
        ? []
        : [`number ${index + 1}: ${shown[index]?.text}, expected ${value}`],
    ),
  ];
}

/** Dimensions whose names lead to a board. */
const LINKED: ReadonlySet<string> = new Set(['user', 'session', 'service', 'agent', 'model', 'tool']);

function barFaults(input: ShownPanelInput): string[] {
  const [source] = signalsOf(input);
  if (source === undefined) return ['bars of no signal'];
  const expected = expectedValues(source, input.panel, input.asked);
  const isBySteps = source.by.length === 1 && source.by[0] === 'step';
  const bars = valuesOf(input.library, input.panel, input.answers);
  if (expected.size === 0) return bars.length === 1 && bars[0]?.value === null ? [] : ['bars of nothing'];
  const wanted = new Map(
    [...expected].map(([name, value]) => [isBySteps ? `step ${name}` : shownGroup(name), value]),
  );
  const faults = valueFaults(new Map(bars.map(({ name = '', value }) => [name, value])), wanted);
  if (bars.length !== wanted.size) faults.push(`${bars.length} bars, expected ${wanted.size}`);
  // A bar leads to what its name says, whatever characters are in it.
  for (const { name = '', links = [] } of bars) {
    const handed = links.map((link) => handedOver(link) ?? '');
    if (links.length === 0 && source.by.some((dimension) => LINKED.has(dimension)))
      faults.push(`${name} leads nowhere`);
    if (handed.some((value) => !name.split(' · ').includes(value)))
      faults.push(`${name} leads to ${handed.join(', ')}`);
  }
  const order = bars.map(({ name = '', value }) =>
    isBySteps ? -Number(name.replace('step ', '')) : Number(value),
  );
  return isDescending(order) ? faults : [...faults, `bars out of order: ${order.join(', ')}`];
}

function dayFaults(input: ShownPanelInput): string[] {
  const [source] = signalsOf(input);
  if (source === undefined) return ['days of no signal'];
  const expected = expectedValues(source, input.panel, input.asked);
  const { heads, rows } = tableOf(input.library, input.panel, input.answers);
  const shown = new Map(rows.map(([day, cost]) => [String(day?.value), cost?.value]));
  return [
    ...sameTexts('heads', heads, ['day', signalOf(source.signal).title]),
    ...sameTexts('days', [...shown.keys()], [...expected.keys()].sort()),
    ...valueFaults(shown, expected),
  ];
}

function seriesFaults(input: ShownPanelInput): string[] {
  const sources = signalsOf(input);
  const shown = seriesOf(input.library, input.panel, input.answers);
  const expected = input.answers.flatMap(({ series }, index) => {
    const source = sources[index];
    if (source === undefined) return [];
    return series.map(({ labels }) =>
      source.by.length === 0 ? (source.name ?? signalOf(source.signal).title) : groupName(source, labels),
    );
  });
  const points = input.answers.flatMap(({ series }, index) => {
    const source = sources[index];
    return source === undefined ? [] : compareToOracle(source, input.panel, series, input.asked);
  });
  return [
    ...sameTexts(
      'legend',
      shown.map(({ name }) => name),
      expected,
    ),
    ...points,
  ];
}

function groupName(source: SignalSource, labels: Readonly<Record<string, string>>): string {
  const values = Object.values(labels);
  if (values.length !== source.by.length) return `labels ${Object.keys(labels).join(', ')}`;
  return values.join(' · ');
}

function tableFaults(input: ShownPanelInput): string[] {
  const table = tableOf(input.library, input.panel, input.answers);
  return [...linkFaults(table), ...rowFaults(input, table)];
}

function rowFaults(input: ShownPanelInput, table: ShownTable): string[] {
  const [source] = Object.values(input.tile.sources);
  switch (source?.kind) {
    case 'signal':
      return groupFaults(input, table);
    case 'list':
      return listFaults(source, table, input.asked);
    case 'join':
      return joinFaults(table, input.asked);
    default:
      return [`a table of ${source?.kind}`];
  }
}

/** Value of the first variable in an address. */
function handedOver(link: string): string | undefined {
  const { searchParams } = new URL(link, 'http://grafana');
  return [...searchParams].find(([name]) => name.startsWith('var-'))?.[1];
}

/** A link to a board hands over the value of its cell, whole, whatever characters are in it. */
function linkFaults({ rows }: ShownTable): string[] {
  return rows.flat().flatMap(({ value, links = [] }) =>
    links.flatMap((link) => {
      if (!link.startsWith('/d/')) return [];
      const handed = handedOver(link);
      return handed === value ? [] : [`${link} hands over ${handed} of ${plainText(value)}`];
    }),
  );
}

function groupFaults(input: ShownPanelInput, { heads, rows }: ShownTable): string[] {
  const sources = signalsOf(input);
  const by = sources[0]?.by ?? [];
  const columns = sources.map((source) => expectedValues(source, input.panel, input.asked));
  const names = sources.map((source) => source.name ?? '');
  const present = names.filter((_, index) => (columns[index]?.size ?? 0) > 0);
  const faults = sameTexts('heads', heads, [...by.map(headOf), ...present]);
  const shownNames = rows.map((row) =>
    row
      .slice(0, by.length)
      .map(({ value }) => String(value))
      .join(' · '),
  );
  const wantedNames = new Set(columns.flatMap((column) => [...column.keys()]));
  faults.push(...sameTexts('rows', [...shownNames].sort(), [...wantedNames].sort()));
  for (const [index, name] of present.entries()) {
    const column = columns[names.indexOf(name)] ?? new Map<string, number>();
    const shown = new Map(rows.map((row, at) => [shownNames[at] ?? '', row[by.length + index]?.value]));
    faults.push(...valueFaults(shown, column).map((fault) => `${name} of ${fault}`));
  }
  const first = rows.map((row) => Number(row[by.length]?.value ?? Number.NEGATIVE_INFINITY));
  return isDescending(first) ? faults : [...faults, `rows out of order: ${first.join(', ')}`];
}

function listFaults(source: ListSource, { heads, rows }: ShownTable, asked: Asked): string[] {
  const expected = expectedList(source, asked);
  if (expected.length === 0) return rows.length === 0 ? [] : ['rows of nothing'];
  const titles = source.columns.map(({ title }) => title);
  // Only a column of links that no row has anything for may be missing.
  const isNeeded = (title: string): boolean =>
    source.columns.some((column) => column.title === title && column.link === undefined) ||
    expected.some(({ cells }) => cells.get(title) !== '');
  const texts = rows.map((row) =>
    listRowText(source.columns, new Map(heads.map((head, index) => [head, plainText(row[index]?.value)]))),
  );
  const rankByText = new Map(expected.map(({ cells, rank }) => [listRowText(source.columns, cells), rank]));
  const ranks = texts.map(
    (text) => (source.order === 'greatest' ? 1 : -1) * (rankByText.get(text) ?? Number.NaN),
  );
  return [
    ...sameTexts('heads', heads, titles.filter(isNeeded)),
    ...sameTexts('rows', [...texts].sort(), [...rankByText.keys()].sort()),
    ...(isDescending(ranks) ? [] : [`rows out of order: ${ranks.join(', ')}`]),
    ...rows.flatMap((row) =>
      row
        .filter(({ value, text }) => value === null && text !== NO_DATA)
        .map(() => 'a missing number is written as one'),
    ),
  ];
}

function joinFaults({ heads, rows }: ShownTable, asked: Asked): string[] {
  const own = asked.events.filter((event) => event['agent.run_id'] === asked.choices?.['run']);
  const expected = own
    .filter((event) => event['event.name'] === 'agent.tool_call' && event['tool.ok'] === false)
    .map((call) => {
      const step = (call['agent.step_number'] ?? 0) + 1;
      const answer = own.find(
        (event) => event['event.name'] === 'agent.model_call' && event['agent.step_number'] === step,
      );
      return {
        step,
        text: [
          step,
          call['gen_ai.tool.name'],
          answer?.['gen_ai.response.model'] ?? '',
          answer?.tokens_output ?? '',
        ].join(' '),
      };
    })
    .sort((a, b) => a.step - b.step);
  const at = (head: string): number => heads.indexOf(head);
  const shown = rows.map((row) =>
    ['Read at step', 'Failed tool', 'Answered by', 'Output tokens']
      .map((head) => plainText(row[at(head)]?.value))
      .join(' '),
  );
  return [
    ...sameTexts('rows', [...shown].sort(), expected.map(({ text }) => text).sort()),
    ...sameTexts(
      'order',
      rows.map((row) => String(row[at('Read at step')]?.value)),
      expected.map(({ step }) => String(step)),
    ),
    ...heads.filter((head) => /^Value|_/.test(head)).map((head) => `a raw head: ${head}`),
  ];
}

function plainText(value: unknown): string {
  if (value === null || value === undefined || value === NO_DATA) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A group as it is written: statuses in words. */
function shownGroup(name: string): string {
  return name.replace(/^lost\b/, 'abandoned');
}

function sameTexts(what: string, shown: readonly string[], expected: readonly string[]): string[] {
  return JSON.stringify(shown) === JSON.stringify(expected)
    ? []
    : [`${what}: ${JSON.stringify(shown)}, expected ${JSON.stringify(expected)}`];
}

function valueFaults(shown: ReadonlyMap<string, unknown>, expected: Values): string[] {
  return [...new Set([...shown.keys(), ...expected.keys()])].flatMap((name) =>
    isNear(shown.get(name), expected.get(name))
      ? []
      : [`${name}: ${String(shown.get(name))}, expected ${expected.get(name)}`],
  );
}

function isNear(shown: unknown, expected: number | null | undefined): boolean {
  if (expected === null || expected === undefined) return shown === null || shown === undefined;
  if (typeof shown !== 'number') return false;
  return Math.abs(shown - expected) <= 1e-9 * Math.max(Math.abs(shown), Math.abs(expected));
}

function isDescending(numbers: readonly number[]): boolean {
  return numbers.every((value, index) => index === 0 || value <= (numbers[index - 1] ?? value));
}
