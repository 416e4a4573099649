/** Sending what waits: in order, each way by itself, by one window at a time. What the service has is let go of, the rest stays. */

import { drawReference } from "../stamp/reference";
import type { Device } from "./device";
import { Unreachable } from "./online";
import { type Said, type Waiting, type WaitingEvent, type WaitingReport } from "./queue";
import { tellMany, tellReport } from "./telling";
import { lang, t } from "./words";

/** Events in one call: a second's work on a slow line. */
export const AT_ONCE = 200;
const LOCK = "temthat-send";
/** Milliseconds without another try after a call without an answer. */
const REST = 30_000;
const KEPT = "sending";
/** Reports sent from here whose numbers are still shown. */
const NUMBERS_SHOWN = 20;

/** What goes by one way: a till's by its key, the rest without any. One way that is blocked blocks no other. */
export const LANES = ["marks", "checks", "reports"] as const;
export type Lane = (typeof LANES)[number];

export function laneOf({ event }: Waiting): Lane {
  return event === "report" ? "reports" : event === "check" ? "checks" : "marks";
}

/** What is to be sent by one way, in the order it happened. */
export function toSend(all: Waiting[], lane: Lane): Waiting[] {
  return all.filter((one) => laneOf(one) === lane && !one.refused).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What the sender needs of the service; every call throws `Unreachable` where trying again may help. */
export interface Service {
  tellMany(events: WaitingEvent[], apiKey: string, patience: number): Promise<Said[]>;
  tellReport(report: WaitingReport): Promise<Said>;
}

export interface Sent {
  sent: number;
  refused: number;
  /** Why the rest still waits. */
  problem: string | null;
  /** What the service said of each, by id. */
  said: Map<string, Said>;
}

/** What is remembered of the last time, for the person to see. Milliseconds since 1970. */
export interface Remembered {
  sentAt?: number;
  sent?: number;
  problem?: string | undefined;
  problemAt?: number | undefined;
  /** Numbers of the reports sent, the newest first. */
  reports?: { reference: string; at: string }[];
}

export interface How {
  /** A person asked: then no rest is kept. */
  now?: boolean;
  lanes?: readonly Lane[];
  /** At most so many calls. */
  calls?: number;
  /** Milliseconds for one call. */
  patience?: number;
}

function nothing(): Sent {
  return { sent: 0, refused: 0, problem: null, said: new Map() };
}

/** Nobody was asked: that needs no rest. */
class NoKey extends Unreachable {}

export class Sender {
  private last: Promise<unknown> = Promise.resolve();
  private readonly restUntil = new Map<Lane, number>();

  /** `words`: told where there is no key for what a till marked, and where others are being sent for too long. */
  constructor(
    private readonly device: Device,
    private readonly service: Service,
    private readonly words: () => { noKey: string; busy: string },
  ) {}

  /** One after another, so that each has an answer of its own; who has no patience left is told that it goes on. */
  send(how: How = {}): Promise<Sent> {
    const next = this.last.then(() => this.sendLocked(how));
    this.last = next.catch(() => undefined);
    if (!how.patience) return next;
    const busy = { ...nothing(), problem: this.words().busy };
    return Promise.race([next, new Promise<Sent>((resolve) => setTimeout(resolve, 2 * (how.patience ?? 0), busy))]);
  }

  async remembered(): Promise<Remembered> {
    return (await this.device.get<Remembered>(KEPT)) ?? {};
  }

  async forgetNumbers(): Promise<void> {
    await this.device.put(KEPT, { ...(await this.remembered()), reports: [] });
  }

  private async sendLocked(how: How): Promise<Sent> {
    const done = nothing();
    let isOurs = false;
    const work = async () => {
      isOurs = true;
      await this.sendAll(how, done);
      await this.remember(done);
    };
    const locks = globalThis.navigator?.locks;
    try {
      if (!locks) await work();
      else await locks.request(LOCK, how.patience ? { signal: AbortSignal.timeout(how.patience) } : {}, work);
    } catch (error) {
      if (isOurs) throw error;
      done.problem = this.words().busy;
    }
    return done;
  }

  private async sendAll(how: How, done: Sent): Promise<void> {
    await this.device.keepUnkept();
    for (const lane of how.lanes ?? LANES) {
      if (!how.now && Date.now() < (this.restUntil.get(lane) ?? 0)) continue;
      try {
        if (lane === "reports") await this.sendReports(done);
        else await this.sendEvents(lane, how, done);
        this.restUntil.delete(lane);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        done.problem ??= error.message;
        if (!(error instanceof NoKey)) this.restUntil.set(lane, Date.now() + Math.max(REST, error.after * 1_000));
        if (error.isSilent) return;
      }
    }
  }

  private async sendEvents(lane: Lane, { calls = Infinity, patience = 60_000 }: How, done: Sent): Promise<void> {
    for (; calls > 0; calls--) {
      const batch = toSend(await this.device.waiting(), lane).slice(0, AT_ONCE) as WaitingEvent[];
      if (!batch.length) return;
      const apiKey = lane === "marks" ? ((await this.device.choices()).apiKey ?? "") : "";
      if (lane === "marks" && !apiKey) throw new NoKey(this.words().noKey);
      const said = await this.service.tellMany(batch, apiKey, patience);
      const later = await this.settle(batch, said, done);
      if (later !== null) throw new Unreachable(later);
    }
  }

  private async sendReports(done: Sent): Promise<void> {
    const tried = new Set<string>();
    for (;;) {
      const one = toSend(await this.device.waiting(), "reports").find(({ id }) => !tried.has(id)) as WaitingReport | undefined;
      if (!one) return;
      tried.add(one.id);
      const said = await this.tellReport(one);
      const later = await this.settle([one], [said], done);
      if (later !== null) throw new Unreachable(later);
    }
  }

  /** Where the number is somebody else's, another one is kept before it is sent. */
  private async tellReport(one: WaitingReport): Promise<Said> {
    let said = await this.service.tellReport(one);
    if ("renumber" in said) {
      one.report = { ...one.report, reference: drawReference() };
      await this.device.wait(one);
      said = await this.service.tellReport(one);
    }
    if (!("taken" in said)) return said;
    await this.keepNumber(one);
    return { ...said, reference: one.report.reference };
  }

  /** Take the service's word for each; the reason where it wants some of them later, else null. */
  private async settle(batch: Waiting[], said: Said[], done: Sent): Promise<string | null> {
    const taken: string[] = [];
    let later: string | null = null;
    for (const [i, one] of batch.entries()) {
      const answer = said[i] ?? { later: "" };
      done.said.set(one.id, answer);
      if ("taken" in answer) taken.push(one.id);
      else if ("refused" in answer) {
        await this.device.wait({ ...one, refused: answer.refused });
        done.refused++;
      } else later ??= "later" in answer ? answer.later : "";
    }
    await this.device.done(taken);
    done.sent += taken.length;
    return later;
  }

  private async keepNumber({ report, at }: WaitingReport): Promise<void> {
    const kept = await this.remembered();
    const others = (kept.reports ?? []).filter(({ reference }) => reference !== report.reference);
    await this.device.put(KEPT, { ...kept, reports: [{ reference: report.reference, at }, ...others].slice(0, NUMBERS_SHOWN) });
  }

  private async remember({ sent, problem }: Sent): Promise<void> {
    if (!sent && !problem) return;
    const now = Date.now();
    await this.device.put(KEPT, {
      ...(await this.remembered()),
      ...(sent ? { sentAt: now, sent } : {}),
      problem: problem ?? undefined,
      problemAt: problem ? now : undefined,
    });
  }
}

/** One that tells the service this app was served by, in the language of the moment. */
export function senderOf(device: Device): Sender {
  const service = {
    tellMany: (events: WaitingEvent[], apiKey: string, patience: number) => tellMany(events, apiKey, patience, lang),
    tellReport: (report: WaitingReport) => tellReport(report, lang),
  };
  return new Sender(device, service, () => ({ noKey: t("no_key"), busy: t("busy") }));
}
