/** The signed evidence file of a shelf check (docs/spec/evidence.md). */

import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, sha256, toBase64, toHex, utf8 } from "../core/bytes";
import { keyId } from "../log/statement";
import type { Service } from "./service";

export const CHECKS_LIMIT = 2_000;
export const PHOTOS_LIMIT = 40;
export const PHOTO_LIMIT = 1024 * 1024;
const PAYLOAD_TYPE = "application/vnd.temthat.evidence+json";

/** As they stand in the file. */
export type Purpose = { producer: string; name: string } | { province: string };
export interface Data {
  index: number;
  size: number;
  sha256: string;
  at: string;
  tree: { size: number; root: string };
}
export interface Check {
  text: string;
  at: string;
  how: "online" | "offline" | "unaided";
  verdict: string;
  reasons: [string, string][];
  data?: number;
  run?: number;
  serial?: number;
  issuer?: { id: string; province: string };
  product?: string;
  duplicate_of?: number;
  stranger?: true;
  note?: string;
  photos?: string[];
  service?: Service;
}
export interface Photo {
  sha256: string;
  type: "image/jpeg";
  length: number;
}
export interface Body {
  v: 1;
  type: "evidence";
  who: { public_key: string; label: string };
  origin?: string;
  purpose: Purpose;
  place?: { province?: string; words?: string };
  begun: string;
  ended: string;
  program: string;
  data: Data[];
  checks: Check[];
  photos: Photo[];
}

type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain | undefined };

/** RFC 8785. Only whole numbers stand in evidence; half a character is replaced, which a scanned text cannot have. */
export function canonical(value: Plain): string {
  if (typeof value === "string") return JSON.stringify(value.toWellFormed());
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${names.sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name] as Plain)}`).join()}}`;
}

export function publicKeyOf(secret: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secret);
}

/** What a person compares: SHA-256 of the public key in groups of four. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return keyId(publicKey).replace(/....(?=.)/g, "$& ");
}

/** The file's bytes. `secret`: the device's 32 bytes; `photos`: bytes by SHA-256, hex. */
export function seal(body: Body, secret: Uint8Array, photos: Map<string, Uint8Array>): Uint8Array {
  const payload = utf8(canonical(body as unknown as Plain));
  const message = concat(utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload);
  const sig = toBase64(ed25519.sign(message, secret));
  const keyid = keyId(publicKeyOf(secret));
  const envelope = { payload: toBase64(payload), payloadType: PAYLOAD_TYPE, signatures: [{ keyid, sig }] };
  const beside = Object.fromEntries([...photos].map(([name, data]) => [name, toBase64(data)]));
  return utf8(canonical({ envelope, photos: beside }));
}

/** SHA-256, hex. */
export function nameOf(data: Uint8Array): string {
  return toHex(sha256(data));
}

