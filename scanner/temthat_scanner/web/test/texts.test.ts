import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Mistyped } from "../src/core/errors";
import type { Asker, Verdict, Word } from "../src/stamp/verdict";
import { day, explain, fill, say, sayMistyped, type Lang } from "../src/texts";
import { vectors } from "./vectors";

const { cases } = vectors<{ cases: { name: string; asker: Asker; word: Word; reasons: [string, string][] }[] }>("verdict");
const VALUES = { issuer: "HTX Mẫu [x] {y}", hotline: "0900 000 000", day: "2026-05-20", place: "14", text: "abc" };
const LANGS: Lang[] = ["vi", "en"];

interface Said {
  saying: Record<string, string>;
  explained: string[];
}

/** What the program written first says of the same verdicts. */
function others(): Said[] {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const python = process.env["PYTHON"] ?? `${root}.venv/bin/python`;
  const asked = cases.flatMap((c) => LANGS.map((lang) => ({ word: c.word, reasons: c.reasons, lang })));
  const program = `
import dataclasses, json, sys
from temthat_stamps.texts import explain, say
from temthat_stamps.verdict import Reason, Verdict, Word
asked, values = json.load(sys.stdin)
name = lambda code: f"<{code}>"
told = []
for one in asked:
    verdict = Verdict(Word(one["word"]), tuple(Reason(*pair) for pair in one["reasons"]))
    saying = say(verdict, one["lang"], province=name, **values)
    explained = [explain(reason, one["lang"], province=name) for reason in verdict.reasons]
    told.append({"saying": dataclasses.asdict(saying), "explained": explained})
print(json.dumps(told))
`;
  const input = JSON.stringify([asked, VALUES]);
  return JSON.parse(execFileSync(python, ["-c", program], { input, encoding: "utf8" })) as Said[];
}

describe("verdicts in words", () => {
  it("are the same as in Python, for every vector in both languages", () => {
    const ours = cases.flatMap((c) =>
      LANGS.map((lang) => {
        const verdict: Verdict = { word: c.word, reasons: c.reasons.map(([key, value]) => ({ key, value })) };
        const named = (code: string) => `<${code}>`;
        return {
          saying: { ...say(verdict, lang, VALUES, named) },
          explained: verdict.reasons.map((reason) => explain(reason, lang, named)),
        };
      }),
    );
    expect(ours).toEqual(others());
  });
  it("say where a number was mistyped", () => {
    expect(sayMistyped(new Mistyped(5), "vi").sentence).toContain("5");
    expect(sayMistyped(new Mistyped(null), "en").title).not.toBe("");
  });
  it("leave whole sentences where something is missing", () => {
    expect(fill("A[ b {x}[ c {y}]].", { x: "1" })).toBe("A b 1.");
    expect(fill("A[ b {x}].", {})).toBe("A.");
    expect(fill("{x}", { x: "[{y}]" })).toBe("[{y}]");
    expect(day("2026-05-06", "en")).toBe("6 May 2026");
    expect(day("soon", "vi")).toBe("soon");
  });
});
