/** Whom to ask about a code: the service while it answers, the data on this device when it does not. */

import { judgeOffline } from "../bundle/offline";
import { Mistyped, TrustError } from "../core/errors";
import type { Verdict } from "../stamp/verdict";
import type { Device } from "./device";
import { SaidMistyped, Unreachable, verifyOnline } from "./online";
import { stamped } from "./queue";
import type { Trust } from "./trust";

export interface Result {
  text: string;
  /** Null for a mistyped number: not a verdict, the person looks again. */
  verdict: Verdict | null;
  mistyped: Mistyped | null;
  how: "online" | "offline" | "unaided";
  at: number;
  /** Whether this check waits to be sent: kept on the device, or only as long as the page lives. */
  waits: "kept" | "unkept" | null;
  product: string;
  pack: string;
  lot: string;
  madeOn: string;
  expiresOn: string | null;
  issuer: string;
  hotline: string;
  last: { on: string; province: string } | null;
}

export async function ask(text: string, trust: Trust, device: Device, place: string | undefined, lang: string): Promise<Result> {
  const at = Math.floor(Date.now() / 1000);
  if (navigator.onLine) {
    try {
      const answer = await verifyOnline(text, "consumer", place, lang);
      const product = lang === "en" && answer.productEn ? answer.productEn : answer.product;
      return { ...answer, text, product, mistyped: null, how: "online", at, waits: null };
    } catch (error) {
      if (error instanceof SaidMistyped) return slip(text, new Mistyped(error.position), "online", at);
      if (!(error instanceof Unreachable)) throw error;
    }
  }
  return askHere(text, trust, device, place, at);
}

async function askHere(text: string, trust: Trust, device: Device, place: string | undefined, at: number): Promise<Result> {
  const how = trust.view ? "offline" : "unaided";
  try {
    const { verdict, run, names, issuer } = judgeOffline(text, trust.view, at, "consumer");
    // Only what is proved to be a stamp of ours is a check of it.
    const counts = run !== null && verdict.word !== "forged";
    let waits: Result["waits"] = null;
    if (counts) {
      const event = { ...stamped(trust.view?.floor), code: text, event: "check" as const, kind: "consumer" as const };
      waits = (await device.wait(place ? { ...event, place } : event)) ? "kept" : "unkept";
    }
    return {
      text,
      verdict,
      mistyped: null,
      how,
      at,
      waits,
      product: names?.product ?? "",
      pack: names?.packForm ?? "",
      lot: names?.lot ?? "",
      madeOn: run?.madeOn ?? "",
      expiresOn: run?.expiresOn ?? null,
      issuer: names?.issuer ?? issuer?.name ?? "",
      hotline: issuer?.hotline ?? "",
      last: null,
    };
  } catch (error) {
    if (error instanceof Mistyped) return slip(text, error, how, at);
    if (!(error instanceof TrustError) || !trust.view) throw error;
    await trust.drop();
    return askHere(text, trust, device, place, at);
  }
}

function slip(text: string, mistyped: Mistyped, how: Result["how"], at: number): Result {
  const nothing = { product: "", pack: "", lot: "", madeOn: "", expiresOn: null, issuer: "", hotline: "", last: null };
  return { text, verdict: null, mistyped, how, at, waits: null, ...nothing };
}
