/** Marking units: each scan is an event of the till, on the device before anything is sent, and judged as a till is answered. */

import { judgeOffline } from "../bundle/offline";
import { Mistyped, TrustError } from "../core/errors";
import type { Device } from "../app/device";
import { stamped, type Mark, type WaitingEvent } from "../app/queue";
import type { How, Sent } from "../app/sending";
import type { Trust } from "../app/trust";
import type { Verdict } from "../stamp/verdict";

/** Characters; a stamp has fewer than 300. */
const TEXT_LIMIT = 2_000;
/** Milliseconds that a customer waits for the service. */
const PATIENCE = 4_000;

/**
 * `recorded`; `nothing`: the service knows no such stamp; `kept`: on the device, sent later; `in_line`: the same, behind
 * many others; `refused` with the service's reason in `why`; `not_kept`: neither; `not_told`: no stamp at all.
 */
export type Told = "recorded" | "nothing" | "kept" | "in_line" | "refused" | "not_kept" | "not_told";

export interface Sale {
  text: string;
  mark: Mark;
  /** Seconds since 1970. */
  at: number;
  verdict: Verdict;
  told: Told;
  why: string;
  product: string;
  pack: string;
  lot: string;
  issuer: string;
  hotline: string;
}

/** The parts of the app that selling needs. */
export interface Counter {
  device: Device;
  trust: Trust;
  place: string | undefined;
  send(how: How): Promise<Sent>;
}

/** Judge a code and tell what `mark` says of it. Throws `Mistyped`. */
export async function mark(counter: Counter, text: string, mark: Mark): Promise<Sale> {
  const at = Math.floor(Date.now() / 1000);
  const judged = await judgedHere(counter.trust, text, at);
  const about = {
    product: judged.names?.product ?? "",
    pack: judged.names?.packForm ?? "",
    lot: judged.names?.lot ?? "",
    issuer: judged.names?.issuer ?? judged.issuer?.name ?? "",
    hotline: judged.issuer?.hotline ?? "",
  };
  const sale = { text, mark, at, verdict: judged.verdict, why: "", ...about };
  if (judged.verdict.word === "not_ours" || text.length > TEXT_LIMIT) return { ...sale, told: "not_told" };
  const { place } = counter;
  const event: WaitingEvent = { ...stamped(counter.trust.view?.floor), code: text, event: mark, kind: "till", ...(place ? { place } : {}) };
  const isKept = await counter.device.wait(event);
  // What waits goes first, in the same call: of one unit the sale before its return.
  const sent = navigator.onLine ? await counter.send({ lanes: ["marks"], calls: 1, patience: PATIENCE }) : null;
  const said = sent?.said.get(event.id);
  if (said && "taken" in said) {
    const isNothing = said.taken?.word === "not_ours" || said.taken?.word === "forged";
    return { ...sale, verdict: said.taken ?? judged.verdict, told: isNothing ? "nothing" : "recorded" };
  }
  if (said && "refused" in said) return { ...sale, told: "refused", why: said.refused };
  if (!isKept) return { ...sale, told: "not_kept" };
  const isInLine = sent !== null && sent.problem === null && sent.said.size > 0;
  return { ...sale, told: isInLine ? "in_line" : "kept", why: sent?.problem ?? "" };
}

/** Damaged data must not keep a sale from being told. */
async function judgedHere(trust: Trust, text: string, at: number): Promise<ReturnType<typeof judgeOffline>> {
  try {
    return judgeOffline(text, trust.view, at, "till");
  } catch (error) {
    if (error instanceof Mistyped) throw error;
    if (!(error instanceof TrustError) || !trust.view) throw error;
    await trust.drop();
    return judgeOffline(text, null, at, "till");
  }
}
