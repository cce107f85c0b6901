// What the pages and the API share: the store and what is known of the running server.

import type { FastifyRequest } from 'fastify';
import type { AlertOverview } from '../alerting/alert-overview.ts';
import type { Alerter } from '../alerting/alerter.ts';
import type { ChannelTest } from '../alerting/channel-tests.ts';
import type { ExampleData } from '../example/example-data.ts';
import type { FindingsReport } from '../queries/findings/read-findings.ts';
import type { ForwardCounters } from '../forward/forwarder.ts';
import type { Intake } from '../intake/intake.ts';
import type { LimitKeeper } from '../limits/limit-keeper.ts';
import type { Access } from '../process/access.ts';
import type { ReportReader } from '../queries/diagnosis/kept-reports.ts';
import type { RunQueryable } from '../queries/runs/list-runs.ts';
import type { FeedbackDoor } from '../scores/feedback.ts';
import type { ScoreBook } from '../scores/record-scores.ts';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';
import type { SignIn } from './access/sign-in.ts';

export interface ServedContext {
  readonly database: Database & RunQueryable;
  readonly store: EventStore;
  readonly intake: Intake;
  /** What was handed on to others, where that is asked for. */
  readonly forwarded?: ForwardCounters | undefined;
  readonly access: Access;
  /** Limits of the day that processes share. */
  readonly limits: LimitKeeper;
  /** Addresses of proxies that are believed what they say of a request. */
  readonly trustedProxies?: readonly string[];
  readonly timezone: string;
  /** Addresses of traces in other back ends, with `{trace_id}` in them. */
  readonly traceUrls: readonly string[];
  /** What is known of alerts; undefined until alerting has started. */
  readonly readAlerts: () => AlertOverview | undefined;
  /** Rules, limits and silences, to be changed; undefined until alerting has started. */
  readonly alerter?: () => Alerter | undefined;
  /** Sends a test notice; undefined until alerting has started. */
  readonly testChannel: (name: string) => Promise<ChannelTest> | undefined;
  /** Where OTLP over gRPC listens, host:port; undefined until it does. */
  readonly grpcAddress: () => string | undefined;
  /** Where OTLP over HTTP listens, host:port; undefined until it does. */
  readonly httpAddress: () => string | undefined;
  /** How long events are kept; undefined where they are kept for ever. */
  readonly retentionMs?: number | undefined;
  /** Checks tokens of end users; undefined where feedback is off. */
  readonly feedbackDoor?: FeedbackDoor | undefined;
  /** The findings of the last hour; undefined before they were looked for. */
  readonly latestFindings?: () => FindingsReport | undefined;
  /** Services by the API key that is theirs alone. */
  readonly serviceOfKey?: ReadonlyMap<string, string> | undefined;
  /** Whether Claude Code is used under a plan, as the setting says; undefined: as Claude Code says. */
  readonly isClaudeOnPlan?: boolean | undefined;
  /** Whether the bill is fetched. */
  readonly hasAdminKey?: boolean;
  /** Example data that a browser can look at; undefined in the server that has it. */
  readonly example?: ExampleData | undefined;
  readonly log: (line: string) => void;
}

/** With what the answers to several requests share. */
export interface WebContext extends ServedContext {
  readonly signIn: SignIn;
  readonly readReport: ReportReader;
  readonly scores: ScoreBook;
}

/** Programs read JSON, people a page. */
export function isForPeople(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/html') && !request.url.startsWith('/api/');
}
