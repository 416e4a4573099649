/**
 * The alliance's trust data as an app needs it: who runs the log, who witnesses it, which hosts are ours.
 *
 * The checks are those of the TUF client workflow (specification, section 5) and ours on top (docs/spec/trust.md). Provinces'
 * metadata is left to auditors: a stamp's keys come from the bundle, whose statement the log proves.
 */

import { fromUtf8, sha256, toHex } from "../core/bytes";
import { BadStatement, TrustError } from "../core/errors";
import { Fields, rawOf } from "../core/fields";
import { isObject, parseObject, type JsonObject } from "../core/json";
import { makePolicy, type Policy } from "../log/note";
import { BadTrustData, fingerprint, readKey, readMetadata, readRole, refusing, Rollback, type Role, type Signed } from "./metadata";

const LIMITS = { root: 200_000, timestamp: 16_384, snapshot: 200_000, targets: 5_000_000, log: 64_000 };
const ROTATIONS = 64;
const TOP = { root: 2, targets: 2, snapshot: 1, timestamp: 1 } as const;
type Top = keyof typeof TOP;

/** At most so many bytes of a file by its public name (`1.root.json`), null if it is not there. */
type Read = (name: string, limit: number) => Promise<Uint8Array | null>;

interface LogTrust {
  policy: Policy;
  operators: Uint8Array[];
  hosts: string[];
}

/** What a device keeps of trust data: all that must never go back. */
export interface TrustState {
  /** The newest root accepted. Only root N+1, signed by two of root N, replaces it. */
  root: Uint8Array;
  timestamp: Uint8Array;
  snapshot: Uint8Array;
}
interface Accepted {
  state: TrustState;
  log: LogTrust;
  /** When the first of them runs out, seconds since 1970. */
  expires: number;
  /** Of the newest root: what people compare with the alliance's paper. */
  fingerprint: string;
}

/**
 * Read and check a set, starting from the root pinned or accepted last. `at`, seconds since 1970: nothing may have expired then.
 * Throws `BadTrustData`, `Rollback`, `TrustError` (clock).
 */
export async function accept(
  read: Read,
  pinned: Uint8Array,
  before: TrustState | null,
  at: number | null,
): Promise<Accepted> {
  const start = before?.root ?? pinned;
  let root = openRoot(start, null);
  let rootBytes = start;
  for (let n = 0; n < ROTATIONS; n++) {
    const next = await read(`${root.signed.version + 1}.root.json`, LIMITS.root + 1);
    if (next === null) break;
    root = openRoot(next, root);
    rootBytes = next;
  }
  const timestamp = await take(read, "timestamp.json", LIMITS.timestamp);
  const stamped = openRole(timestamp, "timestamp", root);
  const named = metaOf(stamped, "snapshot.json");
  const snapshot = await take(read, `${named.version}.snapshot.json`, LIMITS.snapshot);
  matches(snapshot, named, "snapshot.json");
  const shot = openRole(snapshot, "snapshot", root);
  if (shot.version !== named.version) throw new Rollback(`snapshot ${shot.version}`);
  if (before) checkForward(before, root, stamped, shot);
  const targetsMeta = metaOf(shot, "targets.json");
  const targetsBytes = await take(read, `${targetsMeta.version}.targets.json`, LIMITS.targets);
  matches(targetsBytes, targetsMeta, "targets.json");
  const targets = openRole(targetsBytes, "targets", root);
  if (targets.version !== targetsMeta.version) throw new Rollback(`targets ${targets.version}`);
  refusing(() => checkDelegations(targets.body), "targets");
  const log = await logOf(read, targets);
  const all: [string, Signed][] = [
    ["root", root.signed],
    ["targets", targets],
    ["snapshot", shot],
    ["timestamp", stamped],
  ];
  if (at !== null) for (const [role, signed] of all) if (at >= signed.expires) throw expired(role, signed.expires, at);
  return {
    state: { root: rootBytes, timestamp, snapshot },
    log,
    expires: Math.min(...all.map(([, signed]) => signed.expires)),
    fingerprint: fingerprint(root.signed),
  };
}

interface OpenedRoot {
  signed: Signed;
  roles: Record<Top, Role>;
  keys: JsonObject;
}

function openRoot(data: Uint8Array, before: OpenedRoot | null): OpenedRoot {
  if (data.length > LIMITS.root) throw new BadTrustData("root is too large");
  const signed = readMetadata(data, "root");
  const root = refusing(() => rolesOf(signed), "root");
  if (before) {
    if (signed.version !== before.signed.version + 1) throw new Rollback(`root ${signed.version}`);
    signed.verify(before.roles.root, before.keys, "root");
  }
  refusing(() => signed.verify(root.roles.root, root.keys, "root"), "root");
  return root;
}

function rolesOf(signed: Signed): OpenedRoot {
  const f = new Fields(signed.body);
  if (signed.body["consistent_snapshot"] !== true) throw new BadStatement("not for consistent snapshots");
  const keys = f.mapping("keys");
  const given = f.mapping("roles");
  const names = Object.keys(given).sort().join();
  if (names !== "root,snapshot,targets,timestamp") throw new BadStatement("its roles are not ours");
  const roles = Object.fromEntries(Object.keys(TOP).map((name) => [name, readRole(given, name)])) as Record<Top, Role>;
  checkRoles(Object.entries(roles).map(([name, role]) => [name, role, TOP[name as Top]]), keys);
  return { signed, roles, keys };
}

