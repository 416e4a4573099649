/**
 * What this device has seen and must never go behind, kept a second time (localStorage) beside the trust data (IndexedDB).
 *
 * Where the database is damaged, emptied, or put back from an older copy, this still says which root is pinned and how far the
 * public log had grown. Somebody who puts back the whole browser profile puts back both: no page can know.
 */

import { sealOf, type Seen } from "../bundle/installed";
import { fromHex, toHex } from "../core/bytes";

const KEY = "temthat-seen";

export function recall(): Seen | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null", revive) as { seen: Seen; seal: string } | null;
    return kept && sealOf(kept.seen) === kept.seal ? kept.seen : null;
  } catch {
    return null; // no such storage, or something else lies there
  }
}

export function remember(seen: Seen): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ seen, seal: sealOf(seen) }, write));
  } catch {
    // no room, or not allowed: the database has it
  }
}

/** The one that is further, with the later time of both. */
export function further(one: Seen | null, other: Seen | null): Seen | null {
  if (!one || !other) return one ?? other;
  const newest = isBehind(one, other) ? other : one;
  return { ...newest, floor: Math.max(one.floor, other.floor) };
}

export function isBehind(one: Seen, other: Seen | null): boolean {
  return other !== null && BigInt(one.index) < BigInt(other.index);
}

function write(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: toHex(value) } : value;
}

function revive(_: string, value: unknown): unknown {
  const bytes = (value as { bytes?: unknown } | null)?.bytes;
  return typeof bytes === "string" ? fromHex(bytes) : value;
}
