/** What happened while there was no network: kept on the device, sent later, counted once however often it is sent. */

import { WORDS, type Asker, type Reason, type Verdict, type Word } from "../stamp/verdict";

export const MARKS = ["sold", "returned", "spoiled"] as const;
export type Mark = (typeof MARKS)[number];

/** One event as the service takes it (POST /api/v1/events). `id` is a UUIDv7 made here: repeating is harmless. */
export interface WaitingEvent {
  id: string;
  at: string;
  code: string;
  event: "check" | Mark;
  kind: Asker;
  place?: string;
  /** Why the service did not take it; a person decides what becomes of it. */
  refused?: string;
}

/** A report as POST /api/v1/reports takes it, but for the photo. Its number was drawn here: repeating is harmless. */
export interface Suspicion {
  reference: string;
  code: string;
  odd: string[];
  words: string;
  shop: string;
  province?: string;
  contact: string;
  agree: boolean;
}

export interface WaitingReport {
  id: string;
  at: string;
  event: "report";
  report: Suspicion;
  /** JPEG. */
  photo?: Uint8Array;
  refused?: string;
}

export type Waiting = WaitingEvent | WaitingReport;

/** What the service said of one; `reference`: the number under which a report now stands. */
export type Said = { taken: Verdict | null; reference?: string } | { refused: string } | { later: string } | { renumber: true };

/** Whether something found in storage is of a kind that this version knows. */
export function isWaiting(found: unknown): found is Waiting {
  if (typeof found !== "object" || found === null) return false;
  const one = found as Record<string, unknown>;
  if (typeof one["id"] !== "string" || typeof one["at"] !== "string" || Number.isNaN(Date.parse(one["at"]))) return false;
  if (one["event"] === "report") return typeof (one["report"] as Partial<Suspicion> | undefined)?.reference === "string";
  return typeof one["code"] === "string" && ["check", ...MARKS].includes(one["event"] as string);
}

/** The verdict in an answer of the service; null where there is none that this app knows. */
export function verdictOf(found: unknown): Verdict | null {
  const { verdict, reasons } = record(found);
  if (!(WORDS as readonly unknown[]).includes(verdict) || !Array.isArray(reasons)) return null;
  return { word: verdict as Word, reasons: reasons.map(reasonOf) };
}

export function messageOf(problem: Record<string, unknown>, lang: string): string {
  return text(problem[lang === "vi" ? "message_vi" : "message_en"]) || text(problem["error"]) || "—";
}

function reasonOf(value: unknown): Reason {
  const reason = record(value);
  return { key: text(reason["key"]), value: text(reason["value"]) };
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

let newest = 0;

/**
 * Id and time of what happens now; of two the later one has the greater id. `floor`: seconds since 1970 that this clock cannot
 * be behind (the trust data's time): what a clock that stood still tells would be refused for good.
 */
export function stamped(floor = 0): { id: string; at: string } {
  const now = Math.max(Date.now(), floor * 1_000);
  // A clock that is set back by more is believed.
  newest = now <= newest && newest < now + 60_000 ? newest + 1 : now;
  return { id: uuid7(newest), at: new Date(now).toISOString() };
}

/** RFC 9562, section 5.7; `now` in milliseconds. */
function uuid7(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = now;
  for (let at = 5; at >= 0; at--) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
