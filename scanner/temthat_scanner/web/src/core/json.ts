/**
 * JSON that two readers cannot see differently: no member twice, no NaN, no byte order mark, bounded depth.
 *
 * The platform's own parser lets the last of two members win. It does the reading of texts and numbers here; only the
 * structure is walked by hand. A number with a fraction or exponent becomes a `Real`, so that `1.0` is never the integer 1.
 */

import { BadStatement } from "./errors";

class Real {
  constructor(readonly value: number) {}
}
export type Json = null | boolean | number | string | Real | bigint | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

const DEPTH = 100;
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null))/y;

export function parseJson(text: string): Json {
  return new Parser(text).whole();
}

export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isObject(value)) throw new BadStatement("not a JSON object");
  return value;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Real);
}

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): Json {
    const value = this.value(this.token(), 0);
    if (this.text.slice(this.at).replace(/^[ \t\n\r]*/, "")) throw new BadStatement("not JSON");
    return value;
  }

  private token(): RegExpExecArray {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (match === null) throw new BadStatement("not JSON");
    this.at = TOKEN.lastIndex;
    return match;
  }

  private value(token: RegExpExecArray, depth: number): Json {
    if (depth > DEPTH) throw new BadStatement("nested too deep");
    const [, mark, quoted, number, word] = token;
    if (quoted !== undefined) return JSON.parse(quoted) as string;
    if (number !== undefined) return readNumber(number);
    if (word !== undefined) return word === "null" ? null : word === "true";
    if (mark === "{") return this.object(depth);
    if (mark === "[") return this.list(depth);
    throw new BadStatement("not JSON");
  }

  private object(depth: number): JsonObject {
    const found: JsonObject = Object.create(null) as JsonObject;
    let token = this.token();
    if (token[1] === "}") return found;
    for (;;) {
      if (token[2] === undefined || this.token()[1] !== ":") throw new BadStatement("not JSON");
      const name = JSON.parse(token[2]) as string;
      if (name in found) throw new BadStatement("a key stands twice");
      found[name] = this.value(this.token(), depth + 1);
      const next = this.token()[1];
      if (next === "}") return found;
      if (next !== ",") throw new BadStatement("not JSON");
      token = this.token();
    }
  }

  private list(depth: number): Json[] {
    const found: Json[] = [];
    let token = this.token();
    if (token[1] === "]") return found;
    for (;;) {
      found.push(this.value(token, depth + 1));
      const next = this.token()[1];
      if (next === "]") return found;
      if (next !== ",") throw new BadStatement("not JSON");
      token = this.token();
    }
  }
}

function readNumber(text: string): number | bigint | Real {
  if (/[.eE]/.test(text)) return new Real(Number(text));
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}
