// The time line of a run: a small overview of the whole with the stretch that is looked at, an axis, and the ways to look
// closer. Each stretch is a link, so that it works without a hand on the mouse; with one, a stretch can be dragged.

import type { VNode } from 'preact';
import { formatDuration } from '../../../../core/text/format.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import type { CriticalPath } from './critical-path.ts';
import { runLink } from './run-address.ts';
import type { RunView } from './run-view.ts';
import { endOffsetMs, isFailedStep } from './steps/step-facts.ts';

const WIDTH = 1000;
const LANES = { model: 4, tool: 16, critical: 28 } as const;
const LANE_HEIGHT = 9;
const HEIGHT = 40;
/** Shapes of one lane: neighbours that would touch are one. */
const BINS = 500;
const STRETCHES = 20;

/** What is looked at, milliseconds from the start of the run. */
export interface RunStretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export function TimeLine({
  view,
  lengthMs,
  path,
}: {
  view: RunView;
  lengthMs: number;
  path: CriticalPath;
}): VNode | null {
  const { outline } = view.data;
  const { address } = view;
  const { steps } = outline;
  if (steps.length < 2) return null;
  const isZoomed = address.from !== undefined || address.to !== undefined;
  const stretch = runStretchOf(view, lengthMs);
  const scale = WIDTH / lengthMs;
  const lane = (name: keyof typeof LANES, of: readonly RunStep[]): VNode => (
    <path class={name} d={barsPath(of, lengthMs, LANES[name])} />
  );
  return (
    <div class="timeline" data-length={Math.round(lengthMs)}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" class="whole" aria-hidden="true">
        <rect class="track" width={WIDTH} height={HEIGHT} />
        {lane(
          'model',
          steps.filter((step) => step.step === 'model_call'),
        )}
        {lane(
          'tool',
          steps.filter((step) => step.step === 'tool_call'),
        )}
        {lane('critical', [...path.steps])}
        <path class="bad" d={barsPath(steps.filter(isFailedStep), lengthMs, 0, HEIGHT)} />
        {isZoomed && (
          <rect
            class="window"
            x={stretch.fromMs * scale}
            width={Math.max(2, (stretch.toMs - stretch.fromMs) * scale)}
            height={HEIGHT}
          />
        )}
      </svg>
      <div class="stretches">
        {Array.from({ length: STRETCHES }, (_, index) => {
          const from = (lengthMs * index) / STRETCHES;
          const to = (lengthMs * (index + 1)) / STRETCHES;
          return (
            <a
              key={index}
              data-part
              href={runLink(outline['agent.run_id'], address, { from, to, offset: undefined })}
              aria-label={`Look at ${formatDuration(from)} to ${formatDuration(to)}`}
              title={`${formatDuration(from)} – ${formatDuration(to)}`}
            />
          );
        })}
      </div>
      {isZoomed && (
        <p class="zoomed">
          Looking at {formatDuration(stretch.fromMs)} – {formatDuration(stretch.toMs)} of{' '}
          {formatDuration(lengthMs)}.{' '}
          <a
            data-part
            href={runLink(outline['agent.run_id'], address, {
              from: undefined,
              to: undefined,
              offset: undefined,
            })}
          >
            Whole run
          </a>
        </p>
      )}
    </div>
  );
}

export function runStretchOf({ address }: RunView, lengthMs: number): RunStretch {
  const fromMs = Math.min(address.from ?? 0, lengthMs - 1);
  return {
    fromMs: Math.max(0, fromMs),
    toMs: Math.max(fromMs + 1, Math.min(address.to ?? lengthMs, lengthMs)),
  };
}

/** One path for all bars of a lane. */
function barsPath(steps: readonly RunStep[], lengthMs: number, y: number, height = LANE_HEIGHT): string {
  const filled = new Uint8Array(BINS);
  for (const step of steps) {
    const first = Math.min(BINS - 1, Math.floor((step.offset_ms / lengthMs) * BINS));
    const last = Math.min(BINS - 1, Math.max(first, Math.ceil((endOffsetMs(step) / lengthMs) * BINS) - 1));
    filled.fill(1, first, last + 1);
  }
  const width = WIDTH / BINS;
  let d = '';
  for (let at = 0; at < BINS; at++) {
    if (filled[at] === 0) continue;
    const from = at;
    while (at + 1 < BINS && filled[at + 1] === 1) at += 1;
    d += `M${from * width} ${y}h${(at + 1 - from) * width}v${height}H${from * width}z`;
  }
  return d;
}

const TICKS = 4;

/** Moments along the waterfall, from the start of the run. */
export function Axis({ fromMs, toMs }: RunStretch): VNode {
  return (
    <span class="axis">
      {Array.from({ length: TICKS + 1 }, (_, index) => (
        <span key={index}>{formatDuration(fromMs + ((toMs - fromMs) * index) / TICKS)}</span>
      ))}
    </span>
  );
}
