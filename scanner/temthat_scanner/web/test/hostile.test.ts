/** What anybody may send or leave behind: codes, trust packs, stored state, answers. `FUZZ` says how many of each (make fuzz: a million). */

import { describe, expect, it, vi } from "vitest";
import { concat, equal, fromBase64, toBase64, toHex, utf8 } from "../src/core/bytes";
import { Mistyped, TrustError } from "../src/core/errors";
import { parseJson } from "../src/core/json";
import { BadStatement } from "../src/core/errors";
import { install } from "../src/bundle/install";
import { seenIn, viewOf, type Installed } from "../src/bundle/installed";
import { packSource } from "../src/bundle/source";
import { Listing } from "../src/bundle/listing";
import { judgeOffline } from "../src/bundle/offline";
import { checkFile } from "../src/bundle/view";
import { isWaiting } from "../src/app/queue";
import { recall, remember } from "../src/app/seen";
import { NoAnswer, siteSource } from "../src/app/site";
import { parseProof } from "../src/log/note";
import { WORDS } from "../src/stamp/verdict";
import { decode } from "../src/stamp/code";
import { dice } from "./dice";
import { vectors } from "./vectors";

// The app's modules ask where they are served from.
vi.stubGlobal("document", { baseURI: "https://tem.example.vn/scan/" });
const { SaidMistyped, Unreachable, verifyOnline } = await import("../src/app/online");

interface OfflineVectors {
  pack: { files: Record<string, string> };
  floor: string;
  cases: { text: string; word?: string }[];
}

const MANY = Number(process.env["FUZZ"] ?? 10_000);
const { pack, floor, cases } = vectors<OfflineVectors>("offline");
const CLOCK = Date.parse(floor) / 1000;
const device = { seen: null, held: null, clock: CLOCK, built: 0 };
const installed = await install(packSource(utf8(JSON.stringify(pack))), device);
const texts = cases.map(({ text }) => text);

function identityOf(text: string): string | null {
  const read = decode(text);
  return read.kind === "code" ? toHex(read.code.header.bytes) + toHex(read.code.signature) : null;
}

const GOOD = new Set(cases.filter(({ word }) => word === "genuine_offline").map(({ text }) => identityOf(text)));
const ODD = ["%", "%2F", "\u0000", "Ａ", "‮", "?t=", "&t=", "#", "//", "@", "\\", "=", " ", "\n", "İ", "ſ", "0", "AE", "é", "🙂"];

function bentText(draw: (below: number) => number): string {
  let text = texts[draw(texts.length)] ?? "";
  for (let n = draw(4); n >= 0; n--) {
    const at = draw(text.length + 1);
    const what = draw(5);
    if (what === 0) text = text.slice(0, at) + text.slice(at + 1 + draw(3));
    else if (what === 1) text = text.slice(0, at) + (ODD[draw(ODD.length)] ?? "") + text.slice(at);
    else if (what === 2) text = text.slice(0, at) + String.fromCharCode(33 + draw(94)) + text.slice(at + 1);
    else if (what === 3) text = draw(2) ? text.toLowerCase() : text.toUpperCase();
    else text = text.slice(0, at) + (texts[draw(texts.length)] ?? "").slice(draw(100));
  }
  return text;
}

const ODD_VALUES: unknown[] = [null, undefined, 0, -1, 1e300, "", "genuine", "__proto__", [], {}, [[]], true, { length: 3 }, "2026-13-99", "\ud800", 7n];
const JSON_VALUES = ODD_VALUES.filter((value) => value !== undefined && typeof value !== "bigint");
const LONG = 10_000_000;

function bentBytes(data: Uint8Array, draw: (below: number) => number): Uint8Array {
  const bent = draw(4) ? data.slice() : data.slice(0, draw(data.length + 1));
  for (let n = draw(3); n >= 0 && bent.length; n--) {
    const at = draw(bent.length);
    if (draw(4)) bent[at] = draw(256);
    else bent.fill(draw(2) ? 0xff : 0x80, at, at + 1 + draw(10));
  }
  return draw(8) ? bent : concat(bent, bent.subarray(draw(bent.length + 1)));
}

