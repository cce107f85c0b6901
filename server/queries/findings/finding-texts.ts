// What is said of each kind of finding: what it is, what its amount assumes, the fix, and how to see that it worked.

import type { WasteKind } from '../../../core/findings/find-waste.ts';

export type FindingKind =
  WasteKind | 'unused_tool' | 'tool_context' | 'instructions' | 'compaction' | 'cost_change';

interface FindingText {
  readonly title: (subject: string) => string;
  readonly assumed: string;
  readonly fix: (subject: string) => string;
  readonly verify: string;
}

const CAUSES: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  model_changed: ['the model changes within a conversation', 'Keep one model and speed for a conversation.'],
  tools_reordered: ['tools come in another order', 'Sort the tool definitions before each request.'],
  tools_changed: ['tool definitions change', 'Send the same tools on every call of a conversation.'],
  system_changed: [
    'the system prompt changes',
    'Move what changes (a time, a name, an id) out of the system prompt into the last user message.',
  ],
  settings_changed: [
    'settings change',
    'Keep tool choice, thinking and output format the same within a conversation.',
  ],
  ttl_expired: [
    'conversations rest for longer than its hour',
    'Begin a new conversation after a long rest, or compact before it (/compact in Claude Code).',
  ],
  messages_changed: [
    'earlier messages change',
    'Append to the history; do not edit or shorten it on every call.',
  ],
};

export const FINDING_TEXTS: Readonly<Record<FindingKind, FindingText>> = {
  no_cache: {
    title: () => 'Prompts are sent again without the cache',
    assumed: 'Each call writes what is new to the five-minute cache and reads what the call before it sent.',
    fix: () => 'Set cache_control on the last tool, the system prompt and the last message.',
    verify: 'The cache hit ratio of the agent rises above 60 % within a day.',
  },
  cache_lifetime: {
    title: () => 'The cache expires between calls',
    assumed: 'All cache writes are for one hour, and what expired within the hour is read.',
    fix: () => 'Set the ttl of cache_control to "1h".',
    verify: 'Calls after a pause of more than five minutes read from the cache.',
  },
  cache_broken: {
    title: (cause) => `The cache is lost: ${CAUSES[cause]?.[0] ?? cause}`,
    assumed: 'What the call before had in the cache would have been read.',
    fix: (cause) => CAUSES[cause]?.[1] ?? 'Keep the beginning of the prompt the same.',
    verify: 'No further call loses its cache by this cause.',
  },
  tool_retries: {
    title: (tool) => `The tool ${tool} is called again after it failed`,
    assumed:
      'Without the failure the call that asked again would not have been made; shared by its tool calls.',
    fix: (tool) => `Say in the error result of ${tool} what to do differently, or fix what fails behind it.`,
    verify: 'The retry rate of the tool falls to zero.',
  },
  loop: {
    title: () => 'Runs go on after they were seen to loop',
    assumed: 'The run would have been stopped at the note.',
    fix: () => 'Stop the run at the loop_suspected note, or set a limit on repeated tool calls.',
    verify: 'No run makes a model call after such a note.',
  },
  cut_answers: {
    title: () => 'Answers are cut at max_tokens',
    assumed: 'A cut answer is of no use: the whole call is lost.',
    fix: () => 'Raise max_tokens, or ask for shorter answers.',
    verify: 'No further call ends with max_tokens.',
  },
  refusals: {
    title: () => 'Refused answers are paid for',
    assumed: 'The requests that were refused would not have been made.',
    fix: () => 'See what the refused runs were asked for, and answer such requests without the model.',
    verify: 'No further call ends with refusal.',
  },
  tool_context: {
    title: (tool) => `Results of ${tool} stay in the context`,
    assumed: 'Each result would be in the context of the call that reads it first, and of none after it.',
    fix: (tool) =>
      `Ask ${tool} for less (a range, a limit, fewer fields), or leave it to a sub-agent, whose context ends with it.`,
    verify: 'Its share of the context cost falls.',
  },
  instructions: {
    title: () => 'CLAUDE.md is paid for with every call',
    assumed: 'The files would be half as long.',
    fix: () =>
      'Shorten CLAUDE.md, and move what few tasks need into files of folders or skills, which are read when they are needed.',
    verify: 'The context cost of CLAUDE.md falls by half.',
  },
  compaction: {
    title: () => 'Compactions cost more than they save',
    assumed: 'Without it the calls that followed would have read what the summary left out from the cache.',
    fix: () => 'Begin a new conversation (/clear) where the task ends, and compact only what goes on.',
    verify: 'Compactions save more than they cost, or there are none.',
  },
  unused_tool: {
    title: (tool) => `The tool ${tool} is defined and never used`,
    assumed: 'Its share, by estimated tokens, of what the tool definitions cost.',
    fix: (tool) => `Leave ${tool} out of the requests, or load it when it is needed.`,
    verify: 'The tool is no longer in the list of unused tools.',
  },
  cost_change: {
    title: (title) => title,
    assumed: 'The week before is what the week would have cost without the change.',
    fix: () => 'See the page Cost change.',
    verify: 'The cause is gone from the comparison with the week before.',
  },
};
