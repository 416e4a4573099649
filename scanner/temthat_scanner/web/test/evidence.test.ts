import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromBase64, fromHex, fromUtf8 } from "../src/core/bytes";
import { canonical, fingerprintOf, nameOf, publicKeyOf, seal, type Body } from "../src/shelf/evidence";

interface Vector {
  seed: string;
  body: Body;
  photos: Record<string, string>;
  file: string;
}
const vector = JSON.parse(readFileSync(new URL("./evidence.json", import.meta.url), "utf8")) as Vector;
const secret = fromHex(vector.seed);
const photos = new Map(Object.entries(vector.photos).map(([name, text]) => [name, fromBase64(text)]));

describe("the evidence file", () => {
  it("is byte for byte the one that Python makes and verifies", () => {
    expect(fromUtf8(seal(vector.body, secret, photos))).toBe(vector.file);
  });
  it("names each photo by its SHA-256", () => {
    for (const [name, data] of photos) expect(nameOf(data)).toBe(name);
  });
  it("shows the key in groups of four", () => {
    expect(fingerprintOf(publicKeyOf(secret))).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  });
});

describe("RFC 8785", () => {
  it("orders names by their UTF-16 and escapes as little as JSON does", () => {
    const value = { "€": 1, "\r": "\u2028\u0007", "😀": [true, null, -0], "\ufb33": "é\"\\", a: undefined };
    expect(canonical(value)).toBe('{"\\r":"\u2028\\u0007","€":1,"😀":[true,null,0],"\ufb33":"é\\"\\\\"}');
  });
});
