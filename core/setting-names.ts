// Names of settings: the variables of the environment that begin with TALLYSPAN_, by who reads them. Programs of ours
// share an environment, so each knows the names of all; what begins so and is none of them is a slip.

import { LIMIT_SETTING_NAMES } from './limits/limit-settings.ts';
import { nearestOf } from './text/nearest.ts';

/** Read by the preload in the agent's process. */
const PRELOAD_SETTING_NAMES = [
  'TALLYSPAN_FILE',
  'TALLYSPAN_CONTENT',
  'TALLYSPAN_CONTENT_OVER_USD',
  'TALLYSPAN_PRICES',
  'TALLYSPAN_REPORT',
  'TALLYSPAN_SPOOL',
  'TALLYSPAN_LOG',
  'TALLYSPAN_USER_ID',
  'TALLYSPAN_SESSION_ID',
  'TALLYSPAN_TASK_TYPE',
  'TALLYSPAN_RECEIPT',
  'TALLYSPAN_FEEDBACK_SECRET',
] as const;
export type PreloadSettingName = (typeof PRELOAD_SETTING_NAMES)[number];

/** Read by commands, the embedded server and the compose stack. */
const PROGRAM_SETTING_NAMES: readonly string[] = [
  'TALLYSPAN_ADMIN_API_URL',
  'TALLYSPAN_BILLING_KEYS',
  'TALLYSPAN_CLAUDE_PLAN',
  'TALLYSPAN_ENDPOINT',
  'TALLYSPAN_FORWARD_HEADERS',
  'TALLYSPAN_ITEM_ID',
  'TALLYSPAN_ITEM_INPUT',
  'TALLYSPAN_JUDGE_API_KEY',
  'TALLYSPAN_JUDGE_BASE_URL',
  'TALLYSPAN_LIMIT_WAIT_MS',
  'TALLYSPAN_PACKAGE',
  'TALLYSPAN_PORT',
  'TALLYSPAN_STATUSLINE_WAIT_MS',
  'TALLYSPAN_TOKEN',
  'TALLYSPAN_TRACE_URL',
  'TALLYSPAN_TRUSTED_PROXY',
  'TALLYSPAN_URL',
];

const SETTING_NAMES: readonly string[] = [
  ...PRELOAD_SETTING_NAMES,
  ...LIMIT_SETTING_NAMES,
  ...PROGRAM_SETTING_NAMES,
];

/** Values of `TALLYSPAN_CONTENT`. */
export const CONTENT_MODES = ['none', 'tools', 'errors', 'full'] as const;
export type ContentMode = (typeof CONTENT_MODES)[number];

/** A line for each variable that begins like ours and is no setting, with the one that was probably meant. */
export function unknownSettings(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('TALLYSPAN_') && !SETTING_NAMES.includes(name))
    .map((name) => {
      const nearest = nearestOf(name, SETTING_NAMES);
      return `${name} is not a setting.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`;
    });
}
