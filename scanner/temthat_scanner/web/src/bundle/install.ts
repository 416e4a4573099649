/**
 * Taking new trust data: proved before it is kept, and never older than it was (docs/spec/bundle.md).
 *
 * From what a device has and a source to what it will have; nothing here stores anything. The store replaces the one by the
 * other in one step, so that whatever fails leaves the last good set in use.
 */

import { concat } from "../core/bytes";
import { TrustError } from "../core/errors";
import { verifyGrowth, Forked } from "../log/growth";
import { parseProof, PROOF_LIMIT } from "../log/note";
import { growthPath } from "../log/tiles";
import { accept } from "../trust/accepted";
import { BadBundle, missing } from "./encoding";
import { sealOf, VERSION, type Installed, type Seen } from "./installed";
import { isListed, LISTING_LIMIT, type Listed, type Listing } from "./listing";
import { openBundleProof, readListing, type ProvedBundle } from "./proof";
import type { Source } from "./source";
import { checkFile } from "./view";

/** Files fetched side by side. */
const HANDS = 6;
const ROOT_LIMIT = 200_000;

interface Device {
  /** What must never go back; null at first use. */
  seen: Seen | null;
  /** Files that need not be fetched again. */
  held: Installed | null;
  /** Its clock, seconds since 1970. */
  clock: number;
  /** When this app was built: no time before it is believed. */
  built: number;
}

/** A log that is not the one known, with both signed checkpoints and the hashes that prove it (docs/spec/log.md, “A fork”). */
export class ForkFound extends Forked {
  constructor(
    readonly known: Uint8Array,
    readonly offered: Uint8Array,
    readonly path: Uint8Array[],
  ) {
    super();
  }
}

/** The set a device will use, from a source. Throws `TrustError`, or as the source does; then nothing changes. */
export async function install(source: Source, { seen, held, clock, built }: Device): Promise<Installed> {
  const pinned = seen?.pinned ?? (await source.read("trust/1.root.json", ROOT_LIMIT));
  if (!pinned) throw missing("trust/1.root.json");
  const floor = Math.max(built, seen?.floor ?? 0);
  const read = (name: string, limit: number) => source.read(`trust/${name}`, limit);
  const trusted = await accept(read, pinned, seen?.trust ?? null, Math.max(clock, floor));
  const proof = await whole(source, "bundle.proof", PROOF_LIMIT + 1);
  const proved = openBundleProof(proof, trusted.log.policy, trusted.log.operators);
  if (seen) await checkForward(seen, proved, proof, source);
  const listingBytes = await whole(source, "bundle.json", LISTING_LIMIT);
  const listing = readListing(listingBytes, proved);
  const { origin, size, root } = proved.checkpoint;
  const kept = {
    v: VERSION as typeof VERSION,
    pinned,
    trust: trusted.state,
    fingerprint: trusted.fingerprint,
    hosts: trusted.log.hosts,
    index: String(proved.index),
    tree: { origin, size: String(size), root },
    proof,
    floor: Math.max(listing.at, floor),
    provinces: source.provinces,
    listingSha256: proved.stated.sha256,
    takenAt: clock,
  };
  return { ...kept, seal: sealOf(kept), listing: listingBytes, files: await filesOf(source, listing, held) };
}

async function whole(source: Source, name: string, limit: number): Promise<Uint8Array> {
  const data = await source.read(`bundle/${name}`, limit);
  if (!data) throw missing(name);
  return data;
}

async function filesOf(source: Source, listing: Listing, held: Installed | null): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const one = async (name: string) => {
    const listed = listing.files.get(name);
    if (!listed) throw missing(name);
    const data = await grown(source, name, listed, held?.files.get(name) ?? new Uint8Array());
    checkFile(name, data, listing);
    files.set(name, data);
  };
  await inTurn(listing.required(source.provinces), one);
  await inTurn(listing.optional(source.provinces), async (name) => {
    try {
      await one(name);
    } catch (error) {
      // Names that do not open their commitments are worth less than none; no verdict needs them.
      if (!(error instanceof BadBundle)) throw error;
    }
  });
  return files;
}

/** A file as it is listed: what is here, with the rest of what has only grown since; else all of it. */
async function grown(source: Source, name: string, listed: Listed, here: Uint8Array): Promise<Uint8Array> {
  if (isListed(here, listed)) return here;
  const path = `bundle/${name}`;
  if (here.length && here.length < listed.length) {
    const rest = await source.read(path, listed.length - here.length, here.length);
    const data = concat(here, rest ?? new Uint8Array());
    if (isListed(data, listed)) return data;
  }
  const data = await whole(source, name, listed.length);
  if (!isListed(data, listed)) {
    throw new BadBundle(`tệp ${name} không phải tệp trong danh sách`, `the file ${name} is not the one listed`, "store");
  }
  return data;
}

async function inTurn(names: string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names].reverse();
  const hand = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name);
  };
  await Promise.all(Array.from({ length: HANDS }, hand));
}

/** Never back, never to another log, and never to one that does not continue the one known. */
async function checkForward(seen: Seen, proved: ProvedBundle, proof: Uint8Array, source: Source): Promise<void> {
  const { checkpoint, index } = proved;
  if (checkpoint.origin !== seen.tree.origin) {
    throw new TrustError(
      "operator",
      `Dữ liệu này là của sổ “${checkpoint.origin}”; máy này giữ sổ “${seen.tree.origin}”.`,
      `This is about the log “${checkpoint.origin}”; this device holds “${seen.tree.origin}”.`,
    );
  }
  const known = { size: BigInt(seen.tree.size), root: seen.tree.root };
  if (index < BigInt(seen.index) || checkpoint.size < known.size) {
    throw new TrustError(
      "operator",
      "Nguồn đưa dữ liệu cũ hơn dữ liệu đang dùng. Dữ liệu đang dùng được giữ; lấy từ nguồn khác.",
      "The source offers older data than is in use. What is in use is kept; fetch it from elsewhere.",
    );
  }
  const read = (path: string, limit: number) => source.read(path, limit);
  const path = checkpoint.size > known.size ? await growthPath(known.size, checkpoint.size, read) : [];
  try {
    verifyGrowth(known, checkpoint, path);
  } catch (error) {
    throw error instanceof Forked ? new ForkFound(parseProof(seen.proof).checkpoint, parseProof(proof).checkpoint, path) : error;
  }
}
