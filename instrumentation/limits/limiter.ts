// The limiter: lets a request through or refuses it before it leaves. What it lets through holds its worst price in
// every account that it counts in, until its usage is known. A fault of the limiter itself lets the call through,
// unless the settings say otherwise.

import type { Context } from '@opentelemetry/api';
import {
  NO_AMOUNTS,
  Reservation,
  takeWarnings,
  type Account,
  type Amounts,
} from '../../core/limits/account.ts';
import { amountsPaid } from './paid-amounts.ts';
import { NO_LIMIT_SETTINGS, type LimitSettings } from '../../core/limits/limit-settings.ts';
import type { LimitScope } from '../../core/limits/limit.ts';
import { describeLoop, isLoopToStop, type Loop } from '../../core/limits/loop-watch.ts';
import { findImpossibleLimits } from '../../core/limits/impossible-limits.ts';
import { shortenToFit } from '../../core/limits/shortened-request.ts';
import { inputNanoUsdOf, worstPrice, type WorstPrice } from '../../core/limits/worst-price.ts';
import type { MessageReader } from '../../core/model-call/message-reader.ts';
import { formatCost } from '../../core/text/format.ts';
import type { PriceOverrides } from '../../core/pricing/cost.ts';
import { inputTotal } from '../../core/pricing/usage.ts';
import { guard, guarded } from '../process/guard.ts';
import { say, sayOnce } from '../process/diagnostics.ts';
import { burntNanoUsd } from '../record/tools/loops.ts';
import type { Admission, PaidAmount } from '../record/model-call.ts';
import type { Run, RunStatus } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import type { Telemetry } from '../record/telemetry.ts';
import { amountsOf, hintOf } from './account-facts.ts';
import { amountIn, limitErrorFor, type LimitExceededError, type LimitFacts } from './limit-error.ts';
import { refuseUnchecked } from './fault-refusal.ts';
import { LeaseClient } from './lease-client.ts';
import type { Admitted, LimitedRequest, Refused } from './limited-request.ts';
import { noteLimit } from './limit-events.ts';
import { runLimitsOf, LimitScopes } from './limit-scopes.ts';
import { RefusedRuns } from './refused-runs.ts';
import { ToolLimits } from './tool-limits.ts';

const CHARS_PER_TOKEN = 3.8;

export class Limiter {
  readonly scopes: LimitScopes;
  /** Where a server shares limits out. */
  readonly leases: LeaseClient | undefined;
  readonly #telemetry: Telemetry;
  readonly #runs: Runs;
  #settings: LimitSettings;
  readonly #overrides: PriceOverrides | undefined;
  readonly #refused: RefusedRuns;
  #tools: ToolLimits | undefined;

  constructor(
    telemetry: Telemetry,
    runs: Runs,
    overrides: PriceOverrides | undefined,
    instanceId: string,
    processId: string,
    settings: LimitSettings = NO_LIMIT_SETTINGS,
  ) {
    this.#telemetry = telemetry;
    this.#runs = runs;
    this.#overrides = overrides;
    this.#settings = settings;
    for (const problem of findImpossibleLimits(settings.rules, overrides, Date.now())) say(problem);
    const { serverUrl, serverToken, withoutServer } = settings;
    if (serverUrl !== undefined)
      this.leases = new LeaseClient(serverUrl, serverToken, processId, withoutServer);
    this.scopes = new LimitScopes(settings.rules, instanceId, this.leases);
    this.#refused = new RefusedRuns(this.scopes);
    this.#limitTools();
  }

