// Two runs side by side in the terminal: their totals, their steps with where they part, and what was sent as a diff.

import { createColors } from 'picocolors';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatStatus,
  formatTokens,
} from '../../core/text/format.ts';
import { conversationOf, conversationTexts } from '../../core/model-call/conversation.ts';
import { alignSteps, firstDifference, type StepPair } from '../../server/queries/runs/compare/align-steps.ts';
import { diffTexts, type DiffLine } from '../../server/queries/runs/compare/diff-texts.ts';
import type { RunTree } from '../../server/source.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../../core/text/safe-text.ts';
import { safeLines } from '../terminal/safe-text.ts';
import { renderTable, type TextColumn } from '../terminal/table.ts';
import type { RunContents } from './run-content.ts';

type Step = RunTree['steps'][number];

export interface DiffSide {
  readonly run: RunTree;
  readonly contents: RunContents;
}

/** Equal pairs that stand before and after a difference. */
const AROUND = 2;

export function renderDiff(a: DiffSide, b: DiffSide, io: CliIo): string {
  const pairs = alignSteps(a.run.steps, b.run.steps);
  const first = firstDifference(pairs);
  return [
    renderTable(totalsOf(a.run, b.run), totalColumns(a.run, b.run), io.stdout),
    '\n',
    renderTable(shownPairs(pairs), PAIR_COLUMNS, io.stdout),
    first === undefined
      ? 'both did the same steps with the same outcomes\n'
      : `first difference: ${safeText(nameOf(pairs[first]?.a).trim())} | ${safeText(nameOf(pairs[first]?.b).trim())}\n`,
    '\n',
    contentText(a, b, pairs, first, io),
  ].join('');
}

interface Total {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

function totalsOf(a: RunTree, b: RunTree): Total[] {
  const line = (name: string, value: (run: RunTree) => string): Total => ({ name, a: value(a), b: value(b) });
  return [
    line('status', (run) => formatStatus(run['agent.status'])),
    line('cost', (run) => formatCost(run['agent.cost_nano_usd'])),
    line('time', (run) => formatDuration(run.duration_ms)),
    line('turns', (run) => formatCount(run['agent.turns'])),
    line('tool calls', (run) => formatCount(run['agent.tool_calls'])),
    line('tokens in', (run) => formatTokens(run['agent.tokens_in'])),
    line('tokens out', (run) => formatTokens(run['agent.tokens_out'])),
  ];
}

function totalColumns(a: RunTree, b: RunTree): readonly TextColumn<Total>[] {
  return [
    { title: '', value: ({ name }) => name },
    { title: a['agent.run_id'].slice(0, 8), align: 'right', value: (total) => total.a },
    { title: b['agent.run_id'].slice(0, 8), align: 'right', value: (total) => total.b },
  ];
}

type PairRow = StepPair | { readonly skipped: number };

const PAIR_COLUMNS: readonly TextColumn<PairRow>[] = [
  {
    title: '',
    value: (row) => ('skipped' in row ? '' : row.isSame ? ' ' : '≠'),
    tone: (row) => ('skipped' in row ? undefined : 'bad'),
  },
  { title: 'FIRST', value: (row) => ('skipped' in row ? `… ${String(row.skipped)} equal` : nameOf(row.a)) },
  { title: 'TIME', align: 'right', value: (row) => ('skipped' in row ? '' : timeOf(row.a)) },
  { title: 'COST', align: 'right', value: (row) => ('skipped' in row ? '' : costOf(row.a)) },
  { title: 'SECOND', value: (row) => ('skipped' in row ? '' : nameOf(row.b)) },
  { title: 'TIME', align: 'right', value: (row) => ('skipped' in row ? '' : timeOf(row.b)) },
  { title: 'COST', align: 'right', value: (row) => ('skipped' in row ? '' : costOf(row.b)) },
];

function shownPairs(pairs: readonly StepPair[]): PairRow[] {
  const isNear = (index: number): boolean =>
    pairs.slice(Math.max(0, index - AROUND), index + AROUND + 1).some((pair) => !pair.isSame);
  const rows: PairRow[] = [];
  let skipped = 0;
  pairs.forEach((pair, index) => {
    if (!isNear(index)) {
      skipped += 1;
      return;
    }
    if (skipped > 0) rows.push({ skipped });
    skipped = 0;
    rows.push(pair);
  });
  if (skipped > 0) rows.push({ skipped });
  return rows;
}

function nameOf(step: Step | undefined): string {
  if (step === undefined) return '–';
  const failed = step['tool.ok'] === false || typeof step['error.type'] === 'string' ? ' FAILED' : '';
  const name =
    step.step === 'tool_call'
      ? step['gen_ai.tool.name']
      : (step['gen_ai.response.model'] ?? step['gen_ai.request.model']);
  const text = typeof name === 'string' ? name : '';
  const number = step['agent.step_number'];
  return step.step === 'tool_call'
    ? `  ${text}${failed}`
    : `${typeof number === 'number' ? `${String(number)} ` : ''}${text}${failed}`;
}

function timeOf(step: Step | undefined): string {
  const durationMs = step?.['duration_ms'];
  return typeof durationMs === 'number' ? formatDuration(durationMs) : '';
}

function costOf(step: Step | undefined): string {
  const cost = step?.['cost_nano_usd'];
  return step?.step === 'model_call' ? formatCost(typeof cost === 'number' ? cost : null) : '';
}

const PARTS = [
  ['system', 'System prompt'],
  ['tools', 'Tool definitions'],
  ['messages', 'Messages'],
  ['answer', 'Answer'],
] as const;

function isCall({ a, b }: StepPair): boolean {
  return a?.step === 'model_call' && b?.step === 'model_call';
}

/** Of the pair of model calls at the first difference, or before it. */
function contentText(
  a: DiffSide,
  b: DiffSide,
  pairs: readonly StepPair[],
  first: number | undefined,
  io: CliIo,
): string {
  const upTo = pairs.slice(0, (first ?? 0) + 1);
  const pair = upTo.findLast(isCall) ?? pairs.find(isCall);
  const textsOf = (
    side: DiffSide,
    step: Step | undefined,
  ): ReturnType<typeof conversationTexts> | undefined => {
    const texts = side.contents.calls.get(String(step?.['span_id']));
    const conversation = conversationOf(texts?.request, texts?.response, undefined);
    return conversation === undefined ? undefined : conversationTexts(conversation);
  };
  const [left, right] = [textsOf(a, pair?.a), textsOf(b, pair?.b)];
  if (left === undefined || right === undefined)
    return `content: ${safeText(a.contents.fault ?? b.contents.fault ?? 'not recorded of both')}\n`;
  return PARTS.map(([part, name]) => {
    if (left[part] === right[part]) return `${name}: the same\n`;
    const lines = diffTexts(left[part], right[part]);
    return lines === undefined
      ? `${name}: they differ, and are too long to be compared by lines\n`
      : `${name}:\n${lines.map((line) => diffLine(line, io)).join('')}`;
  }).join('');
}

function diffLine({ kind, text }: DiffLine, io: CliIo): string {
  const colors = createColors(io.stdout.hasColours ?? io.stdout.isTTY === true);
  const line = safeLines(text);
  if (kind === 'gone') return `${colors.red(`- ${line}`)}\n`;
  if (kind === 'new') return `${colors.green(`+ ${line}`)}\n`;
  return kind === 'gap' ? `  … ${line}\n` : `  ${line}\n`;
}
