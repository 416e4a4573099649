/** The one verdict: a pure function of facts, of who asks, and of the time (docs/spec/verdict.md). */

export const WORDS = [
  "not_ours",
  "forged",
  "recalled",
  "revoked",
  "cannot_tell",
  "not_applied",
  "expired",
  "suspect_copy",
  "sold",
  "claimed",
  "genuine_offline",
  "genuine",
] as const;
export type Word = (typeof WORDS)[number];
export type Asker = "consumer" | "till" | "inspector" | "packer";
export type Proof = "not_ours" | "newer_format" | "good" | "wrong" | "unknown_key" | "unverifiable";
export type Coverage = "covered" | "no_shard" | "newer_than_data" | "no_manifest";
export type Registration = "in_run" | "outside" | "key_closed";
export type PathMatch = "none" | "match" | "mismatch" | "unknown";
export type NoticeKind = "recall" | "revocation" | "void" | "lost" | "hold" | "spoiled" | "returned" | "lift";

export interface StandingNotice {
  kind: NoticeKind;
  reason: string;
  /** A day in Vietnam, ISO. */
  on: string;
}
interface Mark {
  on: string;
  province: string;
}
export interface Facts {
  proof: Proof;
  coverage: Coverage;
  registration: Registration;
  path: PathMatch;
  notices: StandingNotice[];
  notActivated: boolean;
  expiresOn: string | null;
  copy: { suspect: boolean; score: number; reasons: [string, string][] };
  sold: Mark | null;
  claimed: Mark | null;
  checks: number;
  online: boolean;
  /** Seconds since 1970. */
  dataAsOf: number | null;
  clockBehind: boolean;
  foreignHost: string | null;
}
export interface Reason {
  key: string;
  value: string;
}
export interface Verdict {
  word: Word;
  reasons: Reason[];
}

/** What is true of a good stamp, online. */
export function facts(proof: Proof, more: Partial<Facts> = {}): Facts {
  return {
    proof,
    coverage: "covered",
    registration: "in_run",
    path: "none",
    notices: [],
    notActivated: false,
    expiresOn: null,
    copy: { suspect: false, score: 0, reasons: [] },
    sold: null,
    claimed: null,
    checks: 0,
    online: true,
    dataAsOf: null,
    clockBehind: false,
    foreignHost: null,
    ...more,
  };
}

const DAY = 86_400;
const FRESH = 7 * DAY;
const USABLE = 30 * DAY;

/** The day in Vietnam (UTC+7 all year) of an instant in seconds since 1970. */
export function vietnamDay(at: number): string {
  return new Date((at + 7 * 3600) * 1000).toISOString().slice(0, 10);
}

type Finding = [Word | null, Reason];

/** `now` in seconds since 1970. */
export function judge(known: Facts, asker: Asker, now: number): Verdict {
  if (known.proof === "not_ours") return { word: "not_ours", reasons: [] };
  const found = [...findings(known, asker, now)];
  const asked = found.flatMap(([word]) => (word === null ? [] : [WORDS.indexOf(word)]));
  const word = asked.length ? (WORDS[Math.min(...asked)] as Word) : known.online ? "genuine" : "genuine_offline";
  const unique = found.filter(
    ([w, r], i) => found.findIndex(([w2, r2]) => w === w2 && r.key === r2.key && r.value === r2.value) === i,
  );
  const reasons = [...unique.filter(([w]) => w === word), ...unique.filter(([w]) => w !== word)].map(([, r]) => r);
  if (known.checks) reasons.push({ key: "checked_before", value: String(known.checks) });
  return { word, reasons };
}

function* findings(known: Facts, asker: Asker, now: number): Generator<Finding> {
  yield* aboutProof(known);
  for (const notice of known.notices) {
    yield [noticeWord(notice.kind), { key: notice.kind, value: `${notice.on} ${notice.reason}` }];
  }
  yield* aboutData(known, now);
  if (known.notActivated) yield ["not_applied", { key: "not_activated", value: "" }];
  if (known.expiresOn && vietnamDay(now) > known.expiresOn) {
    yield ["expired", { key: "expired", value: known.expiresOn }];
  }
  if (known.copy.suspect) {
    yield ["suspect_copy", { key: "copying", value: known.copy.score.toFixed(2) }];
    for (const [key, value] of known.copy.reasons) yield [null, { key, value }];
  }
  if (known.sold) yield [asker === "till" ? "sold" : null, { key: "rung_up", value: marked(known.sold) }];
  if (known.claimed) yield ["claimed", { key: "pin_entered", value: marked(known.claimed) }];
  if (known.foreignHost) yield [null, { key: "foreign_host", value: known.foreignHost }];
}

function marked(mark: Mark): string {
  return `${mark.on} ${mark.province}`.trim();
}

function* aboutProof(known: Facts): Generator<Finding> {
  const covered = known.coverage === "covered";
  if (known.proof !== "good") {
    const [word, key] = badProof(known.proof, covered);
    yield [word, { key, value: "" }];
    if (word === "forged" || known.proof === "newer_format") return;
  }
  if (covered && known.registration !== "in_run") {
    yield ["forged", { key: known.registration === "outside" ? "outside_runs" : "key_closed", value: "" }];
  }
  if (known.path === "mismatch") yield ["forged", { key: "path_mismatch", value: "" }];
  else if (known.path === "unknown") yield ["cannot_tell", { key: "no_manifest", value: "" }];
}

function badProof(proof: Proof, covered: boolean): [Word, string] {
  switch (proof) {
    case "wrong":
      return ["forged", "bad_signature"];
    case "unknown_key":
      return [covered ? "forged" : "cannot_tell", "unknown_key"];
    case "unverifiable":
      return ["cannot_tell", "number_needs_network"];
    default:
      return ["cannot_tell", "newer_format"];
  }
}

function noticeWord(kind: NoticeKind): Word | null {
  if (kind === "recall") return "recalled";
  if (kind === "revocation" || kind === "void" || kind === "lost") return "revoked";
  return kind === "lift" ? null : "not_applied";
}

/** Offline, data without a date is no data. Both ends of an age band belong to the better band. */
function* aboutData(known: Facts, now: number): Generator<Finding> {
  if (known.coverage !== "covered" && known.proof !== "wrong") {
    yield ["cannot_tell", { key: known.coverage, value: "" }];
  }
  if (known.online) return;
  if (known.dataAsOf === null) {
    yield ["cannot_tell", { key: "no_shard", value: "" }];
  } else {
    const value = vietnamDay(known.dataAsOf);
    const age = now - known.dataAsOf;
    if (age > USABLE) yield ["cannot_tell", { key: "data_too_old", value }];
    else yield [null, { key: age > FRESH ? "data_old" : "data_of", value }];
  }
  if (known.clockBehind) yield [null, { key: "clock_behind", value: "" }];
}
