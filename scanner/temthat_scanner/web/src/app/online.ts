/** Asking the service this app was served by. */

import type { Asker, Verdict } from "../stamp/verdict";
import { messageOf, record, text, verdictOf } from "./queue";
import { t } from "./words";

/**
 * The service does not answer (`isSilent`), or answers something that is no verdict. `after`: seconds to wait before it
 * is asked again, where it says so.
 */
export class Unreachable extends Error {
  constructor(
    message: string,
    readonly isSilent = false,
    readonly after = 0,
  ) {
    super(message);
  }
}

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

export async function ask(path: string, init: RequestInit, patience: number): Promise<Response> {
  try {
    return await fetch(new URL(path, BASE), { ...init, signal: AbortSignal.timeout(patience), credentials: "omit" });
  } catch {
    throw new Unreachable(t("unreachable"), true);
  }
}

export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Unreachable(`HTTP ${response.status}`);
}

export function post(body: unknown, lang: string, apiKey = ""): RequestInit {
  const headers = { "Content-Type": "application/json", "Accept-Language": lang, ...heldBy(apiKey) };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

function heldBy(apiKey: string): Record<string, string> {
  return apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
}

/** The service's verdict; every kind but the consumer needs an API key. Throws `Unreachable`, `SaidMistyped`. */
export async function verifyOnline(code: string, kind: Asker, place: string | undefined, lang: string, apiKey = ""): Promise<Answered> {
  const question = { code, kind, ...(place ? { place } : {}) };
  const response = await ask("api/v1/verify", post(question, lang, apiKey), PATIENCE);
  const body = await bodyOf(response);
  if (response.status === 422 && body["error"] === "mistyped") {
    throw new SaidMistyped(typeof body["position"] === "number" ? body["position"] : null);
  }
  if (!response.ok) throw turnedAway(response, body, lang);
  return answeredOf(body);
}

function answeredOf(body: Record<string, unknown>): Answered {
  const verdict = verdictOf(body);
  if (!verdict) throw new Unreachable("the answer is none this app knows");
  const product = record(body["product"]);
  const batch = record(body["batch"]);
  const issuer = record(body["issuer"]);
  const last = record(record(body["history"])["last"]);
  return {
    verdict,
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

export function turnedAway(response: Response, body: Record<string, unknown>, lang: string): Unreachable {
  const after = Number(response.headers.get("Retry-After") ?? 0);
  return new Unreachable(body["error"] ? messageOf(body, lang) : `HTTP ${response.status}`, false, after > 0 ? after : 0);
}

/** What a path of the service answers, read with an API key or without. Throws `Unreachable`. */
export async function getJson(path: string, apiKey: string, lang: string): Promise<Record<string, unknown>> {
  const headers = { Accept: "application/json", "Accept-Language": lang, ...heldBy(apiKey) };
  const response = await ask(path, { headers, cache: "no-store" }, 15_000);
  const body = await bodyOf(response);
  if (!response.ok) throw turnedAway(response, body, lang);
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
  if (!response.ok) throw turnedAway(response, await bodyOf(response), lang);
  try {
    return { data: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get("ETag") ?? undefined };
  } catch {
    throw new Unreachable(t("unreachable"), true);
  }
}
