import { describe, expect, it } from "vitest";
import { fromBase64, toBase64, utf8 } from "../src/core/bytes";
import { Mistyped, TrustError } from "../src/core/errors";
import { install } from "../src/bundle/install";
import { isNewer, sealOf, seenIn, viewOf, type Installed } from "../src/bundle/installed";
import { packSource } from "../src/bundle/source";
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

function installed(changes: Record<string, string | null> = {}, before: Installed | null = null): Promise<Installed> {
  return install(packSource(packed(changes)), { seen: before && seenIn(before), held: before, clock: CLOCK, built: 0 });
}
const first = await installed();

describe("judging offline", () => {
  const trust = viewOf(first, 0);
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
  it.each(refused.map((r) => [r.name, r] as const))("refuses %s", async (_, r) => {
    await expect(installed(r.files)).rejects.toThrow(TrustError);
  });
  it("takes the same again, and no other root", async () => {
    expect(await installed({}, first)).toEqual(first);
    const other = { ...first, pinned: utf8("{}"), trust: { ...first.trust, root: utf8("{}") } };
    await expect(installed({}, other)).rejects.toThrow(TrustError);
  });
  it("never goes back", async () => {
    const { tree } = first;
    await expect(installed({}, { ...first, index: "1000" })).rejects.toThrow("older data");
    await expect(installed({}, { ...first, tree: { ...tree, size: "1000" } })).rejects.toThrow("older data");
    await expect(installed({}, { ...first, tree: { ...tree, origin: "other.example/log" } })).rejects.toThrow("the log");
    await expect(installed({}, { ...first, tree: { ...tree, root: new Uint8Array(32) } })).rejects.toThrow("NOT continue");
  });
  it("every bit of every file counts, but for names", { timeout: 60_000 }, async () => {
    for (const [name, text] of Object.entries(pack.files)) {
      const data = fromBase64(text);
      for (const at of [0, data.length >> 1, data.length - 1]) {
        const bent = data.slice();
        bent[at] = (bent[at] ?? 0) ^ 1;
        const made = installed({ [name]: toBase64(bent) });
        if (name.endsWith(".names") || name.endsWith("contacts.json")) {
          expect((await made).files.has(name.slice("bundle/".length))).toBe(false);
        } else {
          await expect(made, `${name} at ${at}`).rejects.toThrow(TrustError);
        }
      }
    }
  });
});

describe("what is kept", () => {
  it("is not used where anything in it turned", () => {
    expect(viewOf(structuredClone(first), 0).asOf).toBe(CLOCK);
    for (const [name, value] of Object.entries(first)) {
      if (name === "files") continue;
      const other = value instanceof Uint8Array ? value.map((byte) => byte ^ 1) : typeof value === "string" ? `${value}0` : 1n;
      expect(() => viewOf({ ...first, [name]: other } as Installed, 0), name).toThrow(TrustError);
      expect(() => viewOf({ ...first, [name]: undefined } as unknown as Installed, 0), name).toThrow(TrustError);
    }
    const tree = { ...first.tree, size: "1" };
    expect(() => viewOf({ ...first, tree }, 0)).toThrow(TrustError);
    expect(() => viewOf({ ...first, extra: 1 } as Installed, 0)).toThrow(TrustError);
  });
  it("of a newer version is known as such, and not judged with", () => {
    const { listing, files, ...kept } = { ...first, v: 3 };
    const newer = { listing, files, ...kept, seal: sealOf(kept) } as unknown as Installed;
    expect([isNewer(newer), isNewer(first), isNewer(undefined), isNewer("x"), isNewer(null)]).toEqual([true, false, false, false, false]);
    expect(() => viewOf(newer, 0)).toThrow(TrustError);
  });
});
