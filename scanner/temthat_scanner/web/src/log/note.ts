/** Signed notes, checkpoints, cosignatures and proofs of the public log (docs/spec/log.md; C2SP signed-note and tlog-*). */

import { BadBytes, equal, fromBase64, fromUtf8, sha256, toHex, utf8 } from "../core/bytes";
import { TrustError } from "../core/errors";
import { isAcceptableKey, verifies } from "../stamp/ed25519";
import { nodeHash } from "./growth";

const NOTE_LIMIT = 128 * 1024;
const TEXT_LIMIT = 16 * 1024;
const LINES_LIMIT = 64;
const SIZE_LIMIT = 2n ** 63n - 1n;
const MARK = "— ";
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const ED25519 = 1;
const COSIGNATURE = 4;

class BadNote extends TrustError {
  constructor(en: string) {
    super(
      "operator",
      `Mốc sổ công khai sai dạng hoặc sai chữ ký (${en}). Hãy tải lại; nếu vẫn vậy, báo đơn vị vận hành và đừng dùng dữ liệu này.`,
      `${en}. Fetch it again; if it stays so, tell whoever runs the log, and do not use this data.`,
    );
  }
}

class TooFewWitnesses extends TrustError {
  constructor(found: number, needed: number) {
    super(
      "operator",
      `Mới có ${found} bên chứng kiến xác nhận sổ, cần ${needed}. Hãy thử lại sau; nếu vẫn vậy, báo đơn vị vận hành.`,
      `Cosigned by ${found} of ${needed} witnesses needed. Try again later; if it stays so, tell whoever runs the log.`,
    );
  }
}

/** Runs a reader and turns its refusals of bytes into `BadNote`. */
function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BadBytes) throw new BadNote(error.message);
    throw error;
  }
}

function plainText(data: Uint8Array, limit: number): string {
  if (data.length > limit) throw new BadNote(`it has ${data.length} bytes: at most ${limit} are taken`);
  const text = read(() => fromUtf8(data));
  if (CONTROL.test(text)) throw new BadNote("it has control characters");
  return text;
}

function unhash(text: string): Uint8Array {
  const data = read(() => fromBase64(text));
  if (data.length !== 32) throw new BadNote("a line is no hash of 32 bytes");
  return data;
}

export function decimal(text: string): bigint {
  const value = /^(?:0|[1-9][0-9]{0,18})$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > SIZE_LIMIT) throw new BadNote("a number is not a decimal in its one form");
  return value;
}

function checkName(name: string): void {
  if (!name || name.includes("+") || CONTROL.test(name) || /[\s\x1c-\x1f\x85]/.test(name)) {
    throw new BadNote("a key's name is empty or has a space or “+”");
  }
}

interface VerifierKey {
  name: string;
  kind: number;
  publicKey: Uint8Array;
  /** Four bytes, hex. */
  id: string;
}

function parseKey(text: string): VerifierKey {
  const match = /^([^+]*)\+([0-9a-f]{8})\+([^+].*)$/s.exec(text);
  if (match === null) throw new BadNote("not a key of the form name+id+base64");
  const [, name = "", id = "", encoded = ""] = match;
  checkName(name);
  const typed = read(() => fromBase64(encoded));
  const kind = typed[0] ?? 0;
  const publicKey = typed.subarray(1);
  if (kind !== ED25519 && kind !== COSIGNATURE) throw new BadNote(`the key of “${name}” is of an unknown type`);
  if (!isAcceptableKey(publicKey)) throw new BadNote(`the key of “${name}” is none to trust`);
  if (toHex(sha256(utf8(`${name}\n`), typed).subarray(0, 4)) !== id) {
    throw new BadNote(`the key of “${name}” was mistyped: its id does not fit`);
  }
  return { name, kind, publicKey, id };
}

export interface Policy {
  origin: string;
  logKey: VerifierKey;
  witnesses: VerifierKey[];
  quorum: number;
}

/** Which log is meant, and how many of which witnesses must have seen a checkpoint before it counts. */
export function makePolicy(origin: string, logKey: string, witnesses: string[], quorum: number): Policy {
  const policy = { origin, logKey: parseKey(logKey), witnesses: witnesses.map(parseKey), quorum };
  if (policy.logKey.kind !== ED25519) throw new BadNote("the log's key is not of type Ed25519");
  const names = new Map<string, string>();
  for (const key of policy.witnesses) {
    const raw = toHex(key.publicKey);
    if (key.kind !== COSIGNATURE) throw new BadNote(`“${key.name}” is no cosignature key`);
    if ((names.get(raw) ?? key.name) !== key.name) throw new BadNote(`the key of “${key.name}” has two names`);
    names.set(raw, key.name);
  }
  if (names.has(toHex(policy.logKey.publicKey))) throw new BadNote("the log is its own witness");
  if (quorum > new Set(names.values()).size) throw new BadNote("more witnesses are needed than there are");
  return policy;
}

interface Note {
  text: string;
  lines: { name: string; id: string; signature: Uint8Array }[];
}

function parseNote(data: Uint8Array): Note {
  const whole = plainText(data, NOTE_LIMIT);
  const gap = whole.lastIndexOf("\n\n");
  if (gap < 0) throw new BadNote("no empty line stands before the signatures");
  const lines = whole.slice(gap + 2).split("\n");
  if (lines.pop() !== "" || !lines.length || lines.length > LINES_LIMIT) {
    throw new BadNote("the signature lines are cut off, or too many");
  }
  return { text: whole.slice(0, gap + 1), lines: lines.map(parseLine) };
}

