/** The hash tiles of a log (C2SP tlog-tiles), and from them the path that `verifyGrowth` asks for. Nothing in them is believed here. */

import { NotShown, nodeHash } from "./growth";

const HEIGHT = 8;
const HASH = 32;

/** At most so many bytes of a file of the public folder; null if it is not there. */
type ReadTile = (path: string, limit: number) => Promise<Uint8Array | null>;

/** The path from a tree of `known` entries to one of `size`; both above 0, `known` the smaller. Throws `NotShown`, or as `read` does. */
export async function growthPath(known: bigint, size: bigint, read: ReadTile): Promise<Uint8Array[]> {
  const tiles = new Tiles(size, read);
  const path: Uint8Array[] = [];
  let start = 0n;
  let end = size;
  while (end !== known) {
    const level = bits(end - start - 1n) - 1;
    const half = start + (1n << BigInt(level));
    if (known <= half) {
      path.push(await tiles.range(half, end));
      end = half;
    } else {
      path.push(await tiles.hash(level, start >> BigInt(level)));
      start = half;
    }
  }
  path.push(await tiles.range(start, end));
  return path.reverse();
}

class Tiles {
  private readonly kept = new Map<string, Promise<Uint8Array>>();

  constructor(
    private readonly size: bigint,
    private readonly read: ReadTile,
  ) {}

  /** The hash over entries [start, end), of which `start` ends a larger perfect subtree or is 0. */
  async range(start: bigint, end: bigint): Promise<Uint8Array> {
    const perfect: Uint8Array[] = [];
    for (let at = start; at < end; ) {
      const level = bits(end - at) - 1;
      perfect.push(await this.hash(level, at >> BigInt(level)));
      at += 1n << BigInt(level);
    }
    return perfect.reduceRight((right, left) => nodeHash(left, right));
  }

  /** The hash of the perfect subtree over entries [index · 2^level, (index + 1) · 2^level). */
  async hash(level: number, index: bigint): Promise<Uint8Array> {
    const row = level % HEIGHT;
    const perTile = BigInt(HEIGHT - row);
    const tile = await this.tile(Math.floor(level / HEIGHT), index >> perTile);
    const first = Number(index & ((1n << perTile) - 1n)) << row;
    let hashes = Array.from({ length: 1 << row }, (_, i) => tile.subarray((first + i) * HASH, (first + i + 1) * HASH));
    while (hashes.length > 1) hashes = hashes.flatMap((left, i) => (i % 2 ? [] : [nodeHash(left, hashes[i + 1] ?? left)]));
    return hashes[0] ?? tile;
  }

  private tile(level: number, index: bigint): Promise<Uint8Array> {
    const name = pathOf(level, index);
    const kept = this.kept.get(name) ?? this.fetch(name, (this.size >> BigInt(HEIGHT * level)) - (index << 8n));
    this.kept.set(name, kept);
    return kept;
  }

  /** A tile at the edge has `width` hashes; once it grew full, the shorter one may be gone. */
  private async fetch(name: string, width: bigint): Promise<Uint8Array> {
    const size = Number(width > 256n ? 256n : width) * HASH;
    const partial = width < 256n ? await this.read(`${name}.p/${width}`, size) : null;
    const data = partial ?? (await this.read(name, size));
    if (data?.length !== size) throw new NotShown(name);
    return data;
  }
}

/** 1234067 is x001/x234/067. */
function pathOf(level: number, index: bigint): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  return `tile/${level}/${groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/")}`;
}

function bits(value: bigint): number {
  return value.toString(2).length;
}
