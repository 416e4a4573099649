/** What a device has installed, and judging with it. Taking something newer is `install`, loaded only when there is a network. */

import { sha256, toHex } from "../core/bytes";
import type { TrustState } from "../trust/accepted";
import { BadBundle } from "./encoding";
import { isListed, Listing } from "./listing";
import { TrustView } from "./view";

/** What a device keeps, all of it replaced together. */
export interface Installed {
  v: 1;
  /** The root that was pinned at first use: after installation only root N to N+1. */
  pinned: Uint8Array;
  trust: TrustState;
  fingerprint: string;
  hosts: string[];
  /** The bundle's place in the log, decimal. */
  index: string;
  tree: { origin: string; size: string; root: Uint8Array };
  /** The newest time that was ever signed and accepted here, seconds since 1970. */
  floor: number;
  /** Null: all. */
  provinces: string[] | null;
  listing: Uint8Array;
  /** Of the listing, hex: storage may turn bits. */
  listingSha256: string;
  files: Map<string, Uint8Array>;
  /** By the clock of this device, seconds since 1970: what the person is told. */
  takenAt: number;
}

/**
 * Ready to judge with. `built`: when this app was built, seconds since 1970. Every file is held to its digest again when it is
 * first read: throws `BadBundle` (store) where it is not what was proved.
 */
export function viewOf(installed: Installed, built: number): TrustView {
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

function damaged(name: string): BadBundle {
  return new BadBundle(`tệp ${name} trên máy bị hỏng`, `the file ${name} on this device is damaged`, "store");
}
