// The alerter: checks the rules on time, moves the alerts on, and hands notices to delivery.
// The rules, the judgement and the states are pure and live in alerts/rules; here is the clock.

import { advanceRule } from '../../alerts/rules/advance-rule.ts';
import { RULES } from '../../alerts/rules/all-rules.ts';
import type { AlertState, Telling } from '../../alerts/rules/alert-state.ts';
import { judgeRule } from '../../alerts/rules/judgement.ts';
import { composeNotice, type Notice } from '../../alerts/rules/notice.ts';
import { isQuietTime, type AlertConfig } from '../../alerts/rules/policy.ts';
import { intervalOf, questionOf, readingOfResult } from '../../alerts/rules/reading.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { heardOf, isKnownToFire } from '../../alerts/rules/silence.ts';
import { messageOf } from '../process/server-error.ts';
import { readListValueOfSignal, type PlanQueryable } from '../queries/list-value.ts';
import type { ChunkQueryable } from '../store/file/database.ts';
import type { SettingValues } from '../../alerts/rules/setting.ts';
import { AlertChanges } from './alert-changes.ts';
import { backtestRule, type Backtest } from './backtest.ts';
import { OwnRules } from './own-rules.ts';
import { takeAlertFile, writeAlertFile, type AlertMemory } from './alert-file.ts';
import { overviewOf, type AlertOverview } from './alert-overview.ts';
import { ChannelTests } from './channel-tests.ts';
import type { Channel } from './channels/channel.ts';
import { findContributors, type ReadSignalOf } from './contributors.ts';
import { Deliverer, type DeliveryTiming } from './delivery.ts';
import { findReasons } from './reasons.ts';
import { findRunBehind } from './run-behind.ts';

export interface AlerterOptions {
  readonly config: AlertConfig;
  readonly channels: readonly Channel[];
  readonly dataDir: string;
  /** Limits and silences of the page. */
  readonly changes?: AlertChanges;
  readonly own?: OwnRules;
  readonly database: ChunkQueryable & PlanQueryable;
  readonly read: ReadSignalOf;
  /** Address of the pages, without a slash at the end; links in notices begin with it. */
  readonly pageUrl: string;
  readonly timing?: DeliveryTiming;
  readonly log: (line: string) => void;
}

/** The clock ticks at multiples of this; every rule's interval is one. */
const TICK_MS = 10_000;
const NOTICES_KEPT = 100;

export class Alerter {
  readonly #options: AlerterOptions;
  readonly #builtIn: readonly Rule[];
  readonly #deliverer: Deliverer;
  readonly #statesByRule = new Map<string, readonly AlertState[]>();
  readonly #checkedMs = new Map<string, number>();
  /** The same by a clock that nobody sets, ms. */
  readonly #checkedAt = new Map<string, number>();
  readonly #faults = new Map<string, string>();
  #notices: readonly Notice[];
  /** Limits and silences, which the page changes. */
  readonly changes: AlertChanges;
  /** Rules that were made on the page or come with the environment. */
  readonly own: OwnRules;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #isUnsaved = false;
  #isClosed = false;
  /** Test notices, and how the last ones went. */
  readonly tests: ChannelTests;