/** Every key is another key, stands in one role, and no threshold is below its rule. */
function checkRoles(roles: [string, Role, number][], keys: JsonObject): void {
  const seen = new Map<string, string>();
  for (const [name, role, least] of roles) {
    if (role.threshold < least || role.keyIds.length < role.threshold) {
      throw new BadStatement(`“${name}” needs at least ${least} signers`);
    }
    for (const id of role.keyIds) {
      const raw = toHex(readKey(keys, id).raw);
      if (seen.has(raw)) throw new BadStatement(`one key stands twice: in “${seen.get(raw)}” and “${name}”`);
      seen.set(raw, name);
    }
  }
}

/** The nation may delegate to provinces only, each for its own keys and nothing else. */
function checkDelegations(targets: JsonObject): void {
  if (targets["delegations"] === undefined) return;
  const f = new Fields(new Fields(targets).mapping("delegations"));
  const roles = f.list("roles", 200).map((value): [string, Role, number] => {
    if (!isObject(value)) throw new BadStatement("a role that is none");
    const name = new Fields(value).text("name");
    const paths = value["paths"];
    const code = /^([0-9]{2})-issuers$/.exec(name)?.[1];
    const isOwn = code && Array.isArray(paths) && paths.length === 1 && paths[0] === `${code}/*/*`;
    if (!isOwn || value["terminating"] !== true) throw new BadStatement(`the role “${name}” is none of a province`);
    return [name, readRole({ [name]: value }, name), 2];
  });
  checkRoles(roles, f.mapping("keys"));
}

function openRole(data: Uint8Array, name: "timestamp" | "snapshot" | "targets", root: OpenedRoot): Signed {
  const signed = readMetadata(data, name);
  refusing(() => signed.verify(root.roles[name], root.keys, name), name);
  return signed;
}

/** Never back: versions may only grow. What was signed by keys that root has since replaced is forgotten. */
function checkForward(before: TrustState, root: OpenedRoot, stamped: Signed, shot: Signed): void {
  const old = stillTrusted(before.timestamp, "timestamp", root);
  if (old) {
    const was = metaOf(old, "snapshot.json").version;
    const is = metaOf(stamped, "snapshot.json").version;
    if (stamped.version < old.version || is < was) throw new Rollback(`timestamp ${stamped.version}`);
  }
  const known = stillTrusted(before.snapshot, "snapshot", root);
  if (!known) return;
  for (const name of Object.keys(new Fields(known.body).mapping("meta"))) {
    if (metaOf(shot, name).version < metaOf(known, name).version) throw new Rollback(name);
  }
}

function stillTrusted(data: Uint8Array, name: "timestamp" | "snapshot", root: OpenedRoot): Signed | null {
  try {
    return openRole(data, name, root);
  } catch (error) {
    if (error instanceof BadTrustData) return null;
    throw error;
  }
}

interface Meta {
  version: number;
  length: number | null;
  sha256: string | null;
}

function metaOf(signed: Signed, name: string): Meta {
  return refusing(() => {
    const f = new Fields(signed.body).record("meta").record(name);
    return {
      version: f.count("version", 1),
      length: f.absent("length") ? null : f.count("length"),
      sha256: f.absent("hashes") ? null : f.record("hashes").hex("sha256", 32),
    };
  }, name);
}

function matches(data: Uint8Array, meta: { length: number | null; sha256: string | null }, name: string): void {
  const isSame = meta.length === null || data.length === meta.length;
  if (!isSame || (meta.sha256 !== null && toHex(sha256(data)) !== meta.sha256)) {
    throw new TrustError(
      "store",
      `Các tệp tin cậy không khớp nhau (${name}). Hãy tải lại; dữ liệu cũ vẫn được dùng.`,
      `The trust files do not belong together (${name}). Fetch them again; what was accepted before is kept.`,
    );
  }
}

async function take(read: Read, name: string, limit: number): Promise<Uint8Array> {
  const data = await read(name, limit + 1);
  if (data === null) throw new BadTrustData(`the file ${name} is missing`);
  if (data.length > limit) throw new BadTrustData(`the file ${name} is too large`);
  return data;
}

async function logOf(read: Read, targets: Signed): Promise<LogTrust> {
  const target = refusing(() => {
    const f = new Fields(targets.body).record("targets").record("log.json");
    return { sha256: f.record("hashes").hex("sha256", 32), length: f.count("length") };
  }, "log.json");
  const data = await take(read, `targets/${target.sha256}.log.json`, LIMITS.log);
  matches(data, target, "log.json");
  return refusing(() => {
    const f = new Fields(parseObject(fromUtf8(data)));
    f.count("v", 1, 1);
    const operators = f.texts("operator", 64).map((text) => rawOf(text, 32, "operator"));
    if (!operators.length) throw new BadStatement("it names no operator key");
    const policy = makePolicy(f.text("origin"), f.text("log_key", 500), f.texts("witnesses", 64), f.count("quorum", 0, 64));
    return { policy, operators, hosts: f.texts("hosts", 64) };
  }, "log.json");
}

function expired(role: string, day: number, at: number): TrustError {
  const vi = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10).split("-").reverse().join("/");
  const en = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  return new TrustError(
    "clock",
    `Dữ liệu tin cậy hết hạn ngày ${vi(day)} (“${role}”); máy đang ghi ngày ${vi(at)}. Nếu đồng hồ đúng: nối mạng để cập nhật; vẫn vậy thì báo nhà vận hành.`,
    `Trust data expired on ${en(day)} (“${role}”); this device says ${en(at)}. If the clock is right: go online and update; if it stays so, tell the operator.`,
  );
}
