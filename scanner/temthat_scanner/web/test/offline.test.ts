import { describe, expect, it } from "vitest";
import { fromBase64, toBase64, utf8 } from "../src/core/bytes";
import { Mistyped, TrustError } from "../src/core/errors";
import { install, parsePack } from "../src/bundle/install";
import { viewOf, type Installed } from "../src/bundle/installed";
import { judgeOffline } from "../src/bundle/offline";
import type { Asker } from "../src/stamp/verdict";
import { vectors } from "./vectors";

interface Case {
  name: string;
  text: string;
  asker: Asker;
  now: string;
  word?: string;
  reasons?: [string, string][];
  shown?: Record<string, string | null>;
  mistyped?: number | null;
}
interface OfflineVectors {
  pack: { files: Record<string, string>; provinces: string[] | null };
  floor: string;
  refused: { name: string; files: Record<string, string | null> }[];
  cases: Case[];
}

const { pack, floor, refused, cases } = vectors<OfflineVectors>("offline");
const CLOCK = Date.parse(floor) / 1000;

function packed(changes: Record<string, string | null> = {}): Uint8Array {
  const files = Object.fromEntries(Object.entries({ ...pack.files, ...changes }).filter(([, text]) => text !== null));
  return utf8(JSON.stringify({ ...pack, files }));
}

function installed(changes: Record<string, string | null> = {}, before: Installed | null = null): Installed {
  return install(parsePack(packed(changes)), before, CLOCK, 0, null);
}

describe("judging offline", () => {
  const trust = viewOf(installed(), 0);
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const at = Date.parse(c.now) / 1000;
    if (c.word === undefined) {
      expect(() => judgeOffline(c.text, trust, at, c.asker)).toThrow(Mistyped);
      return;
    }
    const { verdict, run, names, issuer } = judgeOffline(c.text, trust, at, c.asker);
    expect(verdict.word).toBe(c.word);
    expect(verdict.reasons.map((r) => [r.key, r.value])).toEqual(c.reasons);
    if (c.shown) {
      expect({
        product: names?.product ?? null,
        pack_form: names?.packForm ?? null,
        lot: names?.lot ?? null,
        expires_on: run?.expiresOn ?? null,
        made_on: run?.madeOn ?? null,
        issuer: issuer?.id ?? null,
      }).toMatchObject(c.shown);
    }
  });
  it("without trust data nothing is genuine", () => {
    const words = new Set(cases.flatMap((c) => (c.word === undefined ? [] : judgeOffline(c.text, null, CLOCK, c.asker).verdict.word)));
    expect([...words].sort()).toEqual(["cannot_tell", "not_ours"]);
  });
});

describe("taking trust data", () => {
  it.each(refused.map((r) => [r.name, r] as const))("refuses %s", (_, r) => {
    expect(() => installed(r.files)).toThrow(TrustError);
  });
  it("takes the same again, and no other root", () => {
    const first = installed();
    expect(installed({}, first)).toEqual(first);
    const other = { ...first, pinned: utf8("{}"), trust: { ...first.trust, root: utf8("{}") } };
    expect(() => installed({}, other)).toThrow(TrustError);
  });
  it("never goes back", () => {
    const first = installed();
    expect(() => installed({}, { ...first, index: "1000" })).toThrow("older data");
    expect(() => installed({}, { ...first, tree: { ...first.tree, size: "1000" } })).toThrow("older data");
    expect(() => installed({}, { ...first, tree: { ...first.tree, origin: "other.example/log" } })).toThrow("the log");
    expect(() => installed({}, { ...first, tree: { ...first.tree, root: new Uint8Array(32) } })).toThrow("NOT continue");
  });
  it("every bit of every file counts, but for names", () => {
    for (const [name, text] of Object.entries(pack.files)) {
      const data = fromBase64(text);
      for (const at of [0, data.length >> 1, data.length - 1]) {
        const bent = data.slice();
        bent[at] = (bent[at] ?? 0) ^ 1;
        const made = () => installed({ [name]: toBase64(bent) });
        if (name.endsWith(".names") || name.endsWith("contacts.json")) {
          expect(made().files.has(name.slice("bundle/".length))).toBe(false);
        } else {
          expect(made, `${name} at ${at}`).toThrow(TrustError);
        }
      }
    }
  });
});
