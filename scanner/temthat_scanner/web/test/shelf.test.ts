import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fromBase64, fromUtf8, concat, utf8 } from "../src/core/bytes";
import { install } from "../src/bundle/install";
import { packSource } from "../src/bundle/source";
import { viewOf } from "../src/bundle/installed";
import { Device } from "../src/app/device";
import { verifies } from "../src/stamp/ed25519";
import type { Trust } from "../src/app/trust";
import type { Body } from "../src/shelf/evidence";
import type { Told } from "../src/shelf/service";
import { vectors } from "./vectors";

// The app's modules ask where they are served from.
vi.stubGlobal("document", { baseURI: "https://tem.example.vn/scan/" });
const { Shelf, deviceSecret } = await import("../src/shelf/shelf");

interface OfflineVectors {
  pack: object;
  floor: string;
  cases: { name: string; text: string; shown?: { issuer: string } }[];
}
const { pack, floor, cases } = vectors<OfflineVectors>("offline");
const CLOCK = Date.parse(floor) / 1000 + 3_600;
const device = { seen: null, held: null, clock: CLOCK, built: 0 };
const kept = await install(packSource(utf8(JSON.stringify(pack))), device);
const trust = { installed: kept, view: viewOf(kept, 0), drop: () => Promise.reject(new Error("damaged")) } as unknown as Trust;
const text = (name: string) => cases.find((one) => one.name === name)?.text ?? "";
const ours = cases.find((one) => one.name === "good")?.shown?.issuer ?? "";

async function begun(producer = ours): Promise<InstanceType<typeof Shelf>> {
  return Shelf.begin(await Device.open(), trust, "Máy 3", { producer, name: "HTX Mẫu" }, { province: "24" });
}

