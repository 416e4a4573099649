/** Judging without a network: from a text and the trust data at hand to facts, and from facts to the one verdict. */

import { keyId } from "../log/statement";
import { decode, messageOf, type Code } from "../stamp/code";
import { verifies } from "../stamp/ed25519";
import { matchPath } from "../stamp/gs1path";
import { looksLikeNumber, parseNumber, type PrintedNumber } from "../stamp/number";
import { facts, judge, type Asker, type Coverage, type PathMatch, type Proof, type Registration, type Verdict } from "../stamp/verdict";
import type { Names } from "./names";
import { standing, type Issued } from "./notices";
import type { ShardRun } from "./shard";
import type { BundleIssuer, TrustView } from "./view";

const KEYS_PER_HINT = 16;

/** A verdict with what it is about; the parts that are not known, or not proved, are null. */
interface Judged {
  verdict: Verdict;
  code: Code | null;
  run: ShardRun | null;
  names: Names | null;
  issuer: BundleIssuer | null;
}

/** The verdict for a scanned text; `now` in seconds since 1970. Without trust data only what is not ours can be told. Throws `Mistyped`. */
export function judgeOffline(text: string, trust: TrustView | null, clock: number, asker: Asker): Judged {
  const clockBehind = trust !== null && clock < trust.floor;
  const now = trust === null ? clock : Math.max(clock, trust.floor);
  const nothing = { code: null, run: null, names: null, issuer: null };
  const dated = { online: false, dataAsOf: trust?.asOf ?? null, clockBehind };
  if (looksLikeNumber(text)) {
    const typed = parseNumber(text);
    const known = trust ? aboutNumber(typed, trust) : { coverage: "no_shard" as const };
    return { verdict: judge(facts("unverifiable", { ...dated, ...known }), asker, now), ...nothing };
  }
  const read = decode(text);
  if (read.kind !== "code") {
    const coverage: Coverage = trust ? "covered" : "no_shard";
    return { verdict: judge(facts(read.kind, { ...dated, coverage }), asker, now), ...nothing };
  }
  if (!trust) {
    const verdict = judge(facts("unknown_key", { ...dated, coverage: "no_shard" }), asker, now);
    return { verdict, ...nothing, code: read.code };
  }
  return judgeCode(read.code, trust, asker, now, dated);
}

function judgeCode(
  code: Code,
  trust: TrustView,
  asker: Asker,
  now: number,
  dated: { online: boolean; dataAsOf: number | null; clockBehind: boolean },
): Judged {
  const { header } = code;
  const { proof, signer, whole } = lookUp(code, trust);
  const known = signer ? trust.known(header.run, signer) : null;
  const run = known?.run ?? null;
  // Notices are the nation's: a recall is heard also where the run itself is not on this device.
  const issued = known?.issued ?? (whole ? null : trust.notices.of(header.run, signer ? keyId(signer) : null));
  const verdict = judge(
    facts(proof, {
      ...dated,
      coverage: known ? "covered" : whole ? trust.reaches(header.run) : "no_shard",
      registration: registrationOf(run, header.serial, signer),
      path: pathOf(code, run, known?.names ?? null),
      notices: standing(issued, header.serial),
      notActivated: isAsleep(run, issued),
      expiresOn: run?.expiresOn ?? null,
      foreignHost: code.host && !trust.hosts.has(code.host) ? code.host : null,
    }),
    asker,
    now,
  );
  return { verdict, code, run, names: known?.names ?? null, issuer: known?.issuer ?? null };
}

/** The national index knows every hint: one it does not know was never announced, one of a shard not here proves nothing. */
function lookUp(code: Code, trust: TrustView): { proof: Proof; signer: Uint8Array | null; whole: boolean } {
  const { keys, whole } = trust.signers(code.header.hint);
  if (!keys.length) return { proof: "unknown_key", signer: null, whole };
  const message = messageOf(code.header);
  const signer = keys.slice(0, KEYS_PER_HINT).find((key) => verifies(key, code.signature, message)) ?? null;
  return { proof: signer ? "good" : whole ? "wrong" : "unknown_key", signer, whole };
}

/** The lot is known by the names alone: where those are not at hand, an address that could still be wrong is. */
function pathOf(code: Code, run: ShardRun | null, names: Names | null): PathMatch {
  if (!code.gs1) return "none";
  if (!run) return matchPath(code.gs1, code.header, null);
  if (names) return matchPath(code.gs1, code.header, { gtin: run.gtin, lot: names.lot });
  const told = matchPath(code.gs1, code.header, { gtin: run.gtin, lot: code.gs1.lot });
  return told === "match" ? "unknown" : told;
}

function registrationOf(run: ShardRun | null, serial: number, signer: Uint8Array | null): Registration {
  if (!run || !signer || serial > run.count || keyId(run.key.publicKey) !== keyId(signer)) return "outside";
  return run.late || run.registered > run.key.closes ? "key_closed" : "in_run";
}

function isAsleep(run: ShardRun | null, issued: Issued | null): boolean {
  return run !== null && run.needsActivation && !issued?.activated;
}

/** Not that it is genuine, but that what it names is recalled or does not exist. */
function aboutNumber(typed: PrintedNumber, trust: TrustView): Parameters<typeof facts>[1] {
  const { run, complete } = trust.lookFor(typed.run);
  const signer = run?.key.publicKey ?? null;
  const issued = trust.notices.of(typed.run, signer ? keyId(signer) : null);
  return {
    coverage: run ? "covered" : complete ? trust.reaches(typed.run) : "no_shard",
    registration: registrationOf(run, typed.serial, signer),
    notices: standing(issued, typed.serial),
    notActivated: isAsleep(run, issued),
    expiresOn: run?.expiresOn ?? null,
  };
}

