/** The vectors that every implementation is held to. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function vectors<T>(name: string): T {
  const file = fileURLToPath(new URL(`../../../../stamps/vectors/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(file, "utf8")) as T;
}
