// Profiles of the agents in the generated history: what they run on, how often, and with which tools.

export interface ToolProfile {
  readonly name: string;
  readonly resultTokens: number;
  readonly durationMs: number;
  readonly failureRate: number;
}

export interface AgentProfile {
  readonly name: string;
  readonly task: string;
  readonly model: string;
  readonly runsPerHour: number;
  readonly meanTurns: number;
  readonly systemTokens: number;
  readonly toolDefinitionTokens: number;
  /** Milliseconds per output token. */
  readonly pace: number;
  readonly tools: readonly ToolProfile[];
}

const SEARCH: ToolProfile = { name: 'search_docs', resultTokens: 3200, durationMs: 420, failureRate: 0.02 };

export const AGENTS: readonly AgentProfile[] = [
  {
    name: 'support',
    task: 'answer_ticket',
    model: 'claude-sonnet-5-5',
    runsPerHour: 9,
    meanTurns: 4,
    systemTokens: 4100,
    toolDefinitionTokens: 1100,
    pace: 8,
    tools: [
      SEARCH,
      { name: 'lookup_order', resultTokens: 180, durationMs: 60, failureRate: 0.03 },
      { name: 'refund', resultTokens: 60, durationMs: 190, failureRate: 0.06 },
    ],
  },
  {
    name: 'research',
    task: 'write_report',
    model: 'claude-opus-5-5',
    runsPerHour: 1.5,
    meanTurns: 8,
    systemTokens: 6200,
    toolDefinitionTokens: 1200,
    pace: 16,
    tools: [SEARCH, { name: 'fetch_page', resultTokens: 4100, durationMs: 1300, failureRate: 0.08 }],
  },
  {
    name: 'triage',
    task: 'label_mail',
    model: 'claude-haiku-5-5',
    runsPerHour: 14,
    meanTurns: 2,
    systemTokens: 1700,
    toolDefinitionTokens: 400,
    pace: 4,
    tools: [{ name: 'set_label', resultTokens: 20, durationMs: 25, failureRate: 0.005 }],
  },
];

const HOUR_MS = 3_600_000;

/** Share of the mean load at a moment: quiet nights and weekends. */
export function loadAt(timeMs: number): number {
  const day = new Date(timeMs).getUTCDay();
  const hour = (timeMs % (24 * HOUR_MS)) / HOUR_MS;
  const byHour = 0.25 + 1.5 * Math.max(0, Math.sin(((hour - 5) / 24) * 2 * Math.PI));
  return byHour * (day === 0 || day === 6 ? 0.55 : 1);
}
