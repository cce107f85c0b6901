// What Claude Code was used for: its sums, skills, MCP servers and compactions; projects, sessions and tools have pages
// of their own.

import type { VNode } from 'preact';
import type { Compaction } from '../../../../core/findings/compactions.ts';
import { formatCost, formatCount, formatDuration, formatPercent } from '../../../../core/text/format.ts';
import type { ClaudeCodeSums, ServerUse, SkillUse } from '../../../queries/claude-code/read-use.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { linkTo, Missing } from '../../parts/cells.tsx';
import { countColumn, moneyColumn, nameColumn, tokensColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { CompactionTable } from '../../parts/compaction-table.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';

export const CLAUDE_CODE_PATH = '/claude-code';
/** The time of the page without one in its address. */
export const CLAUDE_CODE_TIME = '7d';
const COMPACTIONS_SHOWN = 50;

export interface ClaudeCodeView {
  readonly sums: ClaudeCodeSums;
  /** By the setting; undefined: by what Claude Code says of its sessions. */
  readonly isOnPlan: boolean | undefined;
  readonly skills: readonly SkillUse[];
  readonly servers: readonly ServerUse[];
  /** The most expensive first. */
  readonly compactions: readonly Compaction[];
  readonly stretch: Stretch;
  /** Zone of the server. */
  readonly zone: string;
  readonly now: number;
}

export function ClaudeCodePage({ view }: { view: ClaudeCodeView }): VNode {
  const { stretch } = view;
  return (
    <>
      <div class="head">
        <h1>Claude Code</h1>
        <span class="grow" />
        <a class="button" href={linkTo('/projects', { ...stretch.params })}>
          Projects
        </a>
        <a class="button" href={linkTo('/sessions', { ...stretch.params })}>
          Sessions
        </a>
        <a class="button" href={linkTo('/tools', { ...stretch.params })}>
          Tools
        </a>
        <TimePicker stretch={stretch} path={CLAUDE_CODE_PATH} fallback={CLAUDE_CODE_TIME} zone={view.zone} />
      </div>
      <Sums sums={view.sums} isOnPlan={view.isOnPlan} />
      <Skills skills={view.skills} />
      <Servers servers={view.servers} />
      <Compactions view={view} />
    </>
  );
}

function Sums({ sums, isOnPlan }: Pick<ClaudeCodeView, 'sums' | 'isOnPlan'>): VNode {
  const { costNanoUsd, remainderNanoUsd } = sums;
  const isEmpty = sums.modelCalls === 0 && remainderNanoUsd === 0;
  const { listValueNanoUsd } = sums;
  const isListValue = isOnPlan ?? (costNanoUsd > 0 && listValueNanoUsd === costNanoUsd);
  return (
    <section class="card" aria-label="Facts">
      <dl class="facts">
        <div
          title={
            isListValue ? 'What the calls would cost by the call: a plan pays no single call' : undefined
          }
        >
          <dt>{isListValue ? 'List value' : 'Cost'}</dt>
          <dd class="big" data-value={costNanoUsd}>
            {formatCost(isEmpty ? null : costNanoUsd)}
          </dd>
        </div>
        {!isListValue && listValueNanoUsd > 0 && (
          <div title="Part of the cost: of sessions that are used under a plan, which pays no single call">
            <dt>Of it list value</dt>
            <dd class="big" data-value={listValueNanoUsd}>
              {formatCost(listValueNanoUsd)}
            </dd>
          </div>
        )}
        {remainderNanoUsd > 0 && (
          <div title="Titles, recaps, compactions and side searches: Claude Code counted them, and its transcripts do not hold them">
            <dt>Not in the transcripts</dt>
            <dd class="big" data-value={remainderNanoUsd}>
              {formatCost(remainderNanoUsd)}
            </dd>
          </div>
        )}
        <div>
          <dt>Sessions</dt>
          <dd class="big">{formatCount(sums.sessions)}</dd>
        </div>
        <div>
          <dt>Model calls</dt>
          <dd class="big">{formatCount(sums.modelCalls)}</dd>
        </div>
      </dl>
    </section>
  );
}

const SKILL_COLUMNS: readonly DataColumn<SkillUse>[] = [
  nameColumn('skill', 'Skill', ({ skill }) => skill),
  moneyColumn('cost_usd', 'Cost', (each) => each.costNanoUsd, {
    attributes: (each) => ({ 'data-value': each.costNanoUsd ?? '' }),
  }),
  countColumn('sessions', 'Sessions', ({ sessions }) => sessions),
  countColumn('model_calls', 'Calls', ({ modelCalls }) => modelCalls),
  tokensColumn('tokens_in', 'Input tokens', ({ tokensInput }) => tokensInput),
  tokensColumn('tokens_out', 'Output tokens', ({ tokensOutput }) => tokensOutput),
];

function Skills({ skills }: { skills: readonly SkillUse[] }): VNode {
  return (
    <Panel id="skills" title="Skills" sub="model calls that were made in a skill, most expensive first">
      {skills.length === 0 ? (
        <div class="empty">No call was made in a skill in this time.</div>
      ) : (
        <DataTable
          id="skills"
          name="skills"
          rows={skills}
          keyOf={({ skill }) => skill}
          rowAttributes={({ skill }) => ({ 'data-skill': skill })}
          columns={SKILL_COLUMNS}
        />
      )}
    </Panel>
  );
}

/** Null where no call of it was recorded. */
function failedShare({ failed, calls }: ServerUse): number | null {
  return calls === 0 ? null : failed / calls;
}

const SERVER_COLUMNS: readonly DataColumn<ServerUse>[] = [
  nameColumn('server', 'Server', ({ server }) => server),
  moneyColumn('context_cost_usd', 'Context cost', (each) => each.contextNanoUsd, {
    why: 'Nobody reported what was in the context of its calls',
    attributes: (each) => ({ 'data-value': each.contextNanoUsd ?? '' }),
  }),
  countColumn('tools', 'Tools', ({ tools }) => tools, { help: 'Tools of it that were called' }),
  countColumn('calls', 'Calls', ({ calls }) => calls),
  {
    id: 'failed_share',
    title: 'Failed',
    isNumber: true,
    value: failedShare,
    cell: (each) => (each.calls === 0 ? '' : formatPercent(failedShare(each))),
  },
  {
    id: 'p95_ms',
    title: 'p95',
    help: '95th percentile of the time of a call',
    isNumber: true,
    value: ({ durationP95Ms }) => durationP95Ms,
    cell: ({ durationP95Ms }) =>
      durationP95Ms === null ? <Missing why="No call of it was recorded" /> : formatDuration(durationP95Ms),
  },
];

function Servers({ servers }: { servers: readonly ServerUse[] }): VNode {
  return (
    <Panel
      id="servers"
      title="MCP servers"
      sub="context cost is what keeping the calls and results of their tools in the context cost (estimated)"
    >
      {servers.length === 0 ? (
        <div class="empty">No tool of an MCP server was called in this time.</div>
      ) : (
        <DataTable
          id="servers"
          name="MCP servers"
          rows={servers}
          keyOf={({ server }) => server}
          rowAttributes={({ server }) => ({ 'data-server': server })}
          columns={SERVER_COLUMNS}
        />
      )}
    </Panel>
  );
}

function Compactions({ view }: { view: ClaudeCodeView }): VNode {
  const { compactions } = view;
  const cost = compactions.reduce((sum, each) => sum + each.costNanoUsd, 0);
  const saved = compactions.reduce((sum, each) => sum + each.savedNanoUsd, 0);
  return (
    <Panel
      id="compactions"
      title="Compactions"
      sub={
        compactions.length === 0
          ? 'a summary takes the place of what was said before'
          : `${formatCount(compactions.length)} in all cost ${formatCost(cost)} and saved ${formatCost(saved)}; both are estimates`
      }
    >
      {compactions.length === 0 ? (
        <div class="empty">No session was compacted in this time.</div>
      ) : (
        <CompactionTable
          compactions={compactions.slice(0, COMPACTIONS_SHOWN)}
          place="session"
          timezone={view.stretch.timezone}
          now={view.now}
        />
      )}
    </Panel>
  );
}
