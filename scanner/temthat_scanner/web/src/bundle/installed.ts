/** What a device has installed, and judging with it. Taking something newer is `install`, loaded only when there is a network. */

import { sha256, toHex, utf8 } from "../core/bytes";
import type { TrustState } from "../trust/accepted";
import { BadBundle } from "./encoding";
import { isListed, Listing } from "./listing";
import { TrustView } from "./view";

/** Of the form in which `Installed` is kept. */
export const VERSION = 2;

/** What must never go back, however the rest is lost. */
export interface Seen {
  /** The root that was pinned at first use: after installation only root N to N+1. */
  pinned: Uint8Array;
  trust: TrustState;
  /** The bundle's place in the log, decimal. */
  index: string;
  tree: { origin: string; size: string; root: Uint8Array };
  /** `bundle.proof` as received: the signed checkpoint of that tree. */
  proof: Uint8Array;
  /** The newest time that was ever signed and accepted here, seconds since 1970. */
  floor: number;
}

/** What a device keeps, all of it replaced together. */
export interface Installed extends Seen {
  v: typeof VERSION;
  fingerprint: string;
  hosts: string[];
  /** Null: all. */
  provinces: string[] | null;
  listing: Uint8Array;
  /** Of the listing, hex: storage may turn bits. */
  listingSha256: string;
  files: Map<string, Uint8Array>;
  /** By the clock of this device, seconds since 1970: what the person is told. */
  takenAt: number;
  /** Of all but the listing and the files, which have digests of their own. */
  seal: string;
}

/** The members of `Seen` alone. */
export function seenIn({ pinned, trust, index, tree, proof, floor }: Seen): Seen {
  return { pinned, trust, index, tree, proof, floor };
}

/** SHA-256, hex, over what is kept, bytes written as hex: a storage in which something turned is noticed. */
export function sealOf(kept: object): string {
  const text = JSON.stringify(kept, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value));
  return toHex(sha256(utf8(text)));
}

/** Whether what lies in the storage was kept by a newer version of this app: then it is left alone. */
export function isNewer(stored: unknown): boolean {
  const version = (stored as { v?: unknown } | undefined)?.v;
  return typeof version === "number" && version > VERSION;
}

/**
 * Ready to judge with. `built`: when this app was built, seconds since 1970. Every file is held to its digest again when it is
 * first read: throws `BadBundle` (store) where it is not what was proved.
 */
export function viewOf(installed: Installed, built: number): TrustView {
  if (!isWhole(installed)) throw damaged("installed");
  if (toHex(sha256(installed.listing)) !== installed.listingSha256) throw damaged("bundle.json");
  const listing = new Listing(installed.listing);
  const read = (name: string) => {
    const data = installed.files.get(name);
    const listed = listing.files.get(name);
    if (data && !(listed && isListed(data, listed))) throw damaged(name);
    return data ?? null;
  };
  return new TrustView(listing, read, Math.max(installed.floor, built), installed.hosts);
}

function isWhole({ v, files, listing, seal, ...rest }: Installed): boolean {
  if (v !== VERSION || !(files instanceof Map) || !(listing instanceof Uint8Array)) return false;
  try {
    return sealOf({ v, ...rest }) === seal;
  } catch {
    return false; // what cannot be written as JSON was not kept by us
  }
}

function damaged(name: string): BadBundle {
  return new BadBundle(`tệp ${name} trên máy bị hỏng`, `the file ${name} on this device is damaged`, "store");
}