/** An answer of POST /api/v1/verify in which some members are something else. */
function bentAnswer(draw: (below: number) => number): unknown {
  const answer: Record<string, unknown> = {
    verdict: WORDS[draw(WORDS.length)],
    reasons: [{ key: "checks", value: "3", text: "x" }],
    product: { name: "Mật ong", name_en: "Honey", pack_form: { name: "Chai" } },
    batch: { lot: "L1", made_on: "2026-05-01", expires_on: null },
    issuer: { name: "HTX", hotline: "0900" },
    history: { last: { on: "2026-05-02", province: "01" } },
    error: "mistyped",
    position: 3,
  };
  if (!draw(20)) return JSON_VALUES[draw(JSON_VALUES.length)];
  for (let n = draw(4); n > 0; n--) {
    let at = answer;
    for (;;) {
      const names = Object.keys(at);
      const name = names[draw(names.length)] ?? "x";
      const below = at[name];
      if (draw(2) && typeof below === "object" && below !== null) at = below as Record<string, unknown>;
      else {
        at[name] = structuredClone(JSON_VALUES[draw(JSON_VALUES.length)]);
        break;
      }
    }
  }
  return answer;
}

/** What it gives; null where it is refused as it should be. */
function quietly(work: () => string): string | null {
  try {
    return work();
  } catch (error) {
    expect(error instanceof TrustError || error instanceof Mistyped, String(error)).toBe(true);
    return null;
  }
}

