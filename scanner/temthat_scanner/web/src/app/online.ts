/** Asking the service this app was served by. */

import type { Asker, Reason, Verdict, Word } from "../stamp/verdict";
import { WORDS } from "../stamp/verdict";
import type { Waiting } from "./queue";

/** The service does not answer, or answers something that is no verdict. */
export class Unreachable extends Error {}

/** The service says that a printed number has a slip in it. */
export class SaidMistyped extends Error {
  constructor(readonly position: number | null) {
    super("mistyped");
  }
}

interface Answered {
  verdict: Verdict;
  product: string;
  productEn: string;
  pack: string;
  lot: string;
  madeOn: string;
  expiresOn: string | null;
  issuer: string;
  hotline: string;
  last: { on: string; province: string } | null;
}

const PATIENCE = 2_500;
/** Where the service is, seen from the app's own folder. */
const BASE = new URL("../", document.baseURI);

async function ask(path: string, init: RequestInit, patience: number): Promise<Response> {
  try {
    return await fetch(new URL(path, BASE), { ...init, signal: AbortSignal.timeout(patience), credentials: "omit" });
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Unreachable(`HTTP ${response.status}`);
}

function post(body: unknown, lang: string, apiKey = ""): RequestInit {
  const held = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  const headers = { "Content-Type": "application/json", "Accept-Language": lang, ...held };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

/** The service's verdict; every kind but the consumer needs an API key. Throws `Unreachable`, `SaidMistyped`. */
export async function verifyOnline(code: string, kind: Asker, place: string | undefined, lang: string, apiKey = ""): Promise<Answered> {
  const question = { code, kind, ...(place ? { place } : {}) };
  const response = await ask("api/v1/verify", post(question, lang, apiKey), PATIENCE);
  const body = await bodyOf(response);
  if (response.status === 422 && body["error"] === "mistyped") {
    throw new SaidMistyped(typeof body["position"] === "number" ? body["position"] : null);
  }
  if (!response.ok) throw new Unreachable(messageOf(body, lang) || `HTTP ${response.status}`);
  return answeredOf(body);
}

function answeredOf(body: Record<string, unknown>): Answered {
  const { verdict, reasons } = body;
  if (typeof verdict !== "string" || !(WORDS as readonly string[]).includes(verdict) || !Array.isArray(reasons)) {
    throw new Unreachable("the answer is none this app knows");
  }
  const product = record(body["product"]);
  const batch = record(body["batch"]);
  const issuer = record(body["issuer"]);
  const last = record(record(body["history"])["last"]);
  return {
    verdict: { word: verdict as Word, reasons: reasons.map(reasonOf) },
    product: text(product["name"]),
    productEn: text(product["name_en"]),
    pack: text(record(product["pack_form"])["name"]),
    lot: text(batch["lot"]),
    madeOn: text(batch["made_on"]),
    expiresOn: text(batch["expires_on"]) || null,
    issuer: text(issuer["name"]),
    hotline: text(issuer["hotline"]),
    last: last["on"] ? { on: text(last["on"]), province: text(last["province"]) } : null,
  };
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

function messageOf(body: Record<string, unknown>, lang: string): string {
  return text(body[lang === "vi" ? "message_vi" : "message_en"]);
}

/** Tell an event that waited: "taken", or why it is refused for good. Throws `Unreachable` where trying again may help. */
export async function tell(one: Waiting, lang: string): Promise<"taken" | string> {
  const { refused: _, ...event } = one;
  const response = await ask("api/v1/events", post(event, lang), 15_000);
  if (response.ok) return "taken";
  const body = await bodyOf(response);
  const why = messageOf(body, lang) || `HTTP ${response.status}`;
  if (response.status === 429 || response.status >= 500 || response.status === 401) throw new Unreachable(why);
  return why;
}

/** What a path of the service answers, read with an API key or without. Throws `Unreachable`. */
export async function getJson(path: string, apiKey: string, lang: string): Promise<Record<string, unknown>> {
  const held = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  const response = await ask(path, { headers: { Accept: "application/json", "Accept-Language": lang, ...held }, cache: "no-store" }, 15_000);
  const body = await bodyOf(response);
  if (!response.ok) throw new Unreachable(messageOf(body, lang) || `HTTP ${response.status}`);
  return body;
}

/** The trust pack, or null if it is still the one with this ETag. Throws `Unreachable`. */
export async function fetchPack(
  provinces: string[],
  etag: string | undefined,
  lang: string,
): Promise<{ data: Uint8Array; etag: string | undefined } | null> {
  const query = provinces.length ? `?province=${[...provinces].sort().join(",")}` : "";
  const headers = { "Accept-Language": lang, ...(etag ? { "If-None-Match": etag } : {}) };
  const response = await ask(`api/v1/trust${query}`, { headers, cache: "no-store" }, 120_000);
  if (response.status === 304) return null;
  if (!response.ok) throw new Unreachable(messageOf(await bodyOf(response), lang) || `HTTP ${response.status}`);
  try {
    return { data: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get("ETag") ?? undefined };
  } catch (error) {
    throw new Unreachable(String(error));
  }
}
