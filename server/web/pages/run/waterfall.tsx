// The waterfall: when a step ran within its run, as one bar per row.

import type { VNode } from 'preact';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import { isFailedStep, numberIn } from './step-facts.ts';

const WIDTH = 400;
const HEIGHT = 18;
const NARROWEST = 3;

export function Waterfall({ step, lengthMs }: { step: RunStep; lengthMs: number }): VNode {
  const scale = WIDTH / lengthMs;
  const x = Math.min(WIDTH - NARROWEST, step.offset_ms * scale);
  const durationMs = numberIn(step, 'duration_ms') ?? 0;
  const width = Math.max(NARROWEST, Math.min(WIDTH - x, durationMs * scale));
  const ttftMs = numberIn(step, 'ttft_ms');
  const look = step.step === 'model_call' ? 'model' : step.step === 'tool_call' ? 'tool' : 'note';
  return (
    <svg class="fall" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width={WIDTH} height={HEIGHT} rx="3" />
      <rect class={isFailedStep(step) ? 'bad' : look} x={x} y="3" width={width} height={HEIGHT - 6} rx="2" />
      {ttftMs !== undefined && durationMs > 0 && (
        <rect class="ttft" x={x} y="3" width={Math.min(width, ttftMs * scale)} height={HEIGHT - 6} rx="2" />
      )}
    </svg>
  );
}
