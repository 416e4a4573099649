/** That a log only grew: the hashes that show it, the tiles they come from, and the trust data of a log that was forked. */

import { describe, expect, it } from "vitest";
import { equal, fromBase64, sha256, toBase64, toHex, utf8 } from "../src/core/bytes";
import { TrustError } from "../src/core/errors";
import { ForkFound, install } from "../src/bundle/install";
import { seenIn } from "../src/bundle/installed";
import { packSource, type Source } from "../src/bundle/source";
import { Forked, nodeHash, NotShown, verifyGrowth, type Tree } from "../src/log/growth";
import { growthPath } from "../src/log/tiles";
import { dice } from "./dice";
import { vectors } from "./vectors";

interface Growth {
  name: string;
  old_size: number;
  new_size: number;
  old_root: string;
  new_root: string;
  hashes: string[];
}
type Files = Record<string, string>;
interface GrowthVectors {
  good: Growth[];
  refused: Growth[];
  tiles: { size: number; root: string; files: Files };
  log: {
    known: { size: number; root: string };
    later: { files: Files; tiles: Files };
    forked: { files: Files; tiles: Files };
    fork: { known: string; offered: string; path: string[] };
  };
}
const { good, refused, tiles, log } = vectors<GrowthVectors>("growth");
const { pack, floor } = vectors<{ pack: { files: Files; provinces: string[] }; floor: string }>("offline");

/** The trees and the path of a case: step 2 of RFC 9162 is done where the old tree is one perfect subtree. */
function given(one: Growth): [Tree, Tree, Uint8Array[]] {
  const known = { size: BigInt(one.old_size), root: fromBase64(one.old_root) };
  const now = { size: BigInt(one.new_size), root: fromBase64(one.new_root) };
  const hashes = one.hashes.map(fromBase64);
  const isPerfect = one.old_size > 0 && (one.old_size & (one.old_size - 1)) === 0 && one.old_size < one.new_size;
  return [known, now, isPerfect ? [known.root, ...hashes] : hashes];
}

function reading(files: Files): (path: string, limit: number) => Promise<Uint8Array | null> {
  return (path, limit) => Promise.resolve(files[path] === undefined ? null : fromBase64(files[path]).subarray(0, limit));
}

/** Entry i is i in four bytes. */
function leaf(i: number): Uint8Array {
  return sha256(Uint8Array.of(0, i >>> 24, (i >>> 16) & 255, (i >>> 8) & 255, i & 255));
}

/** RFC 6962, section 2.1, by rows. */
function rootOf(row: Uint8Array[]): Uint8Array {
  let hashes = row;
  while (hashes.length > 1) hashes = hashes.flatMap((left, i) => (i % 2 ? [] : [hashes[i + 1] ? nodeHash(left, hashes[i + 1]!) : left]));
  return hashes[0] ?? sha256();
}

