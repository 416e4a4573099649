/** TUF metadata: roles, keys, signatures (The Update Framework 1.0, section 4; docs/spec/trust.md says where ours is stricter). */

import { p256 } from "@noble/curves/nist.js";
import { canonicalize } from "@tufjs/canonical-json";
import { BadBytes, fromBase64, fromHex, fromUtf8, sha256, toHex, utf8 } from "../core/bytes";
import { BadStatement, TrustError } from "../core/errors";
import { Fields } from "../core/fields";
import { isObject, parseObject, type Json, type JsonObject } from "../core/json";
import { isAcceptableKey, verifies } from "../stamp/ed25519";

export class BadTrustData extends TrustError {
  constructor(en: string) {
    super(
      "operator",
      `Dữ liệu tin cậy bị từ chối (${en}). Hãy báo cho nhà vận hành; dữ liệu cũ vẫn được dùng.`,
      `Trust data refused: ${en}. Tell the operator; what was accepted before is kept.`,
    );
  }
}

export class Rollback extends TrustError {
  constructor(why: string) {
    super(
      "operator",
      `Nguồn đưa dữ liệu tin cậy cũ hơn hoặc lệch phiên bản (${why}). Dữ liệu đã nhận vẫn được dùng; đổi nguồn, và báo nhà vận hành.`,
      `The source offers older trust data, or versions that do not fit (${why}). What was accepted is kept; use another source and tell the operator.`,
    );
  }
}

export interface Role {
  threshold: number;
  keyIds: string[];
}
export interface Signed {
  body: JsonObject;
  version: number;
  /** Seconds since 1970. */
  expires: number;
  verify(role: Role, keys: JsonObject, name: string): void;
}

/** Metadata of one type, its signatures not yet verified. Throws `BadTrustData`. */
export function readMetadata(data: Uint8Array, type: string): Signed {
  return refusing(() => {
    const whole = parseObject(fromUtf8(data));
    const body = new Fields(whole).mapping("signed");
    const f = new Fields(body);
    if (f.text("_type") !== type || !f.text("spec_version").startsWith("1.")) throw new BadStatement("another kind");
    const signatures = new Fields(whole).list("signatures", 1_000);
    return {
      body,
      version: f.count("version", 1),
      expires: f.instant("expires"),
      verify(role, keys, name) {
        const message = utf8(canonical(body));
        const good = role.keyIds.filter((id) => isSignedBy(signatures, id, keys, message));
        if (new Set(good).size < role.threshold) {
          throw new BadTrustData(`${name} has ${good.length} good signatures of ${role.threshold}`);
        }
      },
    };
  }, type);
}

/** Reads with the readers of signed objects; what they refuse is refused as trust data. */
export function refusing<T>(work: () => T, name: string): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BadStatement || error instanceof BadBytes) {
      throw new BadTrustData(`${name}: ${error.message}`);
    }
    throw error;
  }
}

/** SHA-256 of what metadata says, hex in groups of four. The same before and after it is signed. */
export function fingerprint(signed: Signed): string {
  return (toHex(sha256(utf8(canonical(signed.body)))).match(/.{4}/g) ?? []).join(" ");
}

/** OLPC canonical JSON, in which there are no fractions. */
function canonical(body: JsonObject): string {
  return canonicalize(plain(body));
}

function plain(value: Json): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isObject(value)) {
    throw new BadStatement("a number with a fraction");
  }
  if (typeof value === "bigint") throw new BadStatement("a number that is too large");
  if (Array.isArray(value)) return value.map(plain);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
}

export function readRole(roles: JsonObject, name: string): Role {
  const f = new Fields(roles).record(name);
  const keyIds = f.texts("keyids", 100);
  if (new Set(keyIds).size !== keyIds.length) throw new BadStatement(`${name} names a key twice`);
  return { threshold: f.count("threshold", 1), keyIds };
}

type PublicKey = { kind: "ed25519" | "p256"; raw: Uint8Array };
const P256_SPKI = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/** The key itself, however it is written: 32 bytes of Ed25519, or the point of ECDSA P-256. Throws `BadStatement`. */
export function readKey(keys: JsonObject, id: string): PublicKey {
  const f = new Fields(keys).record(id);
  const kind = `${f.text("keytype")} ${f.text("scheme")}`;
  const text = f.record("keyval").text("public", 2_000);
  if (kind === "ed25519 ed25519") {
    const raw = fromHex(text);
    if (isAcceptableKey(raw)) return { kind: "ed25519", raw };
  } else if (kind === "ecdsa ecdsa-sha2-nistp256") {
    const pem = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n?$/.exec(text);
    const der = pem ? fromBase64((pem[1] ?? "").replaceAll("\n", "")) : new Uint8Array();
    if (der.length === 91 && toHex(der.subarray(0, 26)) === P256_SPKI) {
      const raw = der.subarray(26);
      try {
        p256.Point.fromBytes(raw).assertValidity();
        return { kind: "p256", raw };
      } catch {
        // no point of the curve
      }
    }
  }
  throw new BadStatement(`the key ${id.slice(0, 8)} is no usable Ed25519 or ECDSA P-256 key`);
}

function isSignedBy(signatures: Json[], id: string, keys: JsonObject, message: Uint8Array): boolean {
  const key = readKey(keys, id);
  return signatures.some((signature) => {
    if (!isObject(signature) || signature["keyid"] !== id) return false;
    const made = fromHex(new Fields(signature).text("sig", 1_000));
    if (key.kind === "ed25519") return verifies(key.raw, made, message);
    try {
      return p256.verify(made, message, key.raw, { format: "der", lowS: false, prehash: true });
    } catch {
      return false;
    }
  });
}
