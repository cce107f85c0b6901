// One session: its facts, and the turns of the conversation.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatCount } from '../../../../core/text/format.ts';
import { thingPath } from '../../../thing-path.ts';
import { linkTo } from '../../parts/cells.tsx';
import { ALL_TIME } from '../../../questions/stretch.ts';
import { TimePicker } from '../../parts/time-picker.tsx';
import { ContextCosts } from '../../parts/context-costs.tsx';
import { SessionCompactions } from './session-compactions.tsx';
import { SessionTurns } from './session-turns.tsx';
import type { SessionView } from './session-view.ts';

/** The time of the page without one in its address. */
export const SESSION_TIME = ALL_TIME;

export function SessionPage({ view }: { view: SessionView }): VNode {
  const { turns } = view;
  const users = [...new Set(turns.flatMap((turn) => turn['user.id'] ?? []))];
  const nested = turns.reduce((sum, turn) => sum + turn.nested.length, 0);
  return (
    <>
      <div class="head">
        <h1>
          Session <span class="mono">{view.session}</span>
        </h1>
        <span class="grow" />
        <a class="button" href={linkTo('/runs', { session: view.session, ...view.stretch.params })}>
          Its runs
        </a>
        <TimePicker
          stretch={view.stretch}
          path={`/sessions/${encodeURIComponent(view.session)}`}
          fallback={SESSION_TIME}
          zone={view.zone}
        />
      </div>
      <section class="card" aria-label="Facts">
        <dl class="facts">
          <div
            title={
              view.isListValue
                ? `What the calls would cost by the call: ${view.plan === null ? 'a plan' : `the plan ${view.plan}`} pays no single call`
                : undefined
            }
          >
            <dt>{view.isListValue ? 'List value' : 'Cost'}</dt>
            <dd class="big" data-signal="cost" data-value={view.costNanoUsd ?? ''}>
              {formatCost(view.costNanoUsd)}
            </dd>
          </div>
          {view.remainderNanoUsd > 0 && (
            <div title="Titles, recaps, compactions and side searches: Claude Code counted them, and its transcript does not hold them">
              <dt>Not in the transcript</dt>
              <dd class="big" data-signal="not_in_transcript_cost" data-value={view.remainderNanoUsd}>
                {formatCost(view.remainderNanoUsd)}
              </dd>
            </div>
          )}
          <div>
            <dt>Turns</dt>
            <dd class="big">
              {formatCount(turns.length)}
              {turns.length < view.turnsInAll && <small> of {formatCount(view.turnsInAll)}</small>}
            </dd>
          </div>
          {nested > 0 && (
            <div>
              <dt>Nested runs</dt>
              <dd class="big">{formatCount(nested)}</dd>
            </div>
          )}
          <div>
            <dt>Model calls</dt>
            <dd class="big" data-signal="model_calls" data-value={view.modelCalls ?? ''}>
              {formatCount(view.modelCalls)}
            </dd>
          </div>
          <div>
            <dt>Tool calls</dt>
            <dd class="big" data-signal="tool_calls" data-value={view.toolCalls ?? ''}>
              {formatCount(view.toolCalls)}
            </dd>
          </div>
          {view.project !== null && (
            <div>
              <dt>Folder</dt>
              <dd>
                <a href={linkTo('/runs', { project: view.project })}>{view.project}</a>
              </dd>
            </div>
          )}
          <div>
            <dt>{users.length > 1 ? 'Users' : 'User'}</dt>
            <dd>
              {users.length === 0
                ? NO_DATA
                : users.map((user) => (
                    <a key={user} class="listed" href={thingPath('user', user) ?? '/users'}>
                      {user}
                    </a>
                  ))}
            </dd>
          </div>
        </dl>
      </section>
      {turns.length === 0 ? (
        <div class="empty">No turn in this time. Choose a longer one.</div>
      ) : (
        <SessionTurns view={view} />
      )}
      <SessionCompactions view={view} />
      <ContextCosts owners={view.contextCosts} costNanoUsd={view.costNanoUsd ?? 0} />
    </>
  );
}
