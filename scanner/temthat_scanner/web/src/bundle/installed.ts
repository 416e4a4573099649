/** What a device has installed, and judging with it. Taking something newer is `install`, loaded only when there is a network. */

import type { TrustState } from "../trust/accepted";
import { Listing } from "./listing";
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
  files: Map<string, Uint8Array>;
  /** By the clock of this device, seconds since 1970: what the person is told. */
  takenAt: number;
}

/** Ready to judge with. `built`: when this app was built, seconds since 1970. */
export function viewOf(installed: Installed, built: number): TrustView {
  const files = installed.files;
  const listing = new Listing(installed.listing);
  return new TrustView(listing, (name) => files.get(name) ?? null, Math.max(installed.floor, built), installed.hosts);
}
