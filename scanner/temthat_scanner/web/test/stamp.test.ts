import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../src/core/bytes";
import { Mistyped } from "../src/core/errors";
import { decode } from "../src/stamp/code";
import { verifies } from "../src/stamp/ed25519";
import { looksLikeNumber, parseNumber } from "../src/stamp/number";
import { facts, judge, type Asker, type Facts } from "../src/stamp/verdict";
import { vectors } from "./vectors";

interface Signature {
  name: string;
  public_key: string;
  message: string;
  signature: string;
  accept: boolean;
}

describe("strict Ed25519", () => {
  it.each(vectors<{ cases: Signature[] }>("ed25519").cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    expect(verifies(fromHex(c.public_key), fromHex(c.signature), fromHex(c.message))).toBe(c.accept);
  });
});

interface CodeVectors {
  good: { name: string; text: string; header: Record<string, unknown>; signature: string; host: string | null }[];
  bad: { name: string; text: string; result: string; version?: number }[];
}

describe("reading a code", () => {
  const { good, bad } = vectors<CodeVectors>("code");
  it.each(good.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const found = decode(c.text);
    if (found.kind !== "code") throw new Error(found.kind);
    const { header, signature, host } = found.code;
    expect(c.header).toMatchObject({ hint: header.hint, run: header.run, serial: header.serial });
    expect(toHex(signature)).toBe(c.signature);
    expect(host).toBe(c.host ?? null);
  });
  it.each(bad.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const found = decode(c.text);
    expect(found.kind).toBe(c.result);
    if (found.kind === "newer_format") expect(found.version).toBe(c.version);
  });
});

interface NumberVectors {
  good: { run: number; serial: number; mac: number; number: string; typed: string[] }[];
  mistyped: { name: string; text: string; position: number | null }[];
  not_numbers: string[];
}

describe("the printed number", () => {
  const { good, mistyped, not_numbers } = vectors<NumberVectors>("number");
  it.each(good.flatMap((c) => c.typed.map((typed) => [typed, c] as const)))("%s", (typed, c) => {
    expect(looksLikeNumber(typed)).toBe(true);
    const { run, serial, mac, number } = c;
    expect(parseNumber(typed)).toEqual({ run, serial, mac, text: number });
  });
  it.each(mistyped.map((c) => [c.name, c] as const))("%s", (_, c) => {
    try {
      parseNumber(c.text);
    } catch (error) {
      expect(error).toBeInstanceOf(Mistyped);
      expect((error as Mistyped).position).toBe(c.position);
      return;
    }
    throw new Error("taken");
  });
  it.each(not_numbers)("nobody meant “%s” as one", (text) => expect(looksLikeNumber(text)).toBe(false));
});

interface VerdictCase {
  name: string;
  asker: Asker;
  now: string;
  facts: Record<string, unknown>;
  word: string;
  reasons: [string, string][];
}

function factsOf(given: Record<string, unknown>): Facts {
  const {
    proof,
    not_activated = false,
    expires_on = null,
    data_as_of = null,
    clock_behind = false,
    foreign_host = null,
    copy,
    ...same
  } = given as { proof: Facts["proof"]; data_as_of?: string | null } & Record<string, never>;
  return facts(proof, {
    ...(same as Partial<Facts>),
    notActivated: not_activated,
    expiresOn: expires_on,
    dataAsOf: data_as_of === null ? null : Date.parse(data_as_of) / 1000,
    clockBehind: clock_behind,
    foreignHost: foreign_host,
    ...(copy ? { copy: Object.assign({ suspect: false, score: 0, reasons: [] }, copy) } : {}),
  });
}

describe("the verdict", () => {
  const { cases } = vectors<{ cases: VerdictCase[] }>("verdict");
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const found = judge(factsOf(c.facts), c.asker, Date.parse(c.now) / 1000);
    expect(found.word).toBe(c.word);
    expect(found.reasons.map((r) => [r.key, r.value])).toEqual(c.reasons);
  });
});
