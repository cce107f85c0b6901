// Places of the board of one run: its page, and the tree that the page shows.

import { shownNumbers, type Embedded } from '../embedded.ts';
import { factOf, tableAfter } from './page-text.ts';
import {
  at,
  cost,
  count,
  differ,
  duration,
  labelsOf,
  numberIn,
  only,
  percent,
  type Place,
  type ShownPanel,
  type Text,
} from './place.ts';

type Step = Readonly<Record<string, unknown>>;
interface Tree extends Step {
  readonly steps: readonly Step[];
}

async function treeOf(panel: ShownPanel, server: Embedded): Promise<Tree> {
  return server.json<Tree>(`/api/runs/${panel.run}`);
}

async function stepsOf(panel: ShownPanel, server: Embedded, kind: string): Promise<readonly Step[]> {
  const { steps } = await treeOf(panel, server);
  return steps.filter((step) => step['step'] === kind && step['tallyspan.duplicate'] !== true);
}

export function fact(name: string, text: Text): Place {
  return at(`/runs/:id, ${name}`, async (panel, server) =>
    differ(name, text(only(panel)), factOf(await server.page(`/runs/${panel.run}`), name)),
  );
}

export function runEnd(): Place {
  return at('/runs/:id, facts', async (panel, server) => {
    const labels = panel.answers[0]?.frames[0]?.labels ?? {};
    const page = await server.page(`/runs/${panel.run}`);
    return [
      ...differ('Time', duration(numberIn(labels, 'duration_ms')), factOf(page, 'Time')),
      ...differ('Cost', cost(numberIn(labels, 'agent_cost_usd')), factOf(page, 'Cost')),
      ...differ('Turns', count(numberIn(labels, 'agent_turns')), factOf(page, 'Turns')),
      ...differ('Task', labels['agent_task_type'] ?? '–', factOf(page, 'Task')),
      ...differ('Session', labels['gen_ai_conversation_id'] ?? '–', factOf(page, 'Session')),
    ];
  });
}

/** The sum of a number over the steps; with `ratio` over their count. */
export function ofSteps(kind: string, number: (step: Step) => number, ratio?: 1): Place {
  return at('/runs/:id, steps', async (panel, server) => {
    const steps = await stepsOf(panel, server, kind);
    const sum = steps.reduce((so, step) => so + number(step), 0);
    const expected = ratio === undefined ? sum : sum / steps.length;
    return differ(kind, String(only(panel) ?? 0), String(Number.isNaN(expected) ? 0 : expected));
  });
}

export function cacheOfSteps(): Place {
  return at('/runs/:id, steps', async (panel, server) => {
    const sums = { read: 0, all: 0 };
    for (const step of await stepsOf(panel, server, 'model_call')) {
      sums.read += Number(step['tokens_cache_read'] ?? 0);
      sums.all += Number(step['gen_ai.usage.input_tokens'] ?? 0);
    }
    return differ('cache', percent(only(panel)), percent(sums.all === 0 ? undefined : sums.read / sums.all));
  });
}

/** Events that took no time; the page leaves it out. */
const MOMENTS: ReadonlySet<string | undefined> = new Set(['agent.note', 'agent.limit']);

/** Rows of the page tell time and cost of each step; starts and ends of runs are no steps there. */
export function runEvents(): Place {
  return at('/runs/:id, steps', async (panel, server) => {
    const rows = tableAfter(await server.page(`/runs/${panel.run}`), 'id="steps"');
    const shown = rows.map((row) => `${row.get('Time')?.text} ${row.get('Cost')?.text}`);
    const own = (panel.answers[0]?.frames ?? [])
      .filter(({ labels }) => !(labels['event_name'] ?? '').startsWith('agent.run'))
      .map(({ labels }) => {
        const isCall = labels['event_name'] === 'agent.model_call';
        const durationMs = numberIn(labels, 'duration_ms');
        const isMoment = MOMENTS.has(labels['event_name']) && durationMs === undefined;
        return `${isMoment ? '' : duration(durationMs)} ${isCall ? cost(numberIn(labels, 'cost_usd')) : ''}`;
      });
    const counted = shown.filter((text) => !text.endsWith('counted before'));
    return rows.length === 0
      ? ['no step']
      : differ('steps', own.sort().join('\n'), counted.sort().join('\n'));
  });
}

export function failedCalls(): Place {
  return at('/runs/:id, failed steps', async (panel, server) => {
    const { steps } = await treeOf(panel, server);
    const shown = steps
      .filter((step) => step['step'] === 'tool_call' && step['tool.ok'] === false)
      .map((step) => {
        const reader = steps.find((one) => one['span_id'] === step['read_by']);
        return `${textIn(step, 'gen_ai.tool.name')} → ${textIn(reader, 'gen_ai.response.model')}`;
      });
    const own = (panel.answers[0]?.frames ?? []).map(
      ({ labels }) => `${labels['gen_ai_tool_name']} → ${labels['gen_ai_response_model'] ?? '–'}`,
    );
    return shown.length === 0 ? ['no failed call'] : differ('calls', own.sort().join(), shown.sort().join());
  });
}

export function failedToolCalls(): Place {
  return at('/runs/:id of each row, failed steps', async (panel, server) => {
    const frames = panel.answers[0]?.frames ?? [];
    const faults = await Promise.all(
      frames.map(async ({ labels }) => {
        const { steps } = await server.json<Tree>(`/api/runs/${labels['agent_run_id']}`);
        const isThere = steps.some(
          (step) =>
            step['tool.ok'] === false &&
            step['gen_ai.tool.name'] === labels['gen_ai_tool_name'] &&
            String(step['duration_ms']) === labels['duration_ms'],
        );
        return isThere ? [] : [`run ${labels['agent_run_id']} has no failed ${labels['gen_ai_tool_name']}`];
      }),
    );
    return frames.length === 0 ? ['no row'] : faults.flat();
  });
}

export function costByStep(): Place {
  return at('/runs/:id, Cost of each step', async (panel, server) => {
    const sums = new Map<string, number>();
    for (const step of await stepsOf(panel, server, 'model_call')) {
      if (typeof step['cost_nano_usd'] !== 'number') continue;
      const name = String(step['agent.step_number']);
      sums.set(name, (sums.get(name) ?? 0) + step['cost_nano_usd'] / 1e9);
    }
    return sameGroups(panel, sums);
  });
}

export function costByTool(): Place {
  return at('/runs/:id, Carried and its rest', async (panel, server) => {
    const sums = new Map<string, number>();
    for (const step of await stepsOf(panel, server, 'model_call')) {
      for (const row of (step['tool_costs'] ?? []) as Step[]) {
        const name = String(row['gen_ai.tool.name']);
        sums.set(name, (sums.get(name) ?? 0) + Number(row['cost_nano_usd']) / 1e9);
      }
    }
    return sameGroups(panel, sums);
  });
}

function sameGroups(panel: ShownPanel, sums: ReadonlyMap<string, number>): string[] {
  const [answer] = panel.answers;
  if (answer?.source.kind !== 'signal') throw new Error('this panel shows no signal');
  const own = shownNumbers(answer.frames, labelsOf(answer.source));
  return own.size === 0 ? ['no group'] : differ('groups', groupsText(own), groupsText(sums));
}

function groupsText(numbers: ReadonlyMap<string, number>): string {
  return [...numbers]
    .map(([name, value]) => `${name} ${value.toFixed(9)}`)
    .sort()
    .join('\n');
}

function textIn(step: Step | undefined, key: string): string {
  const value = step?.[key];
  return typeof value === 'string' ? value : '–';
}
