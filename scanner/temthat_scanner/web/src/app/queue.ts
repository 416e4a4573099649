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

/** What goes by one way: a till's by its key, the rest without any. One way that is blocked blocks no other. */
export const LANES = ["marks", "checks", "reports"] as const;
export type Lane = (typeof LANES)[number];

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

export function laneOf({ event }: Waiting): Lane {
  return event === "report" ? "reports" : event === "check" ? "checks" : "marks";
}

/** What is to be sent by one way, in the order it happened. */
export function toSend(all: Waiting[], lane: Lane): Waiting[] {
  return all.filter((one) => laneOf(one) === lane && !one.refused).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A batch's answer (POST /api/v1/events/batch), line by line; null where it is none. */
export function saidOf(batch: { id: string }[], body: unknown, lang: string): Said[] | null {
  const lines = (body as { events?: unknown } | null)?.events;
  if (!Array.isArray(lines) || lines.length !== batch.length) return null;
  const said = lines.map((line, i) => lineOf(line, batch[i]?.id ?? "", lang));
  return said.every((one) => one !== null) ? said : null;
}

function lineOf(found: unknown, id: string, lang: string): Said | null {
  const line = record(found);
  if (line["id"] !== id) return null;
  switch (line["outcome"]) {
    case "recorded":
    case "duplicate":
    case "judged":
      return { taken: verdictOf(line["answer"]) };
    case "refused":
      return { refused: messageOf(record(line["problem"]), lang) };
    case "later":
      return { later: messageOf(record(line["problem"]), lang) };
    default:
      return null;
  }
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

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

let newest = 0;

/** RFC 9562, section 5.7. Of two made here the later one is greater, even within a millisecond. */
export function uuid7(now = (newest = Math.max(Date.now(), newest + 1))): string {
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