  private constructor(options: AlerterOptions, memory: AlertMemory) {
    const { config, channels, timing } = options;
    this.#options = options;
    this.changes = options.changes ?? new AlertChanges(options.dataDir, {}, options.log);
    this.own = options.own ?? new OwnRules(options.dataDir, config.own, options.log);
    this.#builtIn = RULES.filter((rule) => !config.policy.disabled.includes(rule.id));
    for (const rule of this.rules()) {
      this.#statesByRule.set(
        rule.id,
        memory.states.filter((state) => state.ruleId === rule.id),
      );
    }
    this.#notices = memory.notices;
    this.tests = new ChannelTests(channels, options.pageUrl);
    this.#deliverer = new Deliverer({
      channels,
      ...(timing && { timing }),
      left: memory.deliveries,
      log: (line) => options.log(line),
      onChange: () => this.#save(),
    });
    for (const rule of RULES.filter(({ id }) => config.policy.disabled.includes(id)))
      this.#endAlerts(
        rule,
        memory.states.filter((state) => state.ruleId === rule.id),
      );
  }

  /** Reads what the last process left. Nothing is checked before {@link start} or {@link check}. */
  static async open(options: AlerterOptions): Promise<Alerter> {
    return new Alerter(options, await takeAlertFile(options.dataDir, (line) => options.log(line)));
  }

  /** Begins to check on its own. */
  start(): void {
    const pauseMs = TICK_MS - (Date.now() % TICK_MS);
    this.#timer = setTimeout(() => {
      const atMs = Math.floor(Date.now() / TICK_MS) * TICK_MS;
      this.#round = this.check(atMs).finally(() => {
        if (!this.#isClosed) this.start();
      });
    }, pauseMs);
    this.#timer.unref();
  }

  /** The rules that are switched on, with those of one's own. */
  rules(): readonly Rule[] {
    const { disabled } = this.#options.config.policy;
    const own = this.own.all().filter(({ own: { id } }) => !disabled.includes(id));
    return [...this.#builtIn, ...own.map(({ rule }) => rule)];
  }

  /** When a rule would have fired in the days behind us. */
  async backtest(rule: Rule, now: number, lengthMs: number): Promise<Backtest> {
    const { config, read } = this.#options;
    return backtestRule(read, {
      rule,
      settings: this.#settings(),
      policy: config.policy,
      now,
      deadline: performance.now() + lengthMs,
    });
  }

  /** Forgets what is known of a rule that was deleted or means something else now. */
  forget(rule: Rule): void {
    this.#endAlerts(rule, this.#statesByRule.get(rule.id) ?? []);
    this.#statesByRule.delete(rule.id);
    this.#checkedMs.delete(rule.id);
    this.#faults.delete(rule.id);
    this.#save();
  }

  /** What people were told to fire would fire for ever where they keep track of it. */
  #endAlerts(rule: Rule, states: readonly AlertState[]): void {
    const open = states.filter(isKnownToFire);
    if (open.length === 0) return;
    const nowMs = Date.now();
    const end = { kind: 'resolved' as const, rule, states: open, atMs: nowMs, isDropped: true as const };
    this.#tell(composeNotice({ ...end, contributors: [], pageUrl: this.#options.pageUrl }), rule);
  }

  #tell(notice: Notice, rule: Rule, isSilent = false): void {
    this.#notices = [...this.#notices, notice].slice(-NOTICES_KEPT);
    if (!isSilent)
      this.#deliverer.enqueue(notice, Date.now(), this.changes.channelsOf(rule.id)?.names ?? rule.channels);
    this.#options.log(`alerts: ${notice.headline}${isSilent ? ' (silenced)' : ''}`);
  }

  /** Checks the rules that are due at this moment, Unix ms. */
  async check(atMs: number): Promise<void> {
    for (const rule of this.rules()) {
      if (this.#isClosed) return;
      if (!this.#isDue(rule, atMs)) continue;
      this.#checkedMs.set(rule.id, atMs);
      this.#checkedAt.set(rule.id, performance.now());
      try {
        await this.#checkRule(rule, atMs);
        this.#faults.delete(rule.id);
      } catch (error) {
        this.#noteFault(rule, messageOf(error));
      }
    }
    this.#save();
    await this.#saving;
  }

  /** What the page, the API and the command show. */
  overview(): AlertOverview {
    return overviewOf({
      config: { ...this.#options.config, settings: this.#settings() },
      changes: this.changes,
      own: this.own,
      states: [...this.#statesByRule.values()].flat(),
      notices: this.#notices,
      health: this.#deliverer.health(),
      tests: this.tests.outcomes(),
      pageUrl: this.#options.pageUrl,
      checkedMs: this.#checkedMs,
      faults: this.#faults,
    });
  }

  /** Ends checking and sending; what is not delivered waits for the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.tests.stop();
    clearTimeout(this.#timer);
    await this.#round;
    await this.#deliverer.close();
    this.#isUnsaved = true;
    await this.#writeAll();
  }

  #isDue(rule: Rule, atMs: number): boolean {
    const last = this.#checkedMs.get(rule.id);
    if (last === undefined) return true;
    // The clock says when, for rules to be checked at the whole minute, hour or day. It may have been set back: then what
    // has really passed counts.
    const hasPassed = performance.now() - (this.#checkedAt.get(rule.id) ?? 0) >= rule.everyMs;
    return hasPassed || Math.floor(atMs / rule.everyMs) !== Math.floor(last / rule.everyMs);
  }

  async #checkRule(rule: Rule, atMs: number): Promise<void> {
    const { config, read } = this.#options;
    const { policy } = config;
    const settings = this.#settings();
    const isSilent = this.changes.silenceOf(rule.id, atMs) !== undefined;
    const judgements = await judgeRule(
      rule,
      settings,
      async (request) => readingOfResult(await read(request.signal, questionOf(request, policy.timezone))),
      atMs,
    );
    const before = this.#statesByRule.get(rule.id) ?? [];
    const round = advanceRule(rule, before, judgements, policy, atMs);
    const isWaiting = rule.severity !== 'critical' && isQuietTime(atMs, policy);
    const { states, sendings } = heardOf(round, isSilent, isWaiting);
    if (!this.rules().some(({ id }) => id === rule.id)) return;
    this.#statesByRule.set(rule.id, states);
    for (const [telling, told] of isSilent ? round.tellings : sendings)
      this.#tell(await this.#compose(rule, telling, told, atMs), rule, isSilent);
  }

  async #compose(rule: Rule, kind: Telling, states: readonly AlertState[], atMs: number): Promise<Notice> {
    const { database, read, pageUrl, config } = this.#options;
    const { timezone } = config.policy;
    const notice = { kind, rule, states, atMs, pageUrl };
    if (kind === 'resolved') return composeNotice({ ...notice, contributors: [] });
    const [only] = states;
    const isOneGroup = rule.by !== undefined && states.length === 1 && only !== undefined;
    const group = isOneGroup && rule.by !== undefined ? { by: rule.by, key: only.key } : undefined;
    const interval = intervalOf(rule.window, atMs, timezone);
    try {
      const run = await findRunBehind(database, rule.runs, interval, group, pageUrl, rule.where);
      const contributors = await findContributors(read, { rule, interval, group, timezone, pageUrl });
      const reasons = rule.explains ? await findReasons(database, read, { rule, interval, timezone }) : [];
      const where = { ...rule.where, ...(group && { [group.by]: group.key }) };
      const listValueNanoUsd = await readListValueOfSignal(database, rule.shown?.signal ?? rule.signal, {
        ...interval,
        timezone,
        where,
      });
      return composeNotice({ ...notice, contributors, reasons, listValueNanoUsd, ...(run && { run }) });
    } catch (error) {
      // Who is told late because the reason could not be found is told too late.
      this.#options.log(`alerts: the causes of ${rule.id} could not be read: ${messageOf(error)}`);
      return composeNotice({ ...notice, contributors: [] });
    }
  }

  #settings(): SettingValues {
    return this.changes.applyTo(this.#options.config.settings);
  }

  #noteFault(rule: Rule, message: string): void {
    if (this.#faults.get(rule.id) !== message) {
      this.#options.log(`alerts: the rule ${rule.id} could not be checked: ${message}`);
    }
    this.#faults.set(rule.id, message);
  }

  #save(): void {
    this.#isUnsaved = true;
    this.#saving ??= this.#writeAll().finally(() => {
      this.#saving = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#isUnsaved) {
      this.#isUnsaved = false;
      const memory: AlertMemory = {
        states: [...this.#statesByRule.values()].flat(),
        deliveries: this.#deliverer.waiting(),
        notices: this.#notices,
      };
      try {
        await writeAlertFile(this.#options.dataDir, memory);
      } catch (error) {
        this.#options.log(`alerts: the states could not be saved: ${messageOf(error)}`);
      }
    }
  }
}
