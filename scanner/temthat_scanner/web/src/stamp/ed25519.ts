/**
 * Strict Ed25519: the accept set of docs/spec/stamp.md, the same as everywhere in this system.
 *
 * Always noble's point arithmetic, never the browser's own: implementations of WebCrypto differ in what they accept, and a
 * verdict must not depend on the phone. `test/ed25519.test.ts` holds this to the shared vectors, torsion cases included.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "../core/bytes";

const { Point } = ed25519;
const ORDER = Point.CURVE().n;
type Ed25519Point = InstanceType<typeof Point>;

const known = new Map<string, Ed25519Point | null>();
const REMEMBERED = 4_096;

/** A canonical point not of small order, or null. */
function load(encoding: Uint8Array): Ed25519Point | null {
  if (encoding.length !== 32) return null;
  try {
    const point = Point.fromBytes(encoding, false);
    return point.isSmallOrder() ? null : point;
  } catch {
    return null;
  }
}

function loadKey(encoding: Uint8Array): Ed25519Point | null {
  const name = encoding.join();
  let point = known.get(name);
  if (point === undefined) {
    point = load(encoding);
    if (known.size >= REMEMBERED) known.clear();
    known.set(name, point);
  }
  return point;
}

function littleEndian(data: Uint8Array): bigint {
  let value = 0n;
  for (let at = data.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(data[at] ?? 0);
  return value;
}

/** Whether a signature by this raw key could ever be accepted. */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  return loadKey(publicKey) !== null;
}

/** Whether strict Ed25519 accepts these bytes as a signature of the message. */
export function verifies(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  const key = loadKey(publicKey);
  if (key === null || load(r) === null) return false;
  const k = littleEndian(sha512(concat(r, publicKey, message))) % ORDER;
  // [S]B - [k]A must encode to R byte for byte: no cofactor. multiplyUnsafe takes 0 and leaks time, which is public here.
  const found = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
  return equal(found.toBytes(), r);
}
