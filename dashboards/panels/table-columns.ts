// Columns of tables: their heads, widths, words, colours and links. A width is set where the content has one, so
// that nothing of it is cut; names share what is left.

import { TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import type {
  DashboardLink,
  DynamicConfigValue,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dimension, FieldKey } from '../../core/schema.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { groupLink, runBoardLink, traceLink } from '../links.ts';
import type { Column } from '../source.ts';
import { thresholdsOf } from '../threshold.ts';
import { displayOfSignal } from '../unit.ts';
import {
  EVENT_WORDS,
  NEUTRAL,
  NO_NUMBER,
  NO_TEXT,
  OK_WORDS,
  SHORT_ID,
  STATUS_WORDS,
  thresholdsSetting,
  wordsMapping,
  type Word,
} from './looks.ts';
import type { Ask } from './signal-target.ts';

/** Names of dimensions as heads of columns. */
const HEADS: Partial<Readonly<Record<Dimension, string>>> = {
  agent: 'Agent',
  error: 'Error',
  model: 'Model',
  score: 'Score',
  service: 'Service',
  session: 'Session',
  status: 'Status',
  step: 'Step',
  task: 'Task type',
  tool: 'Tool',
  user: 'User',
  version: 'Version',
};

/** Head of the column of a dimension. */
export function headOf(dimension: Dimension): string {
  return HEADS[dimension] ?? dimension;
}

/** Widths in pixels. */
const ID_WIDTH = 85;
const NUMBER_WIDTH = 80;
const MONEY_WIDTH = 135;
/** Names are given at least this. */
export const LEAST_WIDTH = 80;

interface ColumnLook {
  readonly width?: number;
  readonly words?: Readonly<Record<string, Word>>;
  readonly isId?: true;
  readonly isMoney?: true;
}

const LOOKS: Partial<Readonly<Record<FieldKey, ColumnLook>>> = {
  timestamp: { width: 110 },
  'agent.run_id': { width: ID_WIDTH, isId: true },
  trace_id: { width: ID_WIDTH, isId: true },
  span_id: { width: ID_WIDTH, isId: true },
  'event.name': { width: 115, words: EVENT_WORDS },
  'agent.status': { width: 95, words: STATUS_WORDS },
  'tool.ok': { width: 70, words: OK_WORDS },
  'agent.cost_nano_usd': { width: MONEY_WIDTH, isMoney: true },
  cost_nano_usd: { width: MONEY_WIDTH, isMoney: true },
  'agent.step_number': { width: 55 },
  'agent.turns': { width: 60 },
  'agent.tool_calls': { width: 60 },
  duration_ms: { width: NUMBER_WIDTH },
  ttft_ms: { width: 95 },
  tokens_input: { width: 95 },
  tokens_cache_read: { width: 95 },
  tokens_output: { width: 110 },
  'tool.result_len': { width: 95 },
  'tool.retry_attempt': { width: 75 },
  attempts: { width: 85 },
  'tallyspan.cost.status': { width: 85 },
};

/** Settings of a column of a list. */
export function columnSettings(column: Column): DynamicConfigValue[] {
  const { width, words, isId, isMoney } = LOOKS[column.field] ?? {};
  const mappings: ValueMapping[] = [
    ...(words === undefined ? [] : [wordsMapping(words)]),
    ...(isId ? [SHORT_ID] : []),
    NO_NUMBER,
    NO_TEXT,
  ];
  return [
    ...(column.unit === undefined ? [] : [{ id: 'unit', value: column.unit }]),
    { id: 'mappings', value: mappings },
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(words === undefined ? [] : [colouredText()]),
    ...(isMoney ? moneyCell() : []),
    ...linkSettings(columnLink(column)),
  ];
}

/** Settings of the column of a signal in a table of groups. */
export function measureSettings(measure: Ask, width: number): DynamicConfigValue[] {
  const signal = signalOf(measure.signal);
  const { unit, decimals } = displayOfSignal(signal);
  const steps = measure.period === undefined ? thresholdsOf(signal, measure.by ?? []) : [];
  return [
    { id: 'unit', value: unit },
    { id: 'mappings', value: [NO_NUMBER] },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    { id: 'custom.width', value: width },
    ...(steps.length > 1 ? [thresholdsSetting(steps), colouredText()] : []),
  ];
}

/** Settings of the column of a dimension: a name leads to what it stands for. */
export function groupSettings(dimension: Dimension): DynamicConfigValue[] {
  return linkSettings(groupLink(dimension));
}

/** Text in the colour of its word or step. */
function colouredText(): DynamicConfigValue {
  return { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } };
}

/** An amount beside a bar of its length. */
export function moneyCell(): DynamicConfigValue[] {
  return [
    { id: 'decimals', value: 4 },
    { id: 'min', value: 0 },
    { id: 'color', value: { mode: 'fixed', fixedColor: NEUTRAL } },
    {
      id: 'custom.cellOptions',
      value: { type: TableCellDisplayMode.Gauge, mode: 'basic', valueDisplayMode: 'text' },
    },
  ];
}

function columnLink({ link }: Column): DashboardLink | undefined {
  switch (link) {
    case 'run':
      return runBoardLink();
    case 'trace':
      return traceLink();
    case 'user':
      return groupLink('user');
    case 'session':
      return groupLink('session');
    case 'tool':
      return groupLink('tool');
    default:
      return undefined;
  }
}

function linkSettings(link: DashboardLink | undefined): DynamicConfigValue[] {
  return link === undefined ? [] : [{ id: 'links', value: [link] }];
}