describe("hostile", () => {
  it("codes end in a verdict or a slip, and a genuine one is one that was issued", { timeout: LONG }, () => {
    const trust = viewOf(installed, 0);
    const draw = dice(1);
    for (let n = 0; n < MANY; n++) {
      const text = bentText(draw);
      try {
        const { verdict } = judgeOffline(text, trust, CLOCK, "consumer");
        if (verdict.word === "genuine_offline") expect(GOOD, text).toContain(identityOf(text));
        expect(verdict.word, text).not.toBe("genuine");
      } catch (error) {
        expect(error, text).toBeInstanceOf(Mistyped);
      }
    }
  });

  it("trust packs are refused or taken whole", { timeout: LONG }, async () => {
    const names = Object.keys(pack.files);
    const draw = dice(2);
    // Most of the time goes into signatures of packs that are nearly right.
    for (let n = 0; n < MANY / 100; n++) {
      const name = names[draw(names.length)] ?? "";
      const data = fromBase64(pack.files[name] ?? "");
      const bent = draw(5) ? data.slice() : data.slice(0, draw(data.length + 1));
      if (bent.length && bent.length === data.length) bent[draw(bent.length)] = draw(256);
      const files = { ...pack.files, [name]: toBase64(bent) };
      try {
        const source = packSource(utf8(JSON.stringify({ ...pack, files })));
        const taken = await install(source, { ...device, seen: seenIn(installed) });
        const isName = name.endsWith(".names") || name.endsWith("contacts.json");
        if (!isName) expect(taken.files, name).toEqual(installed.files);
      } catch (error) {
        expect(error, name).toBeInstanceOf(TrustError);
      }
    }
  });

  it("files of a bundle are read or refused", { timeout: LONG }, () => {
    const { listing, files } = installed;
    const list = new Listing(listing);
    const all: [string, Uint8Array][] = [...files, ["bundle.json", listing], ["bundle.proof", installed.proof]];
    const draw = dice(5);
    for (let n = 0; n < MANY; n++) {
      const [name, data] = all[draw(all.length)] ?? ["", new Uint8Array()];
      const bent = bentBytes(data, draw);
      try {
        if (name === "bundle.json") new Listing(bent).required(null);
        else if (name === "bundle.proof") parseProof(bent);
        else checkFile(name, bent, list);
      } catch (error) {
        expect(error, name).toBeInstanceOf(TrustError);
      }
    }
  });

  it("stored state is not used where a member of it is another", { timeout: LONG }, () => {
    const draw = dice(9);
    const names = Object.keys(installed).filter((name) => name !== "files") as (keyof Installed)[];
    for (let n = 0; n < MANY; n++) {
      const name = names[draw(names.length)] ?? "v";
      const value = installed[name];
      const odd = draw(2) ? ODD_VALUES[draw(ODD_VALUES.length)] : `${String(value)}0`;
      const other = value instanceof Uint8Array && draw(4) ? bentBytes(value, draw) : odd;
      const isSame = value instanceof Uint8Array && other instanceof Uint8Array && equal(other, value);
      const stored = { ...installed, [name]: other } as Installed;
      if (!isSame) expect(() => viewOf(stored, 0), name).toThrow(TrustError);
    }
  });

  it("stored files that turned are refused, or say the same as before", { timeout: LONG }, () => {
    const draw = dice(3);
    const told = (text: string, state: Installed) => {
      const { verdict, names, issuer } = judgeOffline(text, viewOf(state, 0), CLOCK, "consumer");
      return JSON.stringify([verdict, names, issuer]);
    };
    const expected = new Map(texts.map((text) => [text, quietly(() => told(text, installed))]));
    for (let n = 0; n < MANY / 5; n++) {
      const files = new Map(installed.files);
      const [name, data] = [...files][draw(files.size)] ?? ["", new Uint8Array()];
      if (draw(9)) files.set(name, bentBytes(data, draw));
      else files.delete(name);
      const text = texts[draw(texts.length)] ?? "";
      const before = expected.get(text) ?? null;
      const said = quietly(() => told(text, { ...installed, files }));
      if (said !== null && files.has(name)) expect(said, name).toBe(before);
      if (said?.includes('"word":"genuine')) expect(before, name).toContain('"word":"genuine_offline"');
    }
  });

  it("what was seen is remembered as it was, or not at all", { timeout: LONG }, () => {
    let kept = "";
    vi.stubGlobal("localStorage", { getItem: () => kept, setItem: (_: string, text: string) => (kept = text) });
    remember(seenIn(installed));
    const whole = kept;
    expect(recall()).toEqual(seenIn(installed));
    const draw = dice(6);
    for (let n = 0; n < MANY / 4; n++) {
      const at = draw(whole.length);
      kept = draw(9) ? whole.slice(0, at) + String.fromCharCode(32 + draw(95)) + whole.slice(at + 1) : whole.slice(0, at);
      const found = recall();
      if (found !== null) expect(found, kept).toEqual(seenIn(installed));
    }
    vi.stubGlobal("localStorage", undefined);
    expect(recall()).toBeNull();
    remember(seenIn(installed));
  });

  it("answers of the service are understood or are none", { timeout: LONG }, async () => {
    const draw = dice(7);
    for (let n = 0; n < MANY; n++) {
      const body = bentAnswer(draw);
      const text = draw(20) ? JSON.stringify(body) : JSON.stringify(body).slice(0, draw(200));
      const status = [200, 200, 200, 422, 503, 204, 418][draw(7)] ?? 200;
      vi.stubGlobal("fetch", () => Promise.resolve(new Response(status === 204 ? null : text, { status })));
      try {
        const answered = await verifyOnline("x", "consumer", undefined, "vi");
        expect(status).toBe(200);
        expect(answered.verdict.word, text).toBe((body as { verdict?: unknown }).verdict);
        expect(WORDS).toContain(answered.verdict.word);
        for (const { key, value } of answered.verdict.reasons) expect([typeof key, typeof value], text).toEqual(["string", "string"]);
        const { verdict: _, last, expiresOn, ...texts } = answered;
        for (const one of [...Object.values(texts), last?.on ?? "", expiresOn ?? ""]) expect(typeof one, text).toBe("string");
      } catch (error) {
        expect(error instanceof Unreachable || error instanceof SaidMistyped, `${text}: ${String(error)}`).toBe(true);
      }
      isWaiting(body);
    }
  });

  it("a host gives no more bytes than were asked for, and never hangs", { timeout: LONG }, async () => {
    const draw = dice(8);
    const site = siteSource("https://tem.example.vn/log/", null);
    for (let n = 0; n < MANY / 10; n++) {
      const status = [200, 206, 404, 410, 416, 500, 302, 200][draw(8)] ?? 200;
      const endless = new ReadableStream({ pull: (out) => out.enqueue(new Uint8Array(1 + draw(999))) });
      const data = draw(2) ? endless : new Uint8Array(draw(2_000));
      const broken = new ReadableStream({ pull: (out) => out.error(new Error("cut")) });
      vi.stubGlobal("fetch", () => (draw(9) ? Promise.resolve(new Response(draw(9) ? data : broken, { status })) : Promise.reject(new TypeError("no"))));
      const [limit, start] = [draw(1_500), draw(3) ? 0 : draw(1_500)];
      try {
        const got = await site.read("bundle/notices", limit, start);
        expect(got === null || got.length <= limit).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(NoAnswer);
      }
    }
  });

  it("JSON is read once, one way, or not at all", { timeout: LONG }, () => {
    const draw = dice(4);
    const whole = JSON.stringify(pack).slice(0, 400) + '"}}';
    const pieces = ["{", "}", "[", "]", ",", ":", '"a"', '"\\u00e9"', "1", "-0", "1.0", "1e9", "9007199254740993", "null", "true", " ", "\\", "\u0001", "NaN"];
    for (let n = 0; n < MANY; n++) {
      let text = draw(4) ? "" : whole.slice(draw(whole.length));
      for (let k = draw(12); k >= 0; k--) text += pieces[draw(pieces.length)] ?? "";
      let ours: unknown;
      try {
        ours = parseJson(text);
      } catch (error) {
        expect(error, text).toBeInstanceOf(BadStatement);
        continue;
      }
      expect(() => JSON.parse(text) as unknown, text).not.toThrow();
      expect(ours).toBeDefined();
    }
    expect(() => parseJson("[".repeat(100_000))).toThrow(BadStatement);
    expect(() => parseJson('{"a":1,"a":2}')).toThrow("twice");
  });
});
