import { describe, expect, it, vi } from "vitest";
import { Device } from "../src/app/device";
import { drawReference, grouped } from "../src/stamp/reference";
import { checkSymbol, ALPHABET } from "../src/stamp/number";
import { saidOf } from "../src/app/said";
import { isWaiting, stamped, type Said, type WaitingEvent, type WaitingReport } from "../src/app/queue";
import { dice } from "./dice";

// The app's modules ask where they are served from.
vi.stubGlobal("document", { baseURI: "https://tem.example.vn/scan/" });
const { AT_ONCE, Sender, laneOf, toSend } = await import("../src/app/sending");
const { Unreachable } = await import("../src/app/online");

const WORDS = () => ({ noKey: "no key", busy: "busy" });

function event(more: Partial<WaitingEvent> = {}): WaitingEvent {
  return { ...stamped(), code: "x", event: "check", kind: "consumer", ...more };
}

function report(more: Partial<WaitingReport["report"]> = {}): WaitingReport {
  const told = { reference: drawReference(), code: "x", odd: ["weight"], words: "", shop: "", contact: "", agree: false, ...more };
  return { ...stamped(), event: "report", report: told };
}

/** A service that knows what it was told, and loses answers as `luck` says: before it did anything, or after. */
class Server {
  readonly events: WaitingEvent[] = [];
  readonly reports = new Map<string, WaitingReport["report"]>();
  readonly calls: { ids: string[]; apiKey: string }[] = [];
  luck: () => "well" | "lost before" | "lost after" = () => "well";
  answer: (one: WaitingEvent) => Said = () => ({ taken: null });

  async tellMany(events: WaitingEvent[], apiKey: string): Promise<Said[]> {
    const luck = this.luck();
    this.calls.push({ ids: events.map(({ id }) => id), apiKey });
    if (luck === "lost before") throw new Unreachable("no network", true);
    const said = events.map((one) => {
      const answer = this.answer(one);
      if ("taken" in answer && !this.events.some(({ id }) => id === one.id)) this.events.push(structuredClone(one));
      return answer;
    });
    if (luck === "lost after") throw new Unreachable("no network", true);
    return said;
  }

  async tellReport({ report }: WaitingReport): Promise<Said> {
    const luck = this.luck();
    if (luck === "lost before") throw new Unreachable("no network", true);
    const known = this.reports.get(report.reference);
    if (known && JSON.stringify(known) !== JSON.stringify(report)) return { renumber: true };
    this.reports.set(report.reference, structuredClone(report));
    if (luck === "lost after") throw new Unreachable("no network", true);
    return { taken: null };
  }
}

async function counter(apiKey = "tt_till_x"): Promise<{ device: Device; server: Server; sender: InstanceType<typeof Sender> }> {
  const device = await Device.open();
  const server = new Server();
  if (apiKey) await device.choose({ apiKey });
  return { device, server, sender: new Sender(device, server, WORDS) };
}

