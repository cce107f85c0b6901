// Scores of a run and of its calls: who judged it how, in order of time.

import type { VNode } from 'preact';
import { NO_DATA } from '../../../../core/text/format.ts';
import { momentColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { ForeignText } from '../../parts/foreign-text.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { RunView } from './run-view.ts';

const EXPLANATION_SHOWN = 500;

const VALUE_KEYS = ['gen_ai.evaluation.score.value', 'gen_ai.evaluation.score.label'];
const EXPLANATION_KEYS = ['gen_ai.evaluation.explanation'];

interface ScoreRow {
  readonly score: RunView['data']['outline']['scores'][number];
  readonly index: number;
}

/** The first of these that the score has; empty where it has none. */
function textOf(score: ScoreRow['score'], keys: readonly string[]): string {
  for (const key of keys) {
    const value = score[key];
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return String(value);
  }
  return '';
}

function keyColumn(id: string, title: string, ...keys: readonly string[]): DataColumn<ScoreRow> {
  return {
    id,
    title,
    value: ({ score }) => textOf(score, keys) || null,
    cell: ({ score }) => <bdi>{textOf(score, keys)}</bdi>,
  };
}

export function RunScores({ view }: { view: RunView }): VNode | null {
  const { scores } = view.data.outline;
  if (scores.length === 0) return null;
  const value = ({ score }: ScoreRow): string | number | null => {
    const number = score['gen_ai.evaluation.score.value'];
    return typeof number === 'number' ? number : textOf(score, VALUE_KEYS) || null;
  };
  const passed = ({ score }: ScoreRow): string | null => {
    const is = score['score_passed'];
    return is === true ? 'yes' : is === false ? 'no' : null;
  };
  const columns: readonly DataColumn<ScoreRow>[] = [
    keyColumn('score', 'Score', 'gen_ai.evaluation.name'),
    {
      id: 'value',
      title: 'Value',
      isNumber: true,
      value,
      cell: ({ score }) => <bdi>{textOf(score, VALUE_KEYS) || NO_DATA}</bdi>,
    },
    {
      id: 'passed',
      title: 'Passed',
      value: passed,
      cell: (row) => (passed(row) === 'no' ? <span class="why">no</span> : passed(row)),
    },
    keyColumn('by', 'By', 'tallyspan.score.author', 'tallyspan.score.evaluator', 'tallyspan.score.source'),
    momentColumn('at', 'When', ({ score }) => textOf(score, ['timestamp']), view),
    {
      id: 'why',
      title: 'Why',
      value: ({ score }) => textOf(score, EXPLANATION_KEYS) || null,
      cell: ({ score }) => <ForeignText text={textOf(score, EXPLANATION_KEYS)} most={EXPLANATION_SHOWN} />,
      attributes: () => ({ class: 'wrap' }),
    },
  ];
  return (
    <Panel id="scores" title="Scores">
      <DataTable
        id="scores"
        name="scores"
        rows={scores.map((score, index) => ({ score, index }))}
        keyOf={({ index }) => String(index)}
        columns={columns}
      />
    </Panel>
  );
}
