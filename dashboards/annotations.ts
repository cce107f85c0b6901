// Annotations: marks on the time axis for what may explain a change.

import {
  AnnotationQueryBuilder,
  AnnotationQueryPlacement,
  type AnnotationQuery,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder as LokiQueryBuilder } from '@grafana/grafana-foundation-sdk/loki';
import { STREAM_MATCHERS } from './query.ts';
import { LOKI } from './variables.ts';

/** Notes of this kind mark the first sight of a model, a system prompt or a set of tools. */
const FIRST_SEEN = `{event_name="agent.note", ${STREAM_MATCHERS.join(', ')}} | agent_note_kind="first_seen"`;
const TROUBLE = `{event_name="agent.note", ${STREAM_MATCHERS.join(', ')}} | agent_note_kind=~"loop_suspected|budget|compaction|context_truncation"`;

/** Alerts, first sights, and notes of trouble (off until switched on). */
export function boardAnnotations(): AnnotationQuery[] {
  return [
    new AnnotationQueryBuilder()
      .name('Alerts')
      .builtIn(1)
      .type('dashboard')
      .datasource({ type: 'grafana', uid: '-- Grafana --' })
      .enable(true)
      .hide(false)
      // Switches are in the menu of the controls: the bar holds what people change.
      .placement(AnnotationQueryPlacement.InControlsMenu)
      .iconColor('red')
      .build(),
    lineMarks('First seen: model, prompt or tools', 'blue', true, FIRST_SEEN, 'agent_note_subject'),
    lineMarks('Loops, budgets, shortened context', 'orange', false, TROUBLE, 'agent_note_kind'),
  ];
}

function lineMarks(name: string, color: string, isOn: boolean, expr: string, label: string): AnnotationQuery {
  return (
    new AnnotationQueryBuilder()
      .name(name)
      .datasource(LOKI)
      .enable(isOn)
      .hide(false)
      .placement(AnnotationQueryPlacement.InControlsMenu)
      .iconColor(color)
      .expr(expr)
      // The same once more for versions that ask by the target.
      .target(new LokiQueryBuilder().expr(expr).queryType('range').refId('Anno'))
      .titleFormat(`{{${label}}} · {{gen_ai_agent_name}}`)
      .textFormat('{{agent_note_value}}')
      .tagKeys('service_name,agent_version')
      .build()
  );
}
