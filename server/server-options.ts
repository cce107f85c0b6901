// What the embedded server may be told when it starts; everything but the folder of the data has a default.

import type { Environment } from '../alerts/rules/setting.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';

export interface ServerOptions {
  /** Folder of the data; made when it is missing. */
  readonly dataDir: string;
  /** Address to listen on. Anything but loopback needs a token. */
  readonly host?: string;
  /** Port of the pages and the API; 0 picks a free one. */
  readonly uiPort?: number;
  readonly grpcPort?: number;
  readonly httpPort?: number;
  /** Events older than this are deleted; kept for ever when absent. */
  readonly retentionMs?: number;
  /** Recorded content older than this is deleted; with its events when absent. */
  readonly contentRetentionMs?: number;
  /** Bytes that stored rows may take; the oldest are deleted. No limit when absent. */
  readonly retentionBytes?: number;
  /** IANA zone of calendar days. */
  readonly timezone?: string;
  readonly token?: string;
  /** Secret that feedback tokens are signed with; without it there is no feedback. */
  readonly feedbackSecret?: string | undefined;
  /** Addresses of a trace in other back ends, with `{trace_id}` in each, separated by blanks. */
  readonly traceUrls?: string;
  /** Whether Claude Code is used under a plan; undefined: as it says itself. */
  readonly isClaudeOnPlan?: boolean | undefined;
  /** Proxies that are believed which address a request came from, and by TLS or not: addresses, networks, `loopback`. */
  readonly trustedProxies?: string;
  /** Prices that go before the list's, for what others report: spans, and the logs of Claude Code. */
  readonly priceOverrides?: PriceOverrides | undefined;
  /** A run without an end is lost after this time without an event. */
  readonly lostAfterMs?: number;
  /** A run is not lost before its start was here for this time: old history comes run by run. */
  readonly importPatienceMs?: number;
  /** A prompt of Claude Code is over when nothing came for this time after its last answer. */
  readonly claudeIdleMs?: number;
  /** `full` keeps what others put on their spans as it came; `none`, the default, only what is known to be harmless. */
  readonly content?: 'none' | 'full';
  /** OTLP over HTTP that gets the events which the server made of spans and logs of others. */
  readonly forwardUrl?: string;
  /** Headers of what is sent there. */
  readonly forwardHeaders?: Readonly<Record<string, string>>;
  /** How long after its end what others sent of a run is handed on. */
  readonly forwardSettleMs?: number;
  /** Variables that hold thresholds and channels of alerts; without them no channel. */
  readonly alertEnv?: Environment;
  /** Variables of the reconciliation with the bill; without them the bill is not fetched. */
  readonly billingEnv?: Environment;
  /** How often findings are looked for. */
  readonly findingsEveryMs?: number;
  /** Whether this is the server of the example data. */
  readonly isExample?: boolean;
  /** How long after the start the bill is fetched. */
  readonly billingAfterMs?: number;
  readonly log: (line: string) => void;
}