function parseLine(line: string): Note["lines"][number] {
  const space = line.indexOf(" ", MARK.length);
  if (!line.startsWith(MARK) || space < 0) throw new BadNote("a signature line does not start with “— ”");
  const name = line.slice(MARK.length, space);
  checkName(name);
  const data = read(() => fromBase64(line.slice(space + 1)));
  if (data.length < 5) throw new BadNote(`the signature of “${name}” is too short`);
  return { name, id: toHex(data.subarray(0, 4)), signature: data.subarray(4) };
}

function signaturesBy(note: Note, key: VerifierKey): Uint8Array[] {
  return note.lines.filter((line) => line.name === key.name && line.id === key.id).map((line) => line.signature);
}

interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
}
export interface Witnessed {
  checkpoint: Checkpoint;
  /** Seconds since 1970, by witness. */
  cosigned: Map<string, number>;
}

/** A checkpoint as received: the log's signature, and the quorum of its witnesses. */
function openCheckpoint(data: Uint8Array, policy: Policy): Witnessed {
  const note = parseNote(data);
  const lines = note.text.split("\n");
  if (lines.pop() !== "" || lines.length < 3 || lines.some((line, i) => !line && i !== 1 && i !== 2)) {
    throw new BadNote("a checkpoint has at least three lines, none of them empty");
  }
  if (utf8(lines[0] + lines.slice(3).join("")).length > TEXT_LIMIT) throw new BadNote("the checkpoint is too long");
  const checkpoint = { origin: lines[0] ?? "", size: decimal(lines[1] ?? ""), root: unhash(lines[2] ?? "") };
  if (checkpoint.origin !== policy.origin) {
    throw new BadNote(`this is a checkpoint of “${checkpoint.origin}”, not of “${policy.origin}”`);
  }
  const made = signaturesBy(note, policy.logKey);
  if (!made.length || !made.every((s) => verifies(policy.logKey.publicKey, s, utf8(note.text)))) {
    throw new BadNote(`the signature of “${policy.logKey.name}” is missing or wrong`);
  }
  const cosigned = new Map<string, number>();
  for (const key of policy.witnesses) {
    for (const signature of signaturesBy(note, key)) {
      cosigned.set(key.name, Math.max(cosignedAt(note.text, key, signature), cosigned.get(key.name) ?? 0));
    }
  }
  if (cosigned.size < policy.quorum) throw new TooFewWitnesses(cosigned.size, policy.quorum);
  return { checkpoint, cosigned };
}

function cosignedAt(text: string, key: VerifierKey, signature: Uint8Array): number {
  let time = 0n;
  for (const byte of signature.subarray(0, 8)) time = (time << 8n) | BigInt(byte);
  const isWhole = signature.length === 72 && time > 0n && time <= SIZE_LIMIT;
  if (!isWhole || !verifies(key.publicKey, signature.subarray(8), utf8(`cosignature/v1\ntime ${time}\n${text}`))) {
    throw new BadNote(`the cosignature of “${key.name}” is wrong`);
  }
  return Number(time);
}

const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
export const PROOF_LIMIT = NOTE_LIMIT + 64 * 1024;
const HASHES_LIMIT = 63;

export interface Proof {
  index: bigint;
  hashes: Uint8Array[];
  checkpoint: Uint8Array;
  extra: Uint8Array;
}

export function parseProof(data: Uint8Array): Proof {
  if (data.length > PROOF_LIMIT) throw new BadNote("the proof is too long");
  const gap = data.findIndex((byte, i) => byte === 10 && data[i + 1] === 10);
  if (gap < 0) throw new BadNote("not a proof of the form tlog-proof@v1");
  const [header, ...lines] = plainText(data.subarray(0, gap), PROOF_LIMIT).split("\n");
  if (header !== PROOF_HEADER) throw new BadNote("not a proof of the form tlog-proof@v1");
  let extra: Uint8Array = new Uint8Array();
  if (lines[0]?.startsWith("extra ")) extra = read(() => fromBase64((lines.shift() ?? "").slice(6)));
  const first = lines.shift() ?? "";
  if (!first.startsWith("index ") || lines.length > HASHES_LIMIT) throw new BadNote("the proof has no index");
  return { index: decimal(first.slice(6)), hashes: lines.map(unhash), checkpoint: data.subarray(gap + 2), extra };
}

/** A proof that an entry's bytes stand in the log, under a witnessed checkpoint. */
export function verifyProof(proof: Proof, entry: Uint8Array, policy: Policy): Witnessed {
  const witnessed = openCheckpoint(proof.checkpoint, policy);
  const { size, root } = witnessed.checkpoint;
  verifyInclusion(proof.index, size, sha256(Uint8Array.of(0), entry), proof.hashes, root);
  return witnessed;
}

/** RFC 9162, section 2.1.3.2. */
function verifyInclusion(
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  proof: Uint8Array[],
  root: Uint8Array,
): void {
  if (index >= size) throw new BadNote(`no entry ${index} in a tree of ${size}`);
  let at = index;
  let last = size - 1n;
  let found = leaf;
  for (const beside of proof) {
    if (last === 0n) throw new BadNote("the proof has too many hashes");
    if (at & 1n || at === last) {
      found = nodeHash(beside, found);
      while (!(at & 1n) && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      found = nodeHash(found, beside);
    }
    at >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !equal(found, root)) throw new BadNote(`entry ${index} is not in the tree of ${size}`);
}