describe("what waits", () => {
  it("goes in the order it happened, each kind by its own way", () => {
    const all = [event({ event: "sold" }), event(), report(), event({ event: "returned" })];
    expect(all.map(laneOf)).toEqual(["marks", "checks", "reports", "marks"]);
    expect(toSend([...all].reverse(), "marks").map(({ id }) => id)).toEqual([all[0]?.id, all[3]?.id]);
    expect(toSend([{ ...all[0], refused: "why" } as WaitingEvent], "marks")).toEqual([]);
  });

  it("is numbered in order even within one millisecond", () => {
    const ids = Array.from({ length: 2_000 }, () => stamped().id);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("has no time before the data's, whatever the clock says", () => {
    vi.useFakeTimers({ now: 0, toFake: ["Date"] });
    const early = Date.parse("2030-01-02T03:04:05Z") / 1000;
    const { id, at } = stamped(early);
    vi.useRealTimers();
    expect(Date.parse(at)).toBeGreaterThanOrEqual(early * 1000);
    expect(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(Date.parse(at));
  });

  it("is left alone where this version does not know its kind", () => {
    for (const strange of [null, 7, "x", {}, { id: "1" }, { ...event(), at: "yesterday" }, { ...event(), event: "applied?" }, { ...report(), report: null }]) {
      expect(isWaiting(strange)).toBe(false);
    }
    expect([event(), event({ event: "spoiled" }), report()].every(isWaiting)).toBe(true);
  });
});

describe("a batch's answer", () => {
  const two = [event(), event()];
  const line = (i: number, more: object) => ({ index: i, id: two[i]?.id, answer: null, problem: null, ...more });
  const told = { error: "impossible_event", message_vi: "không thể", message_en: "impossible" };

  it("is taken line by line", () => {
    const answer = { verdict: "sold", reasons: [{ key: "rung_up", value: "2026-05-20 01" }] };
    const body = { events: [line(0, { outcome: "duplicate", answer }), line(1, { outcome: "refused", problem: told })] };
    expect(saidOf(two, body, "vi")).toEqual([
      { taken: { word: "sold", reasons: [{ key: "rung_up", value: "2026-05-20 01" }] } },
      { refused: "không thể" },
    ]);
    expect(saidOf(two.slice(0, 1), { events: [line(0, { outcome: "later", problem: told })] }, "en")).toEqual([{ later: "impossible" }]);
  });

  it("is none where lines are missing, of others, or unknown", () => {
    const good = line(0, { outcome: "recorded" });
    for (const events of [[], [good], [good, line(0, { outcome: "recorded" })], [good, line(1, { outcome: "eaten" })], [good, null], "x"]) {
      expect(saidOf(two, { events }, "vi")).toBeNull();
    }
    for (const body of [null, 7, [], { events: null }]) expect(saidOf(two, body, "vi")).toBeNull();
  });
});

describe("hostile answers and storage", () => {
  it("are no answer, and nothing that is sent; nothing breaks", () => {
    const roll = dice(4_711);
    const pieces: unknown[] = [null, true, 7, -1e300, "", "recorded", "refused", "later", [], {}, { verdict: "genuine", reasons: [null, 7, { key: 1 }] }];
    const some = () => pieces[roll(pieces.length)];
    const one = event();
    for (let n = 0; n < 5_000; n++) {
      const names = ["id", "outcome", "answer", "problem", "verdict", "reasons", "at", "event", "code", "report", "refused"];
      const made = Object.fromEntries(names.filter(() => roll(10) < 6).map((name) => [name, some()]));
      const body = { events: [roll(2) ? { ...made, id: one.id } : made] };
      const said = saidOf([one], body, "vi");
      if (said && "taken" in (said[0] as Said)) expect(["recorded"]).toContain(made["outcome"]);
      const isKnown = isWaiting(made);
      if (isKnown) expect(() => laneOf(made)).not.toThrow();
    }
  });
});

describe("sending", () => {
  it("takes few calls for many, a till's with its key and the rest without", async () => {
    const { device, server, sender } = await counter();
    for (let i = 0; i < 450; i++) await device.wait(event({ event: i % 3 ? "check" : "sold", kind: i % 3 ? "consumer" : "till" }));
    expect((await sender.send()).sent).toBe(450);
    expect(server.calls.map(({ ids, apiKey }) => [ids.length, apiKey])).toEqual([
      [150, "tt_till_x"],
      [AT_ONCE, ""],
      [100, ""],
    ]);
    expect(await device.waiting()).toEqual([]);
  });

  it("loses nothing and doubles nothing, whatever answers are lost", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { device, server, sender } = await counter();
      const roll = dice(seed);
      server.luck = () => (["well", "lost before", "lost after"] as const)[roll(3)] ?? "well";
      const told: WaitingEvent[] = [];
      const reports: WaitingReport[] = [];
      for (let round = 0; round < 20; round++) {
        const one = event({ event: (["sold", "returned", "check"] as const)[round % 3] ?? "sold", code: `code ${round % 4}` });
        told.push(one);
        await device.wait(one);
        if (round % 5 === 0) {
          reports.push(report({ words: `report ${round}` }));
          await device.wait(reports.at(-1) as WaitingReport);
        }
        // Two at once: they take turns, and each has its answer.
        await Promise.all([sender.send({ now: true }), sender.send({ now: true, lanes: ["marks"], calls: 1 })]);
      }
      server.luck = () => "well";
      await sender.send({ now: true });
      expect(await device.waiting()).toEqual([]);
      expect(server.events.map(({ id }) => id).sort()).toEqual(told.map(({ id }) => id));
      const marks = (some: WaitingEvent[]) => some.filter((one) => one.event !== "check").map(({ id }) => id);
      expect(marks(server.events)).toEqual(marks(told));
      expect([...server.reports.values()].map(({ words }) => words).sort()).toEqual(reports.map(({ report: { words } }) => words).sort());
    }
  });

  it("stops a way that has to wait, and only that", async () => {
    const { device, server, sender } = await counter();
    await device.wait(event({ event: "sold", kind: "till" }));
    await device.wait(event());
    await device.wait(report());
    server.answer = (one) => (one.event === "sold" ? { later: "wrong key" } : { taken: null });
    const { sent, problem } = await sender.send();
    expect([sent, problem]).toEqual([2, "wrong key"]);
    expect((await device.waiting()).map(laneOf)).toEqual(["marks"]);
    expect((await sender.remembered()).problem).toBe("wrong key");
    // By itself it rests a while; a person may ask at once.
    server.answer = () => ({ taken: null });
    expect((await sender.send()).sent).toBe(0);
    expect((await sender.send({ now: true })).sent).toBe(1);
    expect((await sender.remembered()).problem).toBeUndefined();
  });

  it("keeps what is refused for good until a person drops it, and sends it no more", async () => {
    const { device, server, sender } = await counter();
    const bad = event({ event: "returned", kind: "till" });
    for (const one of [bad, event({ event: "sold", kind: "till" })]) await device.wait(one);
    server.answer = ({ id }) => (id === bad.id ? { refused: "nothing to take back" } : { taken: null });
    expect(await sender.send()).toMatchObject({ sent: 1, refused: 1, problem: null });
    expect(await device.waiting()).toEqual([{ ...bad, refused: "nothing to take back" }]);
    await sender.send({ now: true });
    expect(server.calls).toHaveLength(1);
    await device.done([bad.id]);
    expect(await device.waiting()).toEqual([]);
  });

  it("asks nobody for a till without a key, and sends the rest", async () => {
    const { device, server, sender } = await counter("");
    await device.wait(event({ event: "sold", kind: "till" }));
    await device.wait(event());
    expect(await sender.send()).toMatchObject({ sent: 1, problem: "no key" });
    expect(server.calls.map(({ apiKey }) => apiKey)).toEqual([""]);
  });

  it("gives a report whose number is somebody else's another one, and remembers it", async () => {
    const { device, server, sender } = await counter();
    const one = report();
    server.reports.set(one.report.reference, report().report);
    await device.wait(structuredClone(one));
    const said = (await sender.send()).said.get(one.id) as { reference?: string };
    expect(said.reference).not.toBe(one.report.reference);
    expect(server.reports.size).toBe(2);
    expect((await sender.remembered()).reports?.map(({ reference }) => reference)).toEqual([said.reference]);
    await sender.forgetNumbers();
    expect((await sender.remembered()).reports).toEqual([]);
  });
});

describe("somebody at a till", () => {
  it("is not kept waiting by what is sent behind them", async () => {
    const { device, server, sender } = await counter();
    await device.wait(event());
    let answer = () => {};
    const slow = vi.spyOn(server, "tellMany").mockImplementationOnce(() => new Promise((resolve) => (answer = () => resolve([{ taken: null }]))));
    const behind = sender.send();
    const sale = event({ event: "sold", kind: "till" });
    await device.wait(sale);
    expect(await sender.send({ lanes: ["marks"], calls: 1, patience: 20 })).toMatchObject({ sent: 0, problem: "busy" });
    expect((await device.waiting()).map(({ id }) => id)).toContain(sale.id);
    answer();
    await behind;
    slow.mockRestore();
    await sender.send();
    expect(await device.waiting()).toEqual([]);
  });
});

describe("a report's number", () => {
  it("has the check character of a printed number", () => {
    const drawn = Array.from({ length: 500 }, drawReference);
    for (const reference of drawn) {
      const symbols = [...reference].map((character) => ALPHABET.indexOf(character));
      expect(symbols).toHaveLength(9);
      expect(checkSymbol(symbols.slice(0, 8))).toBe(symbols[8]);
    }
    expect(new Set(drawn).size).toBe(500);
    expect(grouped("7K3M9QX2V")).toBe("7K3M-9QX2-V");
    expect(checkSymbol([..."7K3M9QX2"].map((character) => ALPHABET.indexOf(character)))).toBe(ALPHABET.indexOf("V"));
  });
});
