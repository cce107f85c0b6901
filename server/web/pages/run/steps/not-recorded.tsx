// What to do where no content was recorded.

import type { VNode } from 'preact';
import type { CallContent } from '../../../../queries/runs/read-content.ts';

export function NotRecorded({ content }: { content: CallContent | undefined }): VNode {
  if (content?.isCut === true)
    return (
      <p class="empty-line">
        Request and answer were too long to be recorded (more than a million characters).
      </p>
    );
  return (
    <p class="empty-line">
      Not recorded. To see what is sent and what comes back, start the agent with{' '}
      <code>TALLYSPAN_CONTENT=full</code>, or with <code>errors</code> for runs that fail; it is stored
      encrypted on this server. Content that other emitters put on their spans or logs is stored when the
      server itself is started with <code>TALLYSPAN_CONTENT=full</code>.
    </p>
  );
}