beforeEach(() => void vi.useFakeTimers({ now: CLOCK * 1000, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("a shelf check", () => {
  it("counts a pack once while it is in view, and asks when it comes back", async () => {
    const shelf = await begun();
    const good = text("good");
    expect(shelf.look(good, 0)).toBe("new");
    await shelf.add(good, "", "vi");
    expect(shelf.look(good, 1_900)).toBe("same");
    expect(shelf.look(good, 3_800)).toBe("same");
    shelf.stay([good], 9_000); // the service took its time
    expect(shelf.look(good, 9_100)).toBe("same");
    expect(shelf.look(good, 12_000)).toBe("again");
    // The same number in another spelling is the same stamp; another site's code is told by its text.
    expect(shelf.look(text("good, bare"), 12_000)).toBe("again");
    expect(shelf.look("https://example.com/", 12_000)).toBe("new");
    expect(shelf.look("0000 0W00 00F8 3G5I", 12_000)).toBe("new");
  });

  it("marks duplicates by the first with the same number, and strangers by the producer", async () => {
    const shelf = await begun("0196e4a0-0000-7000-8000-00000000ffff");
    for (const name of ["good", "good, last serial", "good, bare", "serial changed after signing"]) await shelf.add(text(name), "", "vi");
    await shelf.add(text("good"), "", "vi");
    expect(shelf.kept.checks.map((check) => check.duplicate_of)).toEqual([undefined, undefined, 0, undefined, 0]);
    expect(shelf.kept.checks.map((check) => check.stranger)).toEqual([true, true, true, undefined, true]);
    expect(shelf.kept.checks.map((check) => check.verdict)).toEqual([
      "genuine_offline",
      "genuine_offline",
      "genuine_offline",
      "forged",
      "genuine_offline",
    ]);
  });

  it("writes no mistyped number, no endless text, and no time that goes back", async () => {
    const shelf = await begun();
    expect(await shelf.add("0000 0W00 00F8 3G5I", "", "vi")).toBeNull();
    expect(await shelf.add(`https://example.com/${"a".repeat(2_000)}`, "", "vi")).toBeNull();
    await shelf.add(text("good"), "", "vi");
    vi.setSystemTime((CLOCK - 600) * 1000);
    const late = await shelf.add("https://example.com/", "", "vi");
    await shelf.finish(true);
    expect(late?.at).toBe(shelf.kept.begun);
    expect(shelf.kept.ended).toBe(shelf.kept.begun);
  });

  it("keeps the short of what the service told, for the file", async () => {
    const shelf = await begun();
    const check = await shelf.add(text("good"), "", "vi");
    if (!check) throw new Error("nothing was read");
    const both = { vi: "đ".repeat(700), en: "o" };
    const paper = { kind: "ocop", title: both, number: "12/QĐ", valid_until: null, in_force: true, vouching: "confirmed", refused: true };
    const items = [{ title: both, state: "missing" }, { title: both, state: "complete" }];
    const told: Told = {
      verdict: "genuine",
      stamp: { run: 4 },
      history: { checks: null, first: { on: "2026-05-02", province: "" }, last: null, sold: null },
      record: {
        quantity: both,
        state: "applied",
        state_words: both,
        runs: [3, 4].map((run) => ({ run, pack_form: "Gói", ordered: run, logged: true, reason: null, states: [{ state: "applied", count: run, words: both }] })),
        questions: Array.from({ length: 12 }, () => ({ rule: "over_ordered", words: both })),
        balance: [],
        events: [],
        hidden: 0,
        cut: false,
        papers: [paper],
        checklists: [{ law: both, done: 1, counted: 2, items }],
      },
    };
    vi.setSystemTime((CLOCK + 60) * 1000);
    await shelf.told(check, told);
    const { questions, ...service } = check.service ?? { questions: [] };
    expect(service).toEqual({
      at: new Date((CLOCK + 60) * 1000).toISOString().replace(".000", ""),
      verdict: "genuine",
      first: ["2026-05-02", ""],
      state: "applied",
      ordered: 4,
      states: [["applied", 4]],
      papers: [["ocop", "12/QĐ", "", "refused"]],
      missing: 1,
    });
    expect(questions?.map(([, vi]) => vi.length)).toEqual(Array.from({ length: 10 }, () => 600));
    // What was told last is not after the end, whatever the clock does meanwhile.
    vi.setSystemTime((CLOCK - 600) * 1000);
    await shelf.finish(true);
    expect(shelf.kept.ended).toBe(check.service?.at);
    await shelf.told(check, { ...told, history: null, record: null });
    expect(check.service).toEqual({ at: check.at, verdict: "genuine" });
  });

  it("signs what it holds, with a key that stays the same", async () => {
    const shelf = await begun();
    const check = await shelf.add(text("good"), "", "vi");
    if (!check) throw new Error("nothing was read");
    const photo = Uint8Array.of(0xff, 0xd8, 1, 2, 3, 0xff, 0xd9);
    for (let i = 0; i < 2; i++) expect(await shelf.addPhoto(check, photo)).toBe(true);
    await shelf.note(check, "x".repeat(600));
    await shelf.finish(true);
    expect(await shelf.file()).toEqual(await shelf.file());
    const { envelope, photos } = JSON.parse(fromUtf8(await shelf.file())) as {
      envelope: { payload: string; payloadType: string; signatures: [{ sig: string }] };
      photos: Record<string, string>;
    };
    const payload = fromBase64(envelope.payload);
    const body = JSON.parse(fromUtf8(payload)) as Body;
    const message = concat(utf8(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `), payload);
    expect(verifies(fromBase64(body.who.public_key), fromBase64(envelope.signatures[0].sig), message)).toBe(true);
    expect(Object.keys(photos)).toEqual(body.photos.map(({ sha256 }) => sha256));
    expect(body.checks[0]?.note).toHaveLength(500);
    expect(body.data).toHaveLength(1);
    expect(await deviceSecret(await Device.open())).toEqual(await deviceSecret(shelf.device));
  });
});
