// The form by which a person scores a run, with a mouse or by keys alone: good or not, a rating, a label, and why.

import type { VNode } from 'preact';
import { linkTo } from '../../parts/cells.tsx';
import { Panel } from '../../parts/panel.tsx';

export const REVIEW_PATH = '/review';
export const REVIEW_NEXT_PATH = '/review/next';
const RATINGS = [1, 2, 3, 4, 5] as const;

/** `data-key` names the key that presses a button or follows a link. */
export function ScoreForm({ runId }: { runId: string }): VNode {
  return (
    <Panel id="score-form" title="Score this run">
      <form class="filter form-box" method="post" action={REVIEW_PATH}>
        <input type="hidden" name="run" value={runId} />
        <button type="submit" name="score" value="helpful=true" data-key="g" title="Key: g">
          👍 Good
        </button>
        <button type="submit" name="score" value="helpful=false" data-key="b" title="Key: b">
          👎 Not good
        </button>
        {RATINGS.map((rating) => (
          <button
            key={rating}
            type="submit"
            name="score"
            value={`rating=${rating}`}
            data-key={String(rating)}
            title={`Key: ${rating}`}
            aria-label={`Rating ${rating} of 5`}
          >
            {rating}
          </button>
        ))}
        <label>
          Comment
          <input type="text" name="comment" maxlength={2000} size={30} data-key="c" />
        </label>
        <label>
          Label
          <input type="text" name="label" maxlength={100} size={12} />
        </label>
        <button type="submit">Add label</button>
        <a class="button" href={linkTo(REVIEW_NEXT_PATH, { after: runId })} data-key="]" title="Key: ]">
          Next to review
        </a>
      </form>
    </Panel>
  );
}