describe("growth", () => {
  it.each(good.map((one) => [one.name, one] as const))("%s", (_, one) => {
    if (one.old_size !== one.new_size) expect(() => verifyGrowth(...given(one))).not.toThrow();
    else expect(one.hashes).toEqual([]);
  });
  it.each(refused.filter(({ hashes, old_size, new_size }) => !hashes.length || old_size !== new_size).map((one) => [one.name, one] as const))(
    "is not shown: %s",
    (_, one) => {
      expect(() => verifyGrowth(...given(one))).toThrow(TrustError);
    },
  );
  it("a fork is told from wrong hashes", () => {
    const [known, now, path] = given(good.find(({ name }) => name === "6 to 9")!);
    const other = { ...known, root: sha256(utf8("other")) };
    expect(() => verifyGrowth(other, now, path)).toThrow(Forked);
    expect(() => verifyGrowth(other, other, [])).not.toThrow();
    expect(() => verifyGrowth({ ...known, size: 9n }, now, [])).toThrow(Forked);
    for (let i = 0; i < path.length; i++) {
      expect(() => verifyGrowth(known, now, path.with(i, sha256(utf8("other"))))).toThrow(NotShown);
      expect(() => verifyGrowth(known, now, path.toSpliced(i, 1))).toThrow(NotShown);
      expect(() => verifyGrowth(known, now, path.toSpliced(i, 0, path[0]!))).toThrow(NotShown);
    }
  });
  it("property: every flipped bit, wrong size and wrong order is refused", () => {
    const draw = dice(11);
    const cases = good.filter(({ old_size, new_size }) => old_size < new_size);
    for (let n = 0; n < 5_000; n++) {
      const [known, now, path] = given(cases[draw(cases.length)]!);
      const bent = path.map((hash) => hash.slice());
      const [a, b] = [draw(path.length), draw(path.length)];
      let sizes = [known.size, now.size] as [bigint, bigint];
      const what = draw(3);
      if (what === 0) bent[a]![draw(32)]! ^= 1 << draw(8);
      else if (what === 1) [bent[a], bent[b]] = [bent[b]!, bent[a]!];
      else sizes = [BigInt(draw(310)), BigInt(draw(310))];
      const isSame = sizes[0] === known.size && sizes[1] === now.size && bent.every((hash, i) => equal(hash, path[i]!));
      const check = () => verifyGrowth({ size: sizes[0], root: known.root }, { size: sizes[1], root: now.root }, bent);
      // A path can fit trees of other sizes only if its hashes still give both roots.
      if (isSame) expect(check).not.toThrow();
      else if (what < 2) expect(check).toThrow(TrustError);
      else if (sizes[0] === sizes[1] || sizes[0] > sizes[1] || sizes[0] < 1n) expect(check).toThrow(TrustError);
    }
  });
});

describe("tiles", () => {
  const leaves = Array.from({ length: tiles.size }, (_, i) => leaf(i));
  it("give the path from every smaller tree", async () => {
    const now = { size: BigInt(tiles.size), root: fromBase64(tiles.root) };
    expect(toHex(rootOf(leaves))).toBe(toHex(now.root));
    for (let size = 1; size < tiles.size; size++) {
      const path = await growthPath(BigInt(size), now.size, reading(tiles.files));
      expect(() => verifyGrowth({ size: BigInt(size), root: rootOf(leaves.slice(0, size)) }, now, path), String(size)).not.toThrow();
    }
  });
  it("of a size whose partial tiles are gone are read from the full ones", async () => {
    const path = await growthPath(7n, 200n, reading(tiles.files));
    const known = { size: 7n, root: rootOf(leaves.slice(0, 7)) };
    expect(() => verifyGrowth(known, { size: 200n, root: rootOf(leaves.slice(0, 200)) }, path)).not.toThrow();
  });
  it("that are missing, short or wrong show nothing", async () => {
    const now = { size: BigInt(tiles.size), root: fromBase64(tiles.root) };
    for (const [path, data] of Object.entries(tiles.files)) {
      const old = path.startsWith("tile/1/") ? 257 : 255;
      const known = { size: BigInt(old), root: rootOf(leaves.slice(0, old)) };
      const bent = fromBase64(data);
      bent[0]! ^= 1;
      const led = (changed: string | undefined) => growthPath(known.size, now.size, reading({ ...tiles.files, [path]: changed } as Files));
      await expect(led(undefined), path).rejects.toThrow(NotShown);
      await expect(led(data.slice(4)), path).rejects.toThrow(NotShown);
      const wrong = await led(toBase64(bent));
      expect(() => verifyGrowth(known, now, wrong), path).toThrow(NotShown);
    }
  });
  it("of three levels: a log of 66,000 entries", async () => {
    const size = 66_000;
    const rows = [Array.from({ length: size }, (_, i) => leaf(i))];
    for (let level = 1; level < 3; level++) {
      const below = rows[level - 1]!;
      rows.push(Array.from({ length: below.length >> 8 }, (_, i) => rootOf(below.slice(i << 8, (i + 1) << 8))));
    }
    const asked: string[] = [];
    const read = (path: string) => {
      asked.push(path);
      const [, level = "", index = "", width = "256"] = /^tile\/(\d)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? [];
      const first = Number(index) * 256;
      const hashes = rows[Number(level)]!.slice(first, first + Number(width));
      return Promise.resolve(hashes.length === Number(width) ? Uint8Array.from(hashes.flatMap((hash) => [...hash])) : null);
    };
    const root = rootOf(rows[0]!);
    for (const old of [257, 65_535, 65_537]) {
      asked.length = 0;
      const path = await growthPath(BigInt(old), BigInt(size), read);
      const known = { size: BigInt(old), root: rootOf(rows[0]!.slice(0, old)) };
      expect(() => verifyGrowth(known, { size: BigInt(size), root }, path), String(old)).not.toThrow();
      expect(asked.length).toBeLessThanOrEqual(6);
    }
  });
});

