/** Signed statements: DSSE envelopes over JSON (docs/spec/statements.md). Verified as received, never encoded again. */

import { BadBytes, concat, fromBase64, fromUtf8, sha256, toHex, utf8 } from "../core/bytes";
import { BadStatement } from "../core/errors";
import { isObject, parseObject, type Json, type JsonObject } from "../core/json";
import { verifies } from "../stamp/ed25519";

const PAYLOAD_TYPE = "application/vnd.temthat.statement+json";
const LIMIT = 32 * 1024;

/** SHA-256 of the raw public key, hex. */
export function keyId(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey));
}

/** What an envelope says, if one of these raw keys signed it. Throws `BadStatement`. */
export function verifyStatement(data: Uint8Array, keys: Uint8Array[]): JsonObject {
  if (data.length > LIMIT) throw new BadStatement("a statement is too large");
  try {
    const envelope = parseObject(fromUtf8(data));
    const { payload, payloadType, signatures } = envelope;
    if (payloadType !== PAYLOAD_TYPE || typeof payload !== "string" || !Array.isArray(signatures)) {
      throw new BadStatement("not a DSSE envelope");
    }
    const body = fromBase64(payload);
    const message = concat(utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${body.length} `), body);
    const known = new Map(keys.map((key) => [keyId(key), key]));
    if (!signatures.some((signature) => isGood(signature, known, message))) {
      throw new BadStatement("no good signature by a key that counts");
    }
    return parseObject(fromUtf8(body));
  } catch (error) {
    if (error instanceof BadBytes) throw new BadStatement(error.message);
    throw error;
  }
}

function isGood(signature: Json, known: Map<string, Uint8Array>, message: Uint8Array): boolean {
  if (!isObject(signature)) throw new BadStatement("not a DSSE envelope");
  const { keyid, sig } = signature;
  if (typeof keyid !== "string" || typeof sig !== "string") throw new BadStatement("not a DSSE envelope");
  const key = known.get(keyid);
  return key !== undefined && verifies(key, fromBase64(sig), message);
}
