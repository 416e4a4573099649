/** What anybody may send or leave behind: codes, trust packs, stored state, answers. `FUZZ` says how many of each (make fuzz: a million). */

import { describe, expect, it } from "vitest";
import { fromBase64, toBase64, toHex, utf8 } from "../src/core/bytes";
import { Mistyped, TrustError } from "../src/core/errors";
import { parseJson } from "../src/core/json";
import { BadStatement } from "../src/core/errors";
import { install } from "../src/bundle/install";
import { seenIn, viewOf, type Installed } from "../src/bundle/installed";
import { packSource } from "../src/bundle/source";
import { judgeOffline } from "../src/bundle/offline";
import { decode } from "../src/stamp/code";
import { dice } from "./dice";
import { vectors } from "./vectors";

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

describe("hostile", () => {
  it("codes end in a verdict or a slip, and a genuine one is one that was issued", { timeout: 3_600_000 }, () => {
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

  it("trust packs are refused or taken whole", { timeout: 3_600_000 }, async () => {
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

  it("stored state that turned is refused, or says the same as before", { timeout: 3_600_000 }, () => {
    const draw = dice(3);
    for (let n = 0; n < MANY / 10; n++) {
      const files = new Map(installed.files);
      const [name, data] = [...files][draw(files.size)] ?? ["", new Uint8Array()];
      const bent = draw(4) ? data.slice() : data.slice(0, draw(data.length + 1));
      if (bent.length) bent[draw(bent.length)] = draw(256);
      files.set(name, bent);
      const stored: Installed = { ...installed, files };
      const listing = installed.listing.slice();
      if (!draw(10)) listing[draw(listing.length)] = draw(256);
      const text = texts[draw(texts.length)] ?? "";
      const told = (state: Installed) => judgeOffline(text, viewOf(state, 0), CLOCK, "consumer");
      try {
        expect(told({ ...stored, listing }), name).toEqual(told(installed));
      } catch (error) {
        expect(error instanceof TrustError || error instanceof Mistyped, `${name}: ${String(error)}`).toBe(true);
      }
    }
  });

  it("JSON is read once, one way, or not at all", { timeout: 3_600_000 }, () => {
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
