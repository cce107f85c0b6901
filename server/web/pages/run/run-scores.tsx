// Scores of a run and of its calls: who judged it how, in order of time.

import type { VNode } from 'preact';
import { NO_DATA } from '../../../../core/text/format.ts';
import { Moment } from '../../parts/cells.tsx';
import { ForeignText } from '../../parts/foreign-text.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { RunView } from './run-view.ts';
import { TableHead } from '../../parts/table-head.tsx';

const EXPLANATION_SHOWN = 500;

export function RunScores({ view }: { view: RunView }): VNode | null {
  const { scores } = view.data.outline;
  if (scores.length === 0) return null;
  return (
    <Panel id="scores" title="Scores">
      <Scroll label={{ headingId: 'scores' }}>
        <table>
          <TableHead of={['Score', { n: 'Value' }, 'Passed', 'By', 'When', 'Why']} />
          <tbody>
            {scores.map((score, index) => {
              const text = (key: string): string => {
                const value = score[key];
                return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
              };
              const passed = score['score_passed'];
              return (
                <tr key={index}>
                  <td>
                    <bdi>{text('gen_ai.evaluation.name')}</bdi>
                  </td>
                  <td class="n">
                    <bdi>
                      {text('gen_ai.evaluation.score.value') ||
                        text('gen_ai.evaluation.score.label') ||
                        NO_DATA}
                    </bdi>
                  </td>
                  <td>{passed === true ? 'yes' : passed === false ? <span class="why">no</span> : ''}</td>
                  <td>
                    <bdi>
                      {text('tallyspan.score.author') ||
                        text('tallyspan.score.evaluator') ||
                        text('tallyspan.score.source')}
                    </bdi>
                  </td>
                  <td>
                    <Moment at={text('timestamp')} timezone={view.timezone} now={view.now} />
                  </td>
                  <td class="wrap">
                    <ForeignText text={text('gen_ai.evaluation.explanation')} most={EXPLANATION_SHOWN} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
