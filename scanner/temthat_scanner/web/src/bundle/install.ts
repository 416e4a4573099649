/**
 * Taking new trust data: proved before it is kept, and never older than it was (docs/spec/bundle.md).
 *
 * Pure: from what a device has and a trust pack to what it will have. The store replaces the one by the other in one step,
 * so that whatever fails leaves the last good set in use.
 */

import { equal, fromBase64, fromUtf8, BadBytes } from "../core/bytes";
import { BadStatement, TrustError } from "../core/errors";
import { Fields } from "../core/fields";
import { parseObject } from "../core/json";
import { accept } from "../trust/accepted";
import { BadBundle, missing } from "./encoding";
import type { Installed } from "./installed";
import { isListed, LISTING_LIMIT, type Listing } from "./listing";
import { openBundleProof, readListing, type ProvedBundle } from "./proof";
import { checkFile } from "./view";

interface Pack {
  provinces: string[] | null;
  files: Map<string, Uint8Array>;
}

/** A trust pack's files; nothing in it is believed yet. Throws `BadBundle`. */
export function parsePack(data: Uint8Array): Pack {
  try {
    const body = parseObject(fromUtf8(data));
    const f = new Fields(body);
    f.count("v", 1, 1);
    if (f.text("type") !== "trust pack") throw new BadStatement("another type");
    const provinces = f.absent("provinces") ? null : f.texts("provinces", 100);
    const files = new Map<string, Uint8Array>();
    for (const [name, text] of Object.entries(f.mapping("files"))) {
      if (typeof text !== "string") throw new BadStatement("a file that is none");
      files.set(name, fromBase64(text));
    }
    return { provinces, files };
  } catch (error) {
    if (!(error instanceof BadStatement || error instanceof BadBytes)) throw error;
    throw new BadBundle("tệp không phải dữ liệu tin cậy của TemThật", "the file is no trust pack");
  }
}

/**
 * The set a device will use, from a pack. `built`: when this app was built, no time before it is believed; `root`: the first
 * root, where the app brings one along. Throws `TrustError`; then nothing changes.
 */
export function install(pack: Pack, before: Installed | null, clock: number, built: number, root: Uint8Array | null): Installed {
  const pinned = before?.pinned ?? root ?? pack.files.get("trust/1.root.json");
  if (!pinned) throw missing("trust/1.root.json");
  const floor = Math.max(built, before?.floor ?? 0);
  const read = (name: string) => pack.files.get(`trust/${name}`) ?? null;
  const trusted = accept(read, pinned, before?.trust ?? null, Math.max(clock, floor));
  const proved = openBundleProof(fileOf(pack, "bundle.proof"), trusted.log.policy, trusted.log.operators);
  checkForward(before, proved);
  const listingBytes = fileOf(pack, "bundle.json");
  if (listingBytes.length > LISTING_LIMIT) throw new BadBundle("danh sách tệp quá lớn", "the list of files is too large");
  const listing = readListing(listingBytes, proved);
  return {
    v: 1,
    pinned,
    trust: trusted.state,
    fingerprint: trusted.fingerprint,
    hosts: trusted.log.hosts,
    index: String(proved.index),
    tree: {
      origin: proved.checkpoint.origin,
      size: String(proved.checkpoint.size),
      root: proved.checkpoint.root,
    },
    floor: Math.max(listing.at, floor),
    provinces: pack.provinces,
    listing: listingBytes,
    listingSha256: proved.stated.sha256,
    files: filesOf(pack, listing),
    takenAt: clock,
  };
}

function fileOf(pack: Pack, name: string): Uint8Array {
  const data = pack.files.get(`bundle/${name}`);
  if (!data) throw missing(name);
  return data;
}

function filesOf(pack: Pack, listing: Listing): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of listing.required(pack.provinces)) {
    files.set(name, checked(name, fileOf(pack, name), listing));
  }
  for (const name of listing.optional(pack.provinces)) {
    const data = pack.files.get(`bundle/${name}`);
    if (!data) continue;
    try {
      files.set(name, checked(name, data, listing));
    } catch (error) {
      // Names that do not open their commitments are worth less than none; no verdict needs them.
      if (!(error instanceof BadBundle)) throw error;
    }
  }
  return files;
}

function checked(name: string, data: Uint8Array, listing: Listing): Uint8Array {
  const listed = listing.files.get(name);
  if (!listed || !isListed(data, listed)) {
    throw new BadBundle(`tệp ${name} không phải tệp trong danh sách`, `the file ${name} is not the one listed`, "store");
  }
  checkFile(name, data, listing);
  return data;
}

/** Never back, and never to another log. */
function checkForward(before: Installed | null, proved: ProvedBundle): void {
  if (!before) return;
  const { checkpoint, index } = proved;
  if (checkpoint.origin !== before.tree.origin) {
    throw new TrustError(
      "operator",
      `Dữ liệu này là của sổ “${checkpoint.origin}”; máy này giữ sổ “${before.tree.origin}”.`,
      `This is about the log “${checkpoint.origin}”; this device holds “${before.tree.origin}”.`,
    );
  }
  if (index < BigInt(before.index) || checkpoint.size < BigInt(before.tree.size)) {
    throw new TrustError(
      "operator",
      "Nguồn đưa dữ liệu cũ hơn dữ liệu đang dùng. Dữ liệu đang dùng được giữ; lấy từ nguồn khác.",
      "The source offers older data than is in use. What is in use is kept; fetch it from elsewhere.",
    );
  }
  if (checkpoint.size === BigInt(before.tree.size) && !equal(checkpoint.root, before.tree.root)) {
    throw new TrustError(
      "operator",
      "Sổ công khai ở nguồn này KHÔNG nối tiếp sổ mà máy đã biết. Đừng xóa dữ liệu của ứng dụng và báo liên minh hợp tác xã.",
      "The public log at this source does NOT continue the one known here. Keep the app's data and tell the alliance of cooperatives.",
    );
  }
}