  /**
   * Other settings hold from now on; what was spent goes on to count. Where a new limit would refuse every call to a model
   * the settings before stay in force: gives what is wrong.
   */
  change(settings: LimitSettings): readonly string[] {
    const before = new Set(this.#settings.rules);
    const added = settings.rules.filter((rule) => !before.has(rule));
    const problems = findImpossibleLimits(added, this.#overrides, Date.now());
    if (problems.length > 0) return problems;
    this.#settings = settings;
    this.scopes.use(settings.rules);
    this.#limitTools();
    return [];
  }

  #limitTools(): void {
    if (this.#settings.rules.some(({ scope }) => scope === 'tool_run'))
      this.#tools ??= new ToolLimits(this.#runs, this.scopes);
  }

  /** `undefined` where nothing is limited. */
  admit(request: LimitedRequest): Admitted | Refused | undefined {
    const { faults, onFault } = this.#settings;
    const isBroken = onFault === 'refuse' && faults.length > 0;
    const outcome = isBroken ? undefined : guard('limits', () => ({ given: this.#decide(request) }));
    if (outcome !== undefined) return outcome.given;
    const fault = this.refuseFault(request.client, request.facts.model);
    if (fault === undefined) return undefined;
    request.run.limitStatus = 'budget_exceeded';
    return { error: fault };
  }

  /** What to refuse a request with that could not be checked; `undefined` where such requests go through. */
  refuseFault(client: object | undefined, model?: string): LimitExceededError | undefined {
    const { onFault, faults } = this.#settings;
    return onFault === 'allow' ? undefined : refuseUnchecked(this.#telemetry, client, model, faults[0]);
  }

  #decide(request: LimitedRequest): Admitted | Refused | undefined {
    const { run, facts, active } = request;
    this.#refused.carryOn(request);
    const loop = this.#loopToStop(run, active);
    if (loop !== undefined) return this.#refuseLoop(request, loop);
    const accounts = this.scopes.accountsOf(run, facts.model, active, Date.now());
    const tool = this.#tools?.findShort(request);
    if (tool !== undefined) return this.#refuseAccount(request, tool.account, tool.needed);
    if (accounts.length === 0) return undefined;
    const worst = this.#worst(request);
    const refused = this.#refuseUnpriced(request, worst, accounts);
    if (refused !== undefined) return refused;
    const amounts: Amounts = {
      nanoUsd: worst.nanoUsd ?? 0,
      tokens: worst.inputTokens + worst.outputTokens,
      // A batch is no turn of anybody's loop.
      turns: request.batch === undefined ? 1 : 0,
    };
    const reservation = Reservation.make(accounts, amounts);
    if (reservation instanceof Reservation) return this.#admitReserved(request, reservation, worst);
    return (
      this.#shorten(request, accounts, reservation, worst) ??
      this.#refuseAccount(request, reservation, amounts)
    );
  }

  /** What is reserved is granted, or asked for while the request waits; refused where it can do neither. */
  #admitReserved(request: LimitedRequest, reservation: Reservation, worst: WorstPrice): Admitted | Refused {
    const { batch } = request;
    if (batch !== undefined) batch.nanoUsd += reservation.held.nanoUsd;
    const uncovered = request.canWait ? undefined : this.#uncovered(request, reservation);
    if (uncovered === undefined) return { admission: this.#admission(request, reservation, worst) };
    reservation.settle(NO_AMOUNTS);
    return this.#refuseAccount(request, uncovered, reservation.held);
  }

  /** A session that another process runs has passed a limit: notes it, and how its run ends. */
  stopSession(run: Run, account: Account): void {
    noteLimit(this.#telemetry, { run }, 'stopped', account.standingBeside());
    this.#markRuns(run, account);
  }

  #worst(request: LimitedRequest): WorstPrice {
    const { run, facts, body, platform, region, batch } = request;
    return worstPrice(
      {
        body,
        shape: facts.shape,
        maxTokens: facts.maxTokens,
        counted: run.limits?.counted,
        atMs: Date.now(),
        platform,
        region,
        isBatch: batch !== undefined,
      },
      this.#overrides,
    );
  }

  #admission(request: LimitedRequest, reservation: Reservation, worst: WorstPrice): Admission {
    let isStopped = false;
    const wait = this.#waitForLeases(request, reservation);
    return {
      ...(wait === undefined ? {} : { wait }),
      settle: (paid) => {
        this.#settle(request, reservation, worst, paid);
      },
      cancel: () => {
        reservation.settle(NO_AMOUNTS);
      },
      check: (answer) => {
        if (isStopped) return undefined;
        const error = guard('limit of stream', () => this.#checkStream(request, reservation, worst, answer));
        isStopped = error !== undefined;
        return error;
      },
    };
  }

  #settle(request: LimitedRequest, reservation: Reservation, worst: WorstPrice, paid: PaidAmount): void {
    const { reading } = paid;
    reservation.settle(amountsPaid(paid, reservation.held, worst));
    if (reading !== undefined && request.batch === undefined)
      runLimitsOf(request.run).counted = {
        shape: request.facts.shape,
        usage: reading.usage,
        atMs: Date.now(),
      };
    this.warn(request, reservation.accounts);
    const leases = this.leases;
    if (leases !== undefined && reservation.accounts.some((account) => leases.isShared(account)))
      leases.tell();
  }

  /** For a request that cannot be held back: asks for later ones, and goes on with a slice that nobody granted. */
  #uncovered(request: LimitedRequest, reservation: Reservation): Account | undefined {
    const leases = this.leases;
    if (leases === undefined || reservation.accounts.every((account) => leases.covers(account)))
      return undefined;
    leases.tell();
    return reservation.accounts.find(
      (account) => !leases.covers(account) && !leases.coversAtOnce(account, neededOf(request, reservation)),
    );
  }

  /** Where what is granted does not cover the request: asks for more, once somebody waits for it. */
  #waitForLeases(
    request: LimitedRequest,
    reservation: Reservation,
  ): (() => Promise<Error | undefined>) | undefined {
    const leases = this.leases;
    const isCovered = leases === undefined || reservation.accounts.every((account) => leases.covers(account));
    if (isCovered || !request.canWait) return undefined;
    return async () => {
      if (reservation.accounts.some((account) => !leases.covers(account))) await leases.ask();
      const mayGoOn = (account: Account): boolean =>
        leases.isAway && leases.coversAway(account, neededOf(request, reservation));
      const short = reservation.accounts.find((account) => !leases.covers(account) && !mayGoOn(account));
      if (short === undefined) return undefined;
      reservation.settle(NO_AMOUNTS);
      return this.#refuseAccount(request, short, reservation.held).error;
    };
  }

  /** Whether the stream costs more than was reserved, and passes a limit by it. */
  #checkStream(
    request: LimitedRequest,
    reservation: Reservation,
    worst: WorstPrice,
    answer: MessageReader,
  ): LimitExceededError | undefined {
    const reading = answer.reading;
    if ('error' in reading) return undefined;
    const output = Math.max(reading.usage.output, Math.floor(answer.outputLength / CHARS_PER_TOKEN));
    const input = inputTotal(reading.usage);
    if (output <= worst.outputTokens && input <= worst.inputTokens) return undefined;
    const inputNanoUsd = worst.inputTokens === 0 ? 0 : (inputNanoUsdOf(worst) * input) / worst.inputTokens;
    const soFar: Amounts = {
      nanoUsd: Math.ceil(inputNanoUsd + output * worst.outputTokenNanoUsd),
      tokens: input + output,
      turns: 0,
    };
    const passed = reservation.grow(soFar);
    if (passed === undefined) return undefined;
    return this.#refuseAccount(request, passed, soFar, reservation.held[passed.unit]).error;
  }

  /** Less output, so that the request fits, where that is asked for. */
  #shorten(
    request: LimitedRequest,
    accounts: readonly Account[],
    short: Account,
    worst: WorstPrice,
  ): Admitted | Refused | undefined {
    if (!this.#settings.shortens || request.canShorten === false || worst.outputTokens === 0)
      return undefined;
    const shorter = shortenToFit(worst, accounts, request.body);
    if (shorter === undefined) return undefined;
    const reservation = Reservation.make(accounts, {
      nanoUsd: shorter.nanoUsd ?? 0,
      tokens: shorter.inputTokens + shorter.outputTokens,
      turns: 1,
    });
    if (!(reservation instanceof Reservation)) return undefined;
    const admitted = this.#admitReserved(request, reservation, shorter);
    if ('error' in admitted) return admitted;
    noteLimit(this.#telemetry, request, 'shortened', short.standingBeside());
    return { ...admitted, maxTokens: shorter.outputTokens };
  }

  #refuseUnpriced(
    request: LimitedRequest,
    { nanoUsd, unpricedDetail = '' }: WorstPrice,
    accounts: readonly Account[],
  ): Refused | undefined {
    if (nanoUsd !== undefined || !accounts.some(({ unit }) => unit === 'nanoUsd')) return undefined;
    const hint = `${unpricedDetail}, so no limit in dollars can stop this call before it is made. Add its price in TALLYSPAN_PRICES`;
    if (this.#settings.unpriced === 'refuse')
      return this.#refuse(request, 'unpriced', {
        rule: 'TALLYSPAN_LIMIT_UNPRICED',
        hint: `${hint}, or set TALLYSPAN_LIMIT_UNPRICED=warn.`,
      });
    sayOnce(
      `unpriced limit ${request.facts.model}`,
      `${hint}; TALLYSPAN_LIMIT_UNPRICED=refuse stops such calls.`,
    );
    noteLimit(this.#telemetry, request, 'warned', {
      scope: 'unpriced',
      rule: 'TALLYSPAN_LIMIT_UNPRICED',
      key: request.facts.model,
    });
    return undefined;
  }

  /** @param held what an answer that is stopped has reserved */
  #refuseAccount(
    request: LimitedRequest,
    account: Account,
    needed: Amounts | number,
    held?: number,
  ): Refused {
    const amount = typeof needed === 'number' ? needed : needed[account.unit];
    const standing = account.standingBeside(held);
    const isStopped = held !== undefined;
    noteLimit(this.#telemetry, request, isStopped ? 'stopped' : 'refused', standing, amount);
    this.#markRuns(request.run, account);
    const ungranted = amount <= account.left ? this.leases?.hintWhereUngranted(account) : undefined;
    return this.#error(request, {
      ...amountsOf(standing),
      needed: amountIn(account.unit, amount),
      ...(isStopped ? { isStopped } : {}),
      hint: ungranted ?? hintOf(standing, amount, request.batch !== undefined),
    });
  }

  #refuse(
    request: LimitedRequest,
    scope: LimitScope,
    { rule, hint }: Pick<LimitFacts, 'rule' | 'hint'>,
    status: RunStatus = 'budget_exceeded',
  ): Refused {
    noteLimit(this.#telemetry, request, 'refused', { scope, rule, key: request.run.id });
    request.run.limitStatus = status;
    const none = { unit: 'repetitions', limit: 0, spent: 0, reserved: 0, needed: 1 } as const;
    return this.#error(request, { scope, rule, key: request.run.id, ...none, hint });
  }

  #refuseLoop(request: LimitedRequest, loop: Loop): Refused {
    const { run } = request;
    const burnt = burntNanoUsd(run, loop);
    const rule = this.#settings.loop === 'stop' ? 'TALLYSPAN_LIMIT_LOOP' : 'code';
    noteLimit(this.#telemetry, request, 'refused', { scope: 'loop', rule, key: run.id, loop });
    run.limitStatus = 'loop';
    return this.#error(request, {
      scope: 'loop',
      rule,
      key: run.id,
      unit: 'repetitions',
      limit: loop.count,
      spent: loop.count,
      reserved: 0,
      needed: 1,
      hint: `Stopped a loop: ${describeLoop(loop)} (input ${loop.inputHash}), about ${formatCost(burnt)} for nothing. Change what the tool says, or unset ${rule === 'code' ? 'loop' : rule}.`,
    });
  }

  #error(request: LimitedRequest, facts: Omit<LimitFacts, 'model'>): Refused {
    this.#refused.remember(request);
    return { error: limitErrorFor(request.client, { ...facts, model: request.facts.model }) };
  }

  /** The run ends as stopped by a limit, and so do those around it up to the one whose limit it is. */
  #markRuns(run: Run, account: Account): void {
    const status = account.unit === 'turns' ? 'turn_limit' : 'budget_exceeded';
    run.limitStatus = status;
    const { owner } = account;
    if (owner === undefined) return;
    for (let each = run.parentRun; each !== undefined; each = each.parentRun) {
      each.limitStatus = status;
      if (each === owner) return;
    }
  }

  #loopToStop(run: Run, active: Context): Loop | undefined {
    const { loop } = run;
    if (loop === undefined || !isLoopToStop(loop)) return undefined;
    return this.#settings.loop === 'stop' || this.scopes.stopsLoops(run, active) ? loop : undefined;
  }

  /** Notes, and tells the program, which accounts are nearly used up. */
  warn(of: Pick<LimitedRequest, 'run'> & Partial<LimitedRequest>, accounts: readonly Account[]): void {
    for (const account of takeWarnings(accounts)) {
      noteLimit(this.#telemetry, of, 'warned', account.standingBeside());
      const onWarning = this.scopes.codeLimitOf(account)?.onWarning;
      if (onWarning === undefined) continue;
      guarded('onWarning', onWarning)(amountsOf(account.standingBeside()));
    }
  }
}

/** What has to fit into accounts at once: the requests of a batch leave together. */
function neededOf({ batch }: LimitedRequest, { held }: Reservation): number {
  return batch?.nanoUsd ?? held.nanoUsd;
}