describe("trust data that has grown", async () => {
  const at = { clock: Date.parse(floor) / 1000, built: 0 };
  const offer = (files: Files, beside: Source["read"] | null = null) =>
    packSource(utf8(JSON.stringify({ v: 1, type: "trust pack", provinces: pack.provinces, files: { ...pack.files, ...files } })), beside);
  const known = await install(offer({}), { seen: null, held: null, ...at });
  const device = { seen: seenIn(known), held: known, ...at };
  it("is taken where the tiles show it, from a pack or beside it", async () => {
    expect([known.tree.size, toHex(known.tree.root)]).toEqual([String(log.known.size), toHex(fromBase64(log.known.root))]);
    const taken = await install(offer({ ...log.later.files, ...log.later.tiles }), device);
    expect(Number(taken.tree.size)).toBe(log.known.size + 2);
    expect(await install(offer(log.later.files, reading(log.later.tiles)), device)).toEqual(taken);
    await expect(install(offer({}), { ...device, seen: seenIn(taken), held: taken })).rejects.toThrow("older data");
  });
  it("is refused where nothing shows it, but for the first use", async () => {
    await expect(install(offer(log.later.files), device)).rejects.toThrow(NotShown);
    await expect(install(offer({ ...log.later.files, ...log.forked.tiles }), device)).rejects.toThrow(NotShown);
    await expect(install(offer(log.later.files), { ...device, seen: null })).resolves.toBeDefined();
  });
  it("of a forked log is refused, with what proves it", async () => {
    const found = await install(offer({ ...log.forked.files, ...log.forked.tiles }), device).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(ForkFound);
    const evidence = found as ForkFound;
    expect([evidence.known, evidence.offered].map(toBase64)).toEqual([log.fork.known, log.fork.offered]);
    expect(evidence.path.map(toBase64)).toEqual(log.fork.path);
    expect(evidence.vi).toContain("KHÔNG nối tiếp");
  });
  it("is fetched only as far as it grew", async () => {
    const whole = { ...pack.files, ...log.later.files, ...log.later.tiles };
    const asked: [string, number, number][] = [];
    const folder: Source = {
      provinces: known.provinces,
      read(path, limit, start = 0) {
        const data = whole[path] === undefined ? null : fromBase64(whole[path]).subarray(start, start + limit);
        if (path.startsWith("bundle/")) asked.push([path, start, data?.length ?? -1]);
        return Promise.resolve(data);
      },
    };
    const taken = await install(folder, device);
    expect(asked.map(([path]) => path)).toEqual(["bundle/bundle.proof", "bundle/bundle.json", "bundle/notices"]);
    const before = known.files.get("notices")?.length ?? 0;
    expect(asked[2]).toEqual(["bundle/notices", before, (taken.files.get("notices")?.length ?? 0) - before]);
    const turned = { ...known, files: new Map([...known.files, ["notices", new Uint8Array(20)]]) };
    expect((await install(folder, { ...device, held: turned })).files).toEqual(taken.files);
  });
});
