// Looks: how values are written and coloured in every panel. What has no value has no colour: neither good nor
// bad is known of it.

import {
  MappingType,
  SpecialValueMatch,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type Threshold,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { NO_DATA } from '../../core/text/format.ts';

/** Colour of what is neither good nor bad: money, counts. */
export const NEUTRAL = 'blue';

/** No number: a dash in the colour of text. */
export const NO_NUMBER: ValueMapping = {
  type: MappingType.SpecialValue,
  options: {
    match: SpecialValueMatch.NullAndNan,
    result: { text: NO_DATA, color: 'text', index: 0 },
  },
};

/** No text: a dash. */
export const NO_TEXT: ValueMapping = {
  type: MappingType.SpecialValue,
  options: { match: SpecialValueMatch.Empty, result: { text: NO_DATA, color: 'text', index: 1 } },
};

/** What a panel of one run says where it has nothing. */
export const NO_RUN = 'Nothing yet: click a run in the list above.';

/** A word for a stored value, with its colour. */
export type Word = readonly [text: string, color: string];

/** Stored values as people read them. */
export function wordsMapping(words: Readonly<Record<string, Word>>): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  };
}

/** How a run ended, in words. */
export const STATUS_WORDS: Readonly<Record<string, Word>> = {
  ok: ['ok', 'green'],
  error: ['error', 'red'],
  aborted: ['aborted', 'orange'],
  refused: ['refused', 'orange'],
  max_turns: ['max_turns', 'orange'],
  budget_exceeded: ['budget_exceeded', 'orange'],
  turn_limit: ['turn_limit', 'orange'],
  loop: ['loop', 'orange'],
  lost: ['abandoned', 'purple'],
};

/** Kinds of events, in words. */
export const EVENT_WORDS: Readonly<Record<string, Word>> = {
  'agent.run.started': ['▶ start', 'green'],
  'agent.model_call': ['● model call', 'blue'],
  'agent.tool_call': ['◆ tool call', 'purple'],
  'agent.note': ['✎ note', 'orange'],
  'agent.limit': ['⊘ limit', 'red'],
  'agent.run': ['■ end', 'text'],
};

/** Whether a tool call succeeded, in words. */
export const OK_WORDS: Readonly<Record<string, Word>> = {
  true: ['ok', 'green'],
  false: ['failed', 'red'],
};

/** Digits of an id that are shown; the whole is behind the link and in the inspector. */
const ID_DIGITS = 8;

/** An id by its first digits. */
export const SHORT_ID: ValueMapping = {
  type: MappingType.RegexToText,
  options: { pattern: `/^(.{${ID_DIGITS}}).+$/`, result: { text: '$1', index: 0 } },
};

/** Steps of colour by value. */
export function thresholdsConfig(steps: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** The same as a setting of some fields. */
export function thresholdsSetting(steps: readonly Threshold[]): DynamicConfigValue {
  return { id: 'thresholds', value: { mode: ThresholdsMode.Absolute, steps } };
}
